"""From a JSON value to a Mesos message and back, with Mesos's leniency and Mesos's complaints.

A message is a mapping in Mesos's own JSON form (proto field names, enum values by name, bytes in
base64). `read_message` is what Mesos does to the body of a call: it skips what it does not know,
takes numbers from texts, treats null as absent and drops unknown enum values, but names a value of
the wrong kind, and lists what is required and missing. `full` is the way out: Mesos's JSON carries
declared defaults of fields that nobody set, except those of deprecated fields.

As Mesos: stout/protobuf.hpp, `Parser` and `json(ObjectWriter*, Protobuf)`.
"""
from __future__ import annotations

import functools
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from specs.forms import Json
from specs.forms.json_text import JsonSyntaxError, parse_json
from specs.forms.wire import FieldSchema, schema

_BASE64: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_WIDTH: Final = {"int32": 32, "uint32": 32, "int64": 64, "uint64": 64}
_TOLD: Final = 1000  # fields that a complaint names
_DEPRECATED: Final = {("mesos.v1.Resource", "role"), ("mesos.v1.FrameworkInfo", "role")}  # have a default, not shown


class MessageError(ValueError):
    """The JSON is not such a message; the text is Mesos's, without its prefix."""


def read_message(name: str, value: Any) -> Json:
    """The message in canonical form; raises MessageError."""
    if not isinstance(value, Mapping):
        raise MessageError("Expecting a JSON object")
    message = _read(name, value)
    missing: list[str] = []
    _find_missing(name, message, "", missing)
    if missing:
        raise MessageError("Missing required fields: " + ", ".join(missing[:_TOLD]))
    return message


def _read(name: str, value: Mapping[str, Any]) -> Json:
    fields = schema(name)
    message: Json = {}
    for key in sorted(value):  # Mesos's objects are sorted maps: the first error is that of the first key
        field = fields.get(key)
        if field is None or value[key] is None:
            continue
        result = _field_value(field, value[key])
        if result is not None:
            message[key] = result
    return message


def _field_value(field: FieldSchema, value: Any) -> Any:
    if field.label == "map":
        if not isinstance(value, Mapping):
            raise _unexpected(value, field)
        items = {key: _single(field, value[key]) for key in sorted(value) if value[key] is not None}
        return {key: item for key, item in items.items() if item is not None}
    if field.label == "repeated":
        items_ = value if isinstance(value, list) else [value]  # as Mesos: a single value is a list of one
        read = [_single(field, item) for item in items_ if item is not None]
        return [item for item in read if item is not None]
    return _single(field, value)


def _single(field: FieldSchema, value: Any) -> Any:
    """One value; None for an enum name that nobody knows."""
    kind = field.type
    if kind == "message" and isinstance(value, Mapping) and field.message is not None:
        return _read(field.message, value)
    if kind in _TEXTS and isinstance(value, str):
        return _TEXTS[kind](field, value)
    if kind == "bool":
        return _boolean(field, value)
    if kind in _NUMBERS and isinstance(value, int | float | str) and not isinstance(value, bool):
        return _number(field, value)
    raise _unexpected(value, field)


def _enum(field: FieldSchema, value: str) -> str | None:
    if field.enum is not None and value in field.enum:
        return value
    if field.label == "required":
        raise MessageError(f"Failed to find enum for '{value}'")
    return None


def _boolean(field: FieldSchema, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise _unexpected(value, field)
    return bool(_parsed(field, value, bool, "boolean"))


def _number(field: FieldSchema, value: float | str) -> int | float | str:
    if isinstance(value, str):
        if field.type == "double" and value in {"Infinity", "-Infinity"}:
            return value
        value = _parsed(field, value, int | float, "number")
    number: float = value  # type: ignore[assignment] # no text any more
    return float(number) if field.type == "double" else _integer(number, field.type)


def _integer(value: float, kind: str) -> int:
    """As C++ converts on x86-64: an integer wraps; a double is cut, and one that does not fit
    becomes what the processor says: the smallest integer, of an unsigned type 0. (What an int64
    cannot hold has been read as a double.)
    """
    bits = _WIDTH[kind]
    whole = (_cut(value, kind) if isinstance(value, float) else value) & ((1 << bits) - 1)
    return whole - (1 << bits) if kind.startswith("int") and whole >> (bits - 1) else whole


def _cut(value: float, kind: str) -> int:
    """A double cut to an integer, by the instruction that the type is converted with."""
    if kind == "uint64" and value >= 1 << 63:  # it has none for these: half of it is taken off, and put back
        return int(value) if value < 1 << 64 else 0
    limit = 1 << 31 if kind == "int32" else 1 << 63
    whole = int(value)
    return whole if -limit <= whole < limit else -limit


def _parsed(field: FieldSchema, text: str, wanted: Any, word: str) -> Any:
    prefix = f"Failed to parse '{text}' as a JSON {word} for field '{field.name}': "
    try:
        value = parse_json(text)
    except JsonSyntaxError as error:
        raise MessageError(prefix + str(error)) from error
    if not isinstance(value, wanted) or (word == "number" and isinstance(value, bool)):
        raise MessageError(f"{prefix}unexpected JSON type parsed")
    return value


def _base64(field: FieldSchema, text: str) -> bytes:
    digits = []
    for char in text:
        if char == "=":
            break
        if char in " \t\n\r\v\f":
            continue
        if char not in _BASE64:
            raise MessageError(
                f"Failed to base64 decode bytes field '{field.name}': Invalid character '{char}'")
        digits.append(char)
    usable = digits[:len(digits) - 1] if len(digits) % 4 == 1 else digits
    return b64decode("".join(usable) + "=" * (-len(usable) % 4))


_NUMBERS: Final = frozenset({"double", *_WIDTH})
_TEXTS: Final[Mapping[str, Callable[[FieldSchema, str], Any]]] = {
    "enum": _enum, "string": lambda _, value: value,
    "bytes": lambda field, value: b64encode(_base64(field, value)).decode("ascii")}


def _unexpected(value: Any, field: FieldSchema) -> MessageError:
    kind = ("boolean" if isinstance(value, bool) else "string" if isinstance(value, str)
            else "array" if isinstance(value, list) else "object" if isinstance(value, Mapping)
            else "number")
    return MessageError(f"Not expecting a JSON {kind} for field '{field.name}'")


def _find_missing(name: str, message: Json, path: str, missing: list[str]) -> None:
    """As protobuf's FindInitializationErrors: own required fields first, then those further in."""
    fields = schema(name)
    missing.extend(path + field.name for field in fields.values() if field.label == "required"
                   and field.name not in message)
    for field in fields.values():
        if field.type != "message" or field.message is None or field.name not in message:
            continue
        value = message[field.name]
        if field.label == "repeated":
            for position, item in enumerate(value):
                _find_missing(field.message, item, f"{path}{field.name}[{position}].", missing)
        elif field.label == "map":
            for key in sorted(value):
                _find_missing(field.message, value[key], f"{path}{field.name}[{key}].", missing)
        else:
            _find_missing(field.message, value, f"{path}{field.name}.", missing)


def full(name: str, message: Mapping[str, Any]) -> Json:
    """The message as Mesos's JSON shows it: with declared defaults, without empty lists, in the
    order of the fields.
    """
    return _fuller(name)(message)


@functools.cache
def _fuller(name: str) -> Callable[[Mapping[str, Any]], Json]:
    known = schema(name)
    defaults = {field.name: field.default for field in known.values()
                if field.default is not None and (name, field.name) not in _DEPRECATED}
    inner: dict[str, tuple[str, str]] = {field.name: (field.message, field.label)
                                         for field in known.values()
                                         if field.type == "message" and field.message is not None}
    order = {field: position for position, field in enumerate(known)}

    def fill(message: Mapping[str, Any]) -> Json:
        result: Json = {}
        for key, value in message.items():
            if value is None or (isinstance(value, list) and not value):
                continue
            result[key] = _filled(inner[key], value) if key in inner else value
        for key, default in defaults.items():
            result.setdefault(key, default)
        return dict(sorted(result.items(), key=lambda item: order.get(item[0], len(order))))

    return fill


def _filled(kind: tuple[str, str], value: Any) -> Any:
    message, label = kind
    if label == "repeated":
        return [full(message, item) for item in value]
    if label == "map":
        return {key: full(message, item) for key, item in value.items()}
    return full(message, value)
