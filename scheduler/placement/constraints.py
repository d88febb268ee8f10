"""Where the instances of an app may stand, next to those that are placed: Marathon's seven
operators.

A constraint compares one field of an agent (its hostname, region, zone or an attribute, as text:
see `location`) with a value, or with the same field of the app's other instances. `Placed` holds
the others, counted by value, so that a look at an agent costs the same whether ten instances are
placed or ten thousand. An agent without the field fails every operator but UNLIKE.

    UNIQUE            no placed instance has this value
    CLUSTER value     it is this value; without one: that of the first placed instance
    GROUP_BY n        instances spread evenly over the values, of which there are n, or as many as appear
    LIKE, UNLIKE      the whole text matches a regular expression (Java's, see specs.words.javaregex), or does not
    MAX_PER n         at most n instances have this value
    IS value          it is this value, numbers compared as numbers

GROUP_BY has two meanings. In all of Marathon's releases (CLASSIC) a value that is not in use yet is
always good, one that is only if n values are in use and it is one of those used least; so with n =
2 the second instance waits until another rack is offered. In its last source, never released
(MASTER), n is the number of groups: each takes its share of `instances`, the remainder goes to
whoever comes first, and there are no more groups than n.

As Marathon: mesosphere/mesos/Constraints.scala, at 1.10 and at its end. Which instances are placed
is for the caller to say: those with an agent that are not lost, and whose configuration is the
app's.
"""
from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from scheduler.placement.location import Location, scalar_text
from specs.marathon.app import Constraint
from specs.words.javaregex import matches

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_INTEGERS = range(-2**31, 2**31)


class GroupBy(enum.Enum):
    """Which GROUP_BY."""

    CLASSIC = "classic"
    MASTER = "master"


@dataclass(frozen=True, slots=True)
class Broken:
    """A constraint that an agent does not meet: what it asks for, and what the agent has, as people
    read it.
    """

    constraint: Constraint
    wanted: str
    found: str


class Placed:
    """The instances of an app that are placed, as its constraints see them.

    It is changed by whoever places more.
    """

    __slots__ = ("_fields", "_group_by", "_instances", "constraints")

    def __init__(self, constraints: Sequence[Constraint], placed: Iterable[Location] = (), *,
                 instances: int = 1, group_by: GroupBy = GroupBy.CLASSIC) -> None:
        """`instances` is how many the app wants, for GroupBy.MASTER."""
        self.constraints = tuple(constraints)
        self._fields: dict[str, dict[str | None, int]] = {each.field: {} for each in constraints}
        self._instances = instances
        self._group_by = group_by
        for location in placed:
            self.add(location)

    def add(self, location: Location) -> None:
        """One more instance is placed."""
        for field, counts in self._fields.items():
            value = location.value(field)
            counts[value] = counts.get(value, 0) + 1

    def remove(self, location: Location) -> None:
        """One that was placed is not any more."""
        for field, counts in self._fields.items():
            value = location.value(field)
            counts[value] -= 1
            if not counts[value]:
                del counts[value]

    def accepts(self, location: Location) -> bool:
        """Whether one more may stand there."""
        return all(self._accepts(constraint, location) for constraint in self.constraints)

    def broken(self, location: Location) -> tuple[Broken, ...]:
        """The constraints that keep one more from there."""
        return tuple(self._broken(constraint, location) for constraint in self.constraints
                     if not self._accepts(constraint, location))

    def _accepts(self, constraint: Constraint, location: Location) -> bool:
        found = location.value(constraint.field)
        if found is None:
            return constraint.operator == "UNLIKE"
        if is_fixed(constraint):
            return _has_value(constraint.operator, constraint.value or "", found)
        counts = self._fields[constraint.field]
        match constraint.operator:
            case "UNIQUE":
                return found not in counts
            case "CLUSTER":
                return next(iter(counts), found) == found
            case "MAX_PER":
                return counts.get(found, 0) < int(constraint.value or 0)
            case "GROUP_BY":
                return self._is_next_group(found, counts, _groups(constraint.value or ""))
        raise ValueError(f"{constraint.operator} is no operator")

    def _is_next_group(self, found: str, counts: dict[str | None, int], groups: int) -> bool:
        here = counts.get(found)
        if self._group_by is GroupBy.CLASSIC or not groups:
            return here is None or (len(counts) >= groups and here == min(counts.values()))
        if here is None:
            return len(counts) < groups
        share, remainder = divmod(self._instances, groups)
        used = sum(max(0, count - share) for count in counts.values())
        return here < share or (here == share and used < remainder)

    def _broken(self, constraint: Constraint, location: Location) -> Broken:
        found = location.value(constraint.field)
        wanted = " ".join([constraint.operator, *([constraint.value] if constraint.value else [])])
        if constraint.operator == "IS":
            wanted = constraint.value or ""
        if found is None:
            return Broken(constraint, wanted, "none")
        counts = self._fields[constraint.field]
        if constraint.operator == "CLUSTER" and not constraint.value:
            wanted = f"CLUSTER, which is {next(iter(counts))} by now"
        if constraint.operator in {"UNIQUE", "MAX_PER", "GROUP_BY"}:
            return Broken(constraint, wanted, f"{found}, where {counts.get(found, 0)} are")
        return Broken(constraint, wanted, found)


def is_fixed(constraint: Constraint) -> bool:
    """Whether the constraint is on the agent alone, and does not depend on where other instances
    are.
    """
    operator = constraint.operator
    return operator in {"LIKE", "UNLIKE",
                        "IS"} or (operator == "CLUSTER" and bool(constraint.value))


@lru_cache(maxsize=65536)
def _has_value(operator: str, value: str, found: str) -> bool:
    if operator == "LIKE":
        return bool(value) and matches(value, found)
    if operator == "UNLIKE":
        return bool(value) and not matches(value, found)
    is_number = operator == "IS" and _NUMBER.fullmatch(value)
    return found == (scalar_text(float(value)) if is_number else value)


def _groups(value: str) -> int:
    """The n of GROUP_BY; 0 if there is none."""
    if value == "inf":
        return _INTEGERS[-1]
    number = int(value) if _INTEGER.fullmatch(value) else 0
    return max(0, number) if number in _INTEGERS else 0
