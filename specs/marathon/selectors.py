"""Label selectors, as of `GET /v2/apps?label=`: `tier==web, env!=dev, rack in (a, b), zone notin (c), managed`.

All parts must hold. `!=` and `notin` match only what has the label. Blanks are free; characters outside letters, digits
and `_.-` are written behind a backslash. As Marathon: api/v2/LabelSelectorParsers.scala.
"""
from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass

from specs.errors import SpecError

_TERM = r"((?:[A-Za-z0-9_.\-]|\\.)+)"
_SET = rf"\(\s*({_TERM}(?:\s*,\s*{_TERM})*)\s*\)"
_EQUAL = re.compile(rf"\s*{_TERM}\s*(==|!=)\s*{_TERM}\s*")
_IN = re.compile(rf"\s*{_TERM}\s+(in|notin)\s*{_SET}\s*")
_EXISTS = re.compile(rf"\s*{_TERM}\s*")


class Operator(enum.Enum):
    EXISTS = "exists"
    IN = "in"
    NOT_IN = "notin"


@dataclass(frozen=True, slots=True)
class Selector:
    """One part."""

    label: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        if self.label not in labels:
            return False
        if self.operator is Operator.EXISTS:
            return True
        return (labels[self.label] in self.values) is (self.operator is Operator.IN)


def selectors(text: str) -> tuple[Selector, ...]:
    """All parts. Raises SpecError."""
    found = []
    at = 0
    while True:
        for form, read in ((_EQUAL, _equal), (_IN, _in), (_EXISTS, _exists)):
            match = form.match(text, at)
            if match is not None and (match.end() == len(text) or text[match.end()] == ","):
                found.append(read(match))
                break
        else:
            raise SpecError("label", f"{text!r} is no selector at {text[at:at + 20]!r}")
        if match.end() == len(text):
            return tuple(found)
        at = match.end() + 1


def matches(text: str, labels: Mapping[str, str]) -> bool:
    """Whether labels are selected. Raises SpecError."""
    return all(selector.matches(labels) for selector in selectors(text))


def _equal(match: re.Match[str]) -> Selector:
    operator = Operator.IN if match[2] == "==" else Operator.NOT_IN
    return Selector(_plain(match[1]), operator, frozenset({_plain(match[3])}))


def _in(match: re.Match[str]) -> Selector:
    values = frozenset(_plain(each) for each in re.findall(_TERM, match[3]))
    return Selector(_plain(match[1]), Operator.IN if match[2] == "in" else Operator.NOT_IN, values)


def _exists(match: re.Match[str]) -> Selector:
    return Selector(_plain(match[1]), Operator.EXISTS)


def _plain(term: str) -> str:
    return re.sub(r"\\(.)", r"\1", term)
