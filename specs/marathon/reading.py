"""JSON by the tables of `schema`: wrong types, what is missing and what is out of range, all of it at once, in the
codes of Marathon's JSON library (Play); and the paths of fields that nobody knows, which Marathon drops in silence.

What comes out has no nulls, enums as they are written in the tables, and whole numbers as integers.
"""
from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from specs.forms import Json
from specs.marathon.errors import WRONG_TYPE, Problems
from specs.marathon.schema import Shape, Type

_KINDS: Mapping[Type, type | tuple[type, ...]] = {
    Type.TEXT: str, Type.INTEGER: (int, float), Type.NUMBER: (int, float), Type.BOOLEAN: bool, Type.ARRAY: list,
    Type.OBJECT: dict, Type.MAP: dict}
LARGEST = 2**31 - 1  # of what Marathon keeps in an Int


@dataclass(slots=True)
class Reading:
    """What is found on the way."""

    problems: Problems = field(default_factory=Problems)
    unknown: list[str] = field(default_factory=list)

    def read(self, value: Any, shape: Shape, path: str = "") -> Any:
        """The value by its table; anything if something is wrong with it."""
        if shape.other is not None and not _is(value, shape.type) and _is(value, shape.other.type):
            return self.read(value, shape.other, path)
        if shape.type is Type.ANY:
            return value
        if not _is(value, shape.type):
            self.problems.add(path, _expected(shape.type))
            return None
        match shape.type:
            case Type.OBJECT:
                return self._object(value, shape, path)
            case Type.MAP:
                each = shape.each or Shape(Type.ANY)
                return {key: self.read(entry, each, f"{path}/{key}") for key, entry in value.items()
                        if entry is not None}
            case Type.ARRAY:
                self._limits(len(value), shape, path, "Length" if shape.least is not None else "")
                each = shape.each or Shape(Type.ANY)
                return [self.read(entry, each, f"{path}({index})") for index, entry in enumerate(value)]
            case Type.TEXT:
                return self._text(value, shape, path)
            case Type.BOOLEAN:
                return value
        return self._number(value, shape, path)

    def finish(self) -> None:
        """Raises MarathonError if anything was wrong."""
        self.problems.raise_if_any(WRONG_TYPE)

    def _object(self, value: Json, shape: Shape, path: str) -> Json:
        found = {}
        for key, entry in value.items():
            if key not in shape.fields:
                self.unknown.append(f"{path}/{key}")
            elif entry is not None:
                found[key] = self.read(entry, shape.fields[key], f"{path}/{key}")
        for key in shape.required:
            if key not in found:
                self.problems.add(f"{path}/{key}", f"'{key}' is undefined on object: {json.dumps(value)[:200]}")
        return found

    def _text(self, value: str, shape: Shape, path: str) -> str:
        if shape.literals:
            known = _literals(shape.literals).get(value.lower())
            if known is None:
                self.problems.add(path, "error.unknown.enum.literal")
            return known or value
        self._limits(len(value), shape, path, "Length")
        if shape.pattern is not None and re.fullmatch(shape.pattern, value) is None:
            self.problems.add(path, "error.pattern")
        return value

    def _number(self, value: float, shape: Shape, path: str) -> float | None:
        if isinstance(value, float) and not math.isfinite(value):
            self.problems.add(path, _expected(Type.NUMBER))
            return None
        if shape.type is Type.INTEGER:
            if value != int(value) or abs(value) > LARGEST:
                self.problems.add(path, "error.expected.int")
                return None
            value = int(value)
        elif abs(value) > 1e300:
            self.problems.add(path, "error.max")
            return None
        self._limits(value, shape, path, "")
        return value if shape.type is Type.INTEGER else float(value)

    def _limits(self, amount: float, shape: Shape, path: str, what: str) -> None:
        if shape.least is not None and amount < shape.least:
            self.problems.add(path, f"error.min{what}")
        if shape.most is not None and amount > shape.most:
            self.problems.add(path, f"error.max{what}")


@cache
def _literals(values: tuple[str, ...]) -> Mapping[str, str]:
    return {value.lower(): value for value in values}


def _is(value: Any, kind: Type) -> bool:
    if kind is Type.ANY:
        return True
    if isinstance(value, bool):
        return kind is Type.BOOLEAN
    return isinstance(value, _KINDS[kind])


def _expected(kind: Type) -> str:
    name = {Type.MAP: "jsobject", Type.INTEGER: "jsnumber"}.get(kind, kind.value)
    return f"error.expected.{name}"
