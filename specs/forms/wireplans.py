"""How a message's bytes become its JSON form and its JSON form bytes: one function per message and
field, made from the schema at first use. `specs/forms/wire.py` is the door to it.

As protobuf reads (proto2): what has an unknown number, an unknown enum value or another kind than
its field is skipped; of a value that comes twice the last counts, of a message both are merged; a
repeated number comes packed or by itself.
"""
from __future__ import annotations

import contextlib
import functools
import itertools
import struct
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from specs.errors import SpecError
from specs.forms import wireformat
from specs.forms.scalars import base64_bytes, boolean, found, integer, json_double, number, step, text
from specs.forms.wireformat import DEPTH, FIXED64, LENGTH, VARINT, Malformed
from specs.forms.wireschema import FieldSchema, schema

Raw = list[Any]  # the values of one field as they came: integers or bytes
ReadMessage = Callable[[Iterable[bytes], int], dict[str, Any]]  # parts to be merged, and how deep they may go on
ReadField = Callable[[Raw, int], Any]  # None: there is none that we know
ReadValue = Callable[[Any], Any]
Fill = Callable[[Any], bytes]
FillField = Callable[[int, Any], bytes | None]  # under this field number; None: leave it out

_KINDS: Final = {"double": FIXED64, "string": LENGTH, "bytes": LENGTH, "message": LENGTH}  # the others: VARINT


def _required(fields: Mapping[str, FieldSchema]) -> tuple[str, ...]:
    return tuple(field.name for field in fields.values() if field.label == "required")


def _check_required(required: Iterable[str], mapping: Mapping[str, Any]) -> None:
    for name in required:
        if mapping.get(name) is None:
            raise SpecError(name, "is required")


# Reading.

@functools.cache
def reader(name: str) -> ReadMessage:
    """From the bytes of a message to its JSON form. Raises Malformed and SpecError."""
    fields = schema(name)
    required = _required(fields)
    readers: dict[int, tuple[FieldSchema, ReadField]] = {}  # filled at first use: messages contain themselves

    def read(parts: Iterable[bytes], depth: int) -> dict[str, Any]:
        if depth < 0:
            raise Malformed
        if not readers:
            readers.update({field.number: (field, _field_reader(field)) for field in fields.values()})
        came = _values(parts, {key: field for key, (field, _) in readers.items()})
        result: dict[str, Any] = {}
        for key in sorted(came):
            field, convert = readers[key]
            try:
                value = convert(came[key], depth - 1)
            except SpecError as error:
                raise error.under(field.name) from None
            if value is not None:
                result[field.name] = value
        _check_required(required, result)
        return result

    return read


def _values(parts: Iterable[bytes], known: Mapping[int, FieldSchema]) -> dict[int, Raw]:
    """What came, by field number."""
    came: dict[int, Raw] = {}
    for key, kind, value in itertools.chain.from_iterable(map(wireformat.fields, parts)):
        field = known.get(key)
        if field is None:
            continue
        wanted = LENGTH if field.label == "map" else _KINDS.get(field.type, VARINT)
        if kind == wanted:
            values = [value]
        elif kind == LENGTH and field.label == "repeated":
            values = list(_unpacked(wanted, value))
        else:
            continue
        if field.oneof:
            _forget_others(came, field, known)
        came.setdefault(key, []).extend(values)
    return came


def _unpacked(kind: int, data: Any) -> Iterable[Any]:
    return wireformat.doubles(data) if kind == FIXED64 else wireformat.varints(data)


def _forget_others(came: dict[int, Raw], field: FieldSchema, known: Mapping[int, FieldSchema]) -> None:
    for key in [key for key in came if known[key].oneof == field.oneof and key != field.number]:
        values, name = came.pop(key), known[key].message
        if name:
            with contextlib.suppress(SpecError):
                reader(name)(values, DEPTH)  # what is no message is refused all the same


def _field_reader(field: FieldSchema) -> ReadField:
    if field.label == "map":
        return _map_reader(field)
    if field.message:
        read_message = reader(field.message)
        if field.label != "repeated":
            return read_message

        def read_one(value: Any, depth: int) -> Any:
            return read_message((value,), depth)
    else:
        read_value = _value_reader(field)
        if field.label != "repeated":
            return functools.partial(_read_last, read=read_value)

        def read_one(value: Any, depth: int) -> Any:  # noqa: ARG001 - as the one above
            return read_value(value)

    return functools.partial(_read_list, read=read_one)


def _read_last(values: Raw, depth: int, read: ReadValue) -> Any:  # noqa: ARG001 - as those of messages
    for value in reversed(values):
        if (result := read(value)) is not None:
            return result
    return None


def _read_list(values: Raw, depth: int, read: Callable[[Any, int], Any]) -> list[Any] | None:
    items: list[Any] = []
    for value in values:
        try:
            item = read(value, depth)
        except SpecError as error:
            raise error.under(f"[{len(items)}]") from None
        if item is not None:
            items.append(item)
    return items or None


def _map_reader(field: FieldSchema) -> ReadField:
    """An entry is a message: its key is field 1, its value field 2; of equal keys the last counts."""
    entry = FieldSchema("value", 2, field.type, "optional", field.enum, field.message)
    fields = {1: FieldSchema("key", 1, "string", "optional"), 2: entry}
    read_value = _field_reader(entry)
    absent: Raw = [b""] if field.message or field.type == "string" else [0]

    def read(values: Raw, depth: int) -> dict[str, Any]:
        items: dict[str, Any] = {}
        for value in values:
            came = _values((value,), fields)
            key = _utf8(came.get(1, [b""])[-1])
            try:
                items[key] = read_value(came.get(2, absent), depth - 1)
            except SpecError as error:
                raise error.under(step(key)) from None
        return dict(sorted(items.items()))

    return read


def _value_reader(field: FieldSchema) -> ReadValue:
    if field.enum:
        names = {value: name for name, value in reversed([*field.enum.items()])}
        return lambda value: names.get(wireformat.signed(value, 32))
    return _READERS[field.type]


def _utf8(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise SpecError("", "must be valid UTF-8") from None


_READERS: Final[Mapping[str, ReadValue]] = {
    "double": lambda value: json_double(struct.unpack("<d", value)[0]),
    "string": _utf8, "bytes": lambda value: b64encode(value).decode("ascii"), "bool": bool,
    "int32": functools.partial(wireformat.signed, bits=32), "int64": functools.partial(wireformat.signed, bits=64),
    "uint32": lambda value: value & (1 << 32) - 1, "uint64": lambda value: value}


# Filling.

@functools.cache
def filler(name: str) -> Fill:
    """From the JSON form to the bytes of a message. Raises SpecError."""
    fields = schema(name)
    required, rivals = _required(fields), _rivals(fields)
    fillers: dict[str, FillField] = {}

    def fill(mapping: Any) -> bytes:
        if not fillers:
            fillers.update({field.name: _field_filler(field) for field in fields.values()})
        if not isinstance(mapping, Mapping):
            raise SpecError("", f"must be an object, {found(mapping)}")
        parts: dict[int, bytes] = {}
        for key, value in mapping.items():
            if value is None or key not in fillers:
                continue
            try:
                part = fillers[key](fields[key].number, value)
            except SpecError as error:
                raise error.under(key) from None
            if part is not None:
                for rival in rivals.get(key, ()):
                    parts.pop(rival, None)
                parts[fields[key].number] = part
        _check_required(required, mapping)
        return b"".join(parts[key] for key in sorted(parts))

    return fill


def _rivals(fields: Mapping[str, FieldSchema]) -> dict[str, list[int]]:
    """By name of a field, the numbers of those that are not there beside it."""
    return {field.name: [each.number for each in fields.values() if each.oneof == field.oneof and each != field]
            for field in fields.values() if field.oneof}


def _field_filler(field: FieldSchema) -> FillField:
    if field.label == "map":
        return _map_filler(field)
    fill = _single_filler(field)
    return functools.partial(_fill_list, fill=fill) if field.label == "repeated" else fill


def _single_filler(field: FieldSchema) -> FillField:
    if field.message:
        fill = filler(field.message)
        return lambda number, value: wireformat.bytes_field(number, fill(value))
    if field.enum:
        return functools.partial(_fill_enum, numbers=field.enum, required=field.label == "required")
    return _FILLERS[field.type]


def _fill_list(number: int, value: Any, fill: FillField) -> bytes:
    if not isinstance(value, list | tuple):
        raise SpecError("", f"must be a list, {found(value)}")
    parts: list[bytes] = []
    for position, item in enumerate(value):
        try:
            part = None if item is None else fill(number, item)
        except SpecError as error:
            raise error.under(f"[{position}]") from None
        parts.append(part or b"")
    return b"".join(parts)


def _map_filler(field: FieldSchema) -> FillField:
    fill = _single_filler(field)

    def fill_map(number: int, value: Any) -> bytes:
        if not isinstance(value, Mapping):
            raise SpecError("", f"must be an object, {found(value)}")
        entries: dict[bytes, bytes] = {}
        for key, item in value.items():
            try:
                entries[text(key).encode()] = fill(2, item) or b""
            except SpecError as error:
                raise error.under(step(key)) from None
        return b"".join(wireformat.bytes_field(number, wireformat.bytes_field(1, key) + entries[key])
                        for key in sorted(entries))

    return fill_map


def _fill_enum(number: int, value: Any, numbers: Mapping[str, int], *, required: bool) -> bytes | None:
    if isinstance(value, str):
        if value in numbers:
            return wireformat.varint_field(number, numbers[value])
        if not required:
            return None
    raise SpecError("", f"must be one of {', '.join(numbers)}, {found(value)}")


def _fill_integer(number: int, value: Any, low: int, high: int) -> bytes:
    return wireformat.varint_field(number, integer(value, low=low, high=high))


_FILLERS: Final[Mapping[str, FillField]] = {
    "double": lambda key, value: wireformat.double_field(key, number(value)),
    "bool": lambda key, value: wireformat.varint_field(key, boolean(value, strict=False)),
    "string": lambda key, value: wireformat.bytes_field(key, text(value).encode()),
    "bytes": lambda key, value: wireformat.bytes_field(key, base64_bytes(value)),
    "int32": functools.partial(_fill_integer, low=-(1 << 31), high=(1 << 31) - 1),
    "uint32": functools.partial(_fill_integer, low=0, high=(1 << 32) - 1),
    "int64": functools.partial(_fill_integer, low=-(1 << 63), high=(1 << 63) - 1),
    "uint64": functools.partial(_fill_integer, low=0, high=(1 << 64) - 1)}
