"""JSON read as Mesos reads it into a protobuf message, for formats that are not Mesos's own
(manifests).

Null counts as absent, unknown fields are ignored, and all required fields that are missing are
named at once. The texts are Mesos's: "JSON parse failed: …", "Protobuf parse failed: Missing
required fields: config.digest, layers[0].size".
"""
from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from specs.errors import SpecError

_LIMITS: Final = {"uint32": (1 << 32) - 1, "uint64": (1 << 64) - 1}
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Field:
    """A field's kind: "string", "uint32", "uint64", "map" (of texts) or the schema of a message."""

    kind: str | Schema
    required: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """A message: the dataclass that is made, and its fields by their names in JSON, camelCase for
    snake_case.
    """

    make: type[Any]
    fields: Mapping[str, Field]


def parse_object(schema: Schema, value: str | Mapping[str, Any]) -> Any:
    """The dataclass, from JSON text or an object. Raises SpecError."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise SpecError("", f"JSON parse failed: {error}") from None
        if not isinstance(value, dict):
            raise SpecError("", "JSON parse failed: Found JSON value of wrong type")
    missing: list[str] = []
    try:
        result = _message(schema, value, "", missing)
    except RecursionError:
        raise SpecError("", "JSON parse failed: nested too deeply") from None
    if missing:
        raise SpecError("", f"Protobuf parse failed: Missing required fields: {', '.join(missing)}")
    return result


def _message(schema: Schema, value: Mapping[str, Any], path: str, missing: list[str]) -> Any:
    """Missing fields are collected in `missing`; then the result is not complete."""
    arguments: dict[str, Any] = {}
    for name, field in schema.fields.items():
        item = value.get(name)
        attribute = _CAPITAL.sub("_", name).lower()
        where = f"{path}{name}"
        if item is None:
            if field.required:
                missing.append(where)
                arguments[attribute] = None
        elif field.repeated:
            if not isinstance(item, list):
                raise _unexpected(item, name)
            arguments[attribute] = tuple(_value(field, each, name, f"{where}[{index}]", missing)
                                         for index, each in enumerate(item))
        else:
            arguments[attribute] = _value(field, item, name, where, missing)
    return schema.make(**arguments)


def _value(field: Field, item: Any, name: str, where: str, missing: list[str]) -> Any:
    kind = field.kind
    if isinstance(kind, Schema):
        if not isinstance(item, dict):
            raise _unexpected(item, name)
        return _message(kind, item, f"{where}.", missing)
    if kind == "map":
        if not isinstance(item, dict) or not all(isinstance(each, str) for each in item.values()):
            raise _unexpected(item, name)
        return tuple(item.items())
    if kind == "string":
        if not isinstance(item, str):
            raise _unexpected(item, name)
        return item
    if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item <= _LIMITS[kind]:
        raise _unexpected(item, name)
    return item


def _unexpected(item: object, name: str) -> SpecError:
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "array",
             dict: "object"}
    kind = kinds.get(type(item), "null")
    return SpecError(name, f"Protobuf parse failed: Not expecting a JSON {kind} for field '{name}'")
