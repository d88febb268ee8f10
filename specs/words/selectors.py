"""Which apps a label selector means: `env == prod, tier in (front, back), !=`, as in GET
/v2/apps?label=.

    selectors   selector (, selector)*        all have to match
    selector    key                           has the label
                key == value | key != value   has it, with this value, or with another
                key in (a, b) | key notin (a, b)
    term        letters, digits and . _ -; anything else after a backslash

No selector matches an app without its label, not even `!=` and `notin`. As Marathon:
api/v2/LabelSelector.scala.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from specs.errors import SpecError

_TERM = re.compile(r"\s*((?:\\.|[-A-Za-z0-9_.])+)", re.ASCII)
_OPERATOR = re.compile(r"\s*(==|!=|in|notin)", re.ASCII)
_BLANKS = re.compile(r"\s*", re.ASCII)
_MARK = re.compile(r"\s*([(),])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Selector:
    """One condition. `values` None: any value will do; else the value has to be one of them, or
    none if `negated`.
    """

    key: str
    values: tuple[str, ...] | None = None
    negated: bool = False

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an app with these labels is meant."""
        found = labels.get(self.key)
        if found is None or self.values is None:
            return found is not None
        return (found in self.values) is not self.negated


def parse_selectors(text: str) -> tuple[Selector, ...]:
    """All conditions; none in an empty text. Raises SpecError."""
    reading = _Reading(text)
    if reading.is_at_end():
        return ()
    found = [reading.selector()]
    while reading.takes(","):
        found.append(reading.selector())
    if not reading.is_at_end():
        raise reading.error("',' or the end")
    return tuple(found)


def matches(text: str, labels: Mapping[str, str]) -> bool:
    """Whether an app with these labels is meant by all conditions. Raises SpecError."""
    return all(selector.matches(labels) for selector in parse_selectors(text))


class _Reading:
    """One walk through a text. `_at` is the next character to read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def is_at_end(self) -> bool:
        return _BLANKS.fullmatch(self._text, self._at) is not None

    def error(self, expected: str) -> SpecError:
        reason = f"{expected} expected at {self._at + 1}"
        return SpecError("", f"Can not parse label selector {self._text}. Reason: {reason}")

    def takes(self, mark: str) -> bool:
        found = _MARK.match(self._text, self._at)
        if found is None or found[1] != mark:
            return False
        self._at = found.end()
        return True

    def selector(self) -> Selector:
        key = self._term()
        operator = _OPERATOR.match(self._text, self._at)
        if operator is None:
            return Selector(key)
        self._at = operator.end()
        if operator[1] in {"==", "!="}:
            return Selector(key, (self._term(),), negated=operator[1] == "!=")
        return Selector(key, self._set(), negated=operator[1] == "notin")

    def _term(self) -> str:
        found = _TERM.match(self._text, self._at)
        if found is None:
            raise self.error("a term")
        self._at = found.end()
        return re.sub(r"\\(.)", r"\1", found[1])

    def _set(self) -> tuple[str, ...]:
        if not self.takes("("):
            raise self.error("'('")
        if self.takes(")"):
            return ()
        values = [self._term()]
        while self.takes(","):
            values.append(self._term())
        if not self.takes(")"):
            raise self.error("')'")
        return tuple(values)
