"""How a protobuf message becomes a mapping and a mapping a protobuf message: one function per
message and field, made from the schema at first use. `specs/forms/wire.py` is the door to it;
nothing here imports protobuf.

That required fields are there is checked here, because protobuf's own check,
FindInitializationErrors, ends the process (7.36, segmentation fault) where a map's value lacks one
and its key is not UTF-8: any peer could send such bytes.
"""
from __future__ import annotations

import functools
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from specs.errors import SpecError
from specs.forms.scalars import base64_bytes, boolean, found, integer, json_double, number, step, text

Read = Callable[[Any], Any]
Fill = Callable[[Any, Any], None]


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """One field of a message.

    `type` is protobuf's word ("string", "int64", "enum", "message" …), `label` is "optional",
    "required", "repeated" or "map". Of a map, type, enum and message describe the values; its keys
    are texts.
    """

    name: str
    number: int
    type: str
    label: str
    enum: Mapping[str, int] | None = None  # values by name
    message: str | None = None  # full name
    default: Any = None  # the declared one


Schema = Callable[[str], Mapping[str, FieldSchema]]


def _required(fields: Mapping[str, FieldSchema]) -> tuple[str, ...]:
    return tuple(field.name for field in fields.values() if field.label == "required")


# Reading.

@functools.cache
def reader(name: str, schema: Schema) -> Read:
    """From a protobuf message to its JSON form."""
    readers: dict[int, tuple[str, Read]] = {}  # by field number; filled at first use: messages contain themselves
    required = _required(schema(name))

    def read(message: Any) -> dict[str, Any]:
        if not readers:
            fields = schema(name).values()
            readers.update({field.number: (field.name, _field_reader(field, schema))
                            for field in fields})
        result: dict[str, Any] = {}
        for descriptor, value in message.ListFields():
            key, convert = readers[descriptor.number]
            try:
                result[key] = convert(value)
            except SpecError as error:
                raise error.under(key) from None
        for key in required:
            if key not in result:
                raise SpecError(key, "is required")
        return result

    return read


def _field_reader(field: FieldSchema, schema: Schema) -> Read:
    read = _value_reader(field, schema)
    if field.label == "map":
        return functools.partial(_read_map, read=read)
    if field.label == "repeated":
        return functools.partial(_read_list, read=read)
    return read


def _read_list(value: Any, read: Read) -> list[Any]:
    items: list[Any] = []
    for item in value:
        try:
            items.append(read(item))
        except SpecError as error:
            raise error.under(f"[{len(items)}]") from None
    return items


def _read_map(value: Any, read: Read) -> dict[str, Any]:
    items: dict[str, Any] = {}
    for key in sorted(_utf8(key) for key in value):  # protobuf's own order is that of a hash table
        try:
            items[key] = read(value[key])
        except SpecError as error:
            raise error.under(step(key)) from None
    return items


def _value_reader(field: FieldSchema, schema: Schema) -> Read:
    if field.message:
        return reader(field.message, schema)
    if field.enum:
        return {number: name for name, number in field.enum.items()}.__getitem__
    if field.type == "bytes":
        return lambda value: b64encode(value).decode("ascii")
    if field.type == "string":
        return _utf8
    return json_double if field.type == "double" else lambda value: value


def _utf8(value: str | bytes) -> str:
    """protobuf does not check the texts of proto2: one that is not UTF-8 it hands out as bytes."""
    if isinstance(value, bytes):
        raise SpecError("", "must be valid UTF-8")
    return value


# Filling.

@functools.cache
def filler(name: str, schema: Schema) -> Fill:
    """From the JSON form into a protobuf message."""
    fillers: dict[str, Fill] = {}
    required = _required(schema(name))

    def fill(message: Any, mapping: Any) -> None:
        if not fillers:
            fillers.update({field.name: _field_filler(field, schema)
                            for field in schema(name).values()})
        if not isinstance(mapping, Mapping):
            raise SpecError("", f"must be an object, {found(mapping)}")
        for key, value in mapping.items():
            if value is None or key not in fillers:
                continue
            try:
                fillers[key](message, value)
            except SpecError as error:
                raise error.under(key) from None
        for key in required:
            if mapping.get(key) is None:
                raise SpecError(key, "is required")

    return fill


def _field_filler(field: FieldSchema, schema: Schema) -> Fill:
    if field.label == "map":
        return _map_filler(field, schema)
    if field.label == "repeated":
        return _repeated_filler(field, schema)
    name = field.name
    if field.message:
        fill = filler(field.message, schema)

        def set_message(message: Any, value: Any) -> None:
            part = getattr(message, name)
            part.SetInParent()  # present even if nothing is in it
            fill(part, value)

        return set_message
    convert = _converter(field)

    def set_value(message: Any, value: Any) -> None:
        wire_value = convert(value)
        if wire_value is not None:
            setattr(message, name, wire_value)

    return set_value


def _repeated_filler(field: FieldSchema, schema: Schema) -> Fill:
    name = field.name
    if field.message:
        fill = filler(field.message, schema)

        def append(items: Any, item: Any) -> None:
            fill(items.add(), item)
    else:
        convert = _converter(field)

        def append(items: Any, item: Any) -> None:
            wire_value = convert(item)
            if wire_value is not None:
                items.append(wire_value)

    def append_all(message: Any, value: Any) -> None:
        if not isinstance(value, list | tuple):
            raise SpecError("", f"must be a list, {found(value)}")
        items = getattr(message, name)
        for position, item in enumerate(value):
            if item is None:
                continue
            try:
                append(items, item)
            except SpecError as error:
                raise error.under(f"[{position}]") from None

    return append_all


def _map_filler(field: FieldSchema, schema: Schema) -> Fill:
    name = field.name
    if field.message:
        fill = filler(field.message, schema)

        def put(entries: Any, key: str, item: Any) -> None:
            fill(entries[key], item)
    else:
        convert = _converter(field)

        def put(entries: Any, key: str, item: Any) -> None:
            entries[key] = convert(item)

    def put_all(message: Any, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise SpecError("", f"must be an object, {found(value)}")
        entries = getattr(message, name)
        for key, item in value.items():
            try:
                put(entries, text(key), item)
            except SpecError as error:
                raise error.under(step(key)) from None

    return put_all


_RANGES: Final = {"int32": (-(1 << 31), (1 << 31) - 1), "uint32": (0, (1 << 32) - 1),
                  "int64": (-(1 << 63), (1 << 63) - 1), "uint64": (0, (1 << 64) - 1)}
_CONVERTERS: Final[Mapping[str, Read]] = {
    "double": number, "bool": functools.partial(boolean, strict=False), "string": text,
    "bytes": base64_bytes}


def _converter(field: FieldSchema) -> Read:
    """From a JSON value to what protobuf takes; None means: leave it out."""
    if field.enum:
        return functools.partial(_enum_number, numbers=field.enum,
                                 required=field.label == "required")
    if field.type in _RANGES:
        low, high = _RANGES[field.type]
        return functools.partial(integer, low=low, high=high)
    return _CONVERTERS[field.type]


def _enum_number(value: Any, numbers: Mapping[str, int], *, required: bool) -> int | None:
    if isinstance(value, str):
        result = numbers.get(value)
        if result is not None or not required:
            return result
    raise SpecError("", f"must be one of {', '.join(numbers)}, {found(value)}")
