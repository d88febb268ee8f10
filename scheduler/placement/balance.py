"""Which instances go when an app shrinks, so that what GROUP_BY spread evenly stays even.

Each GROUP_BY sees the instances in groups; its *difference* is that between its fullest and its
emptiest. One instance after the other is chosen: out of the fullest groups of the constraint that
is worst off, and only one whose end leaves every constraint with a difference of at most 1, or not
more than it had in the beginning. If there is none, fewer are chosen than asked for. As Marathon:
mesosphere/mesos/Constraints.scala, `selectInstancesToKill`; there it must be less than in the
beginning, so that of racks with 3, 3 and 1 nobody is chosen, and age may hit the last one.
"""
from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence

from scheduler.placement.location import Location
from specs.marathon.app import Constraint

Values = tuple[str | None, ...]  # of one instance: by constraint


def chosen_to_end(constraints: Sequence[Constraint], placed: Sequence[tuple[str, Location | None]],
                  count: int) -> list[str]:
    """Ids of at most `count` of the placed instances (id, where it is), which end. Of equals the
    first ones go.

    Empty if no constraint is a GROUP_BY; all, if all shall go.
    """
    fields = [each.field for each in constraints if each.operator == "GROUP_BY"]
    if count >= len(placed):
        return [each for each, _ in placed]
    if not fields:
        return []
    waiting: dict[Values, deque[str]] = {}
    for each, location in placed:
        values = tuple(None if location is None else location.value(field) for field in fields)
        waiting.setdefault(values, deque()).append(each)
    groupings = [_Grouping(position, waiting) for position in range(len(fields))]
    chosen: list[str] = []
    while len(chosen) < count:
        borne = (kind for kind in _candidates(groupings, waiting)
                 if all(grouping.bears(kind) for grouping in groupings))
        kind = next(borne, None)
        if kind is None:
            break
        chosen.append(waiting[kind].popleft())
        if not waiting[kind]:
            del waiting[kind]
        for grouping in groupings:
            grouping.take(kind)
    return chosen


class _Grouping:
    """The groups of one constraint: how many instances are in each."""

    def __init__(self, position: int, kinds: dict[Values, deque[str]]) -> None:
        self._position = position
        self._counts: Counter[str | None] = Counter()
        for values, ids in kinds.items():
            self._counts[values[position]] += len(ids)
        self._sizes = Counter(self._counts.values())  # how many groups are of each size; an emptied group is of size 0
        self._first_difference = self.difference

    @property
    def difference(self) -> int:
        return max(self._sizes) - min(self._sizes)

    def bears(self, values: Values) -> bool:
        """Whether one of this kind may go."""
        group = values[self._position]
        self._resize(group, -1)
        difference = self.difference
        self._resize(group, +1)
        return difference <= max(1, self._first_difference)

    def take(self, values: Values) -> None:
        self._resize(values[self._position], -1)

    def is_full(self, values: Values) -> bool:
        """Whether this kind is in one of the fullest groups, there being emptier ones."""
        return len(self._sizes) > 1 and self._counts[values[self._position]] == max(self._sizes)

    def _resize(self, group: str | None, by: int) -> None:
        size = self._counts[group]
        self._sizes[size] -= 1
        if not self._sizes[size]:
            del self._sizes[size]
        self._sizes[size + by] += 1
        self._counts[group] = size + by


def _candidates(groupings: Sequence[_Grouping],
                kinds: dict[Values, deque[str]]) -> Iterator[Values]:
    for grouping in sorted(groupings, key=lambda each: each.difference, reverse=True):
        yield from (kind for kind in kinds if grouping.is_full(kind))
    yield from kinds
