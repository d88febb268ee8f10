"""Mesos messages as bytes: the one door to protobuf.

Inside the product a message is a dataclass (`specs/codec.py`) or, at the border, the mapping that Mesos's JSON form is:
proto field names, enum values by name, bytes in base64, 64-bit integers as numbers, infinite doubles as the texts
"Infinity" and "-Infinity". Here such mappings become bytes and bytes become such mappings, by full message name
("mesos.v1.TaskInfo", "mesos.v1.scheduler.Call").

**Lenient, as Mesos is** (protobuf.hpp, `Parser`): what we do not know is skipped, null is absent, numbers may be
texts, an unknown enum name is absent unless the field is required. The only error is SpecError, with the field's path.

protobuf costs 30 ms to import, and a program that speaks JSON never needs it; hence the imports inside functions.
"""
from __future__ import annotations

import functools
import math
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from specs.errors import SpecError
from specs.scalars import base64_bytes, boolean, found, integer, number, text

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

_Read = Callable[[Any], Any]
_Fill = Callable[[Any, Any], None]

_DEEP: Final = "is nested too deeply"  # protobuf itself refuses more than 100 levels


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """One field of a message.

    `type` is protobuf's word ("string", "int64", "enum", "message" …), `label` is "optional", "required", "repeated" or
    "map". Of a map, type, enum and message describe the values; its keys are texts.
    """

    name: str
    number: int
    type: str
    label: str
    enum: Mapping[str, int] | None = None  # values by name
    message: str | None = None  # full name
    default: Any = None  # the declared one


def plain(value: Any) -> Any:
    """The same tree in dict and list, whatever mappings it came in: pymesos may hand out addict.Dict, which answers a
    misspelt field with an empty mapping instead of an error."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


@functools.cache
def schema(name: str) -> Mapping[str, FieldSchema]:
    """The fields of a message by name, in order of their numbers; KeyError for a name that is not ours."""
    fields = sorted(_descriptor(name).fields, key=lambda field: field.number)
    return {field.name: _field_schema(field) for field in fields}


def decode(name: str, data: bytes) -> dict[str, Any]:
    """The message in its JSON form.

    Raises SpecError for bytes that are not such a message, or that lack a required field.
    """
    from google.protobuf.message import DecodeError

    message = _message_class(name)()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise SpecError("", f"is not a serialized {name}") from error
    missing = message.FindInitializationErrors()
    if missing:
        raise SpecError(missing[0], "is required")
    result: dict[str, Any] = _reader(name)(message)
    return result


def encode(name: str, mapping: Mapping[str, Any]) -> bytes:
    """The message as bytes. Raises SpecError for a value of the wrong type, or where a required field is missing."""
    message = _message_class(name)()
    try:
        _filler(name)(message, mapping)
    except RecursionError as error:
        raise SpecError("", _DEEP) from error
    missing = message.FindInitializationErrors()
    if missing:
        raise SpecError(missing[0], "is required")
    data: bytes = message.SerializeToString(deterministic=True)
    return data


@functools.cache
def _descriptor(name: str) -> Descriptor:
    from specs import agent_pb2, executor_pb2, master_pb2, mesos_pb2, scheduler_pb2

    for module in (mesos_pb2, scheduler_pb2, executor_pb2, master_pb2, agent_pb2):
        package = module.DESCRIPTOR.package
        path = name.removeprefix(f"{package}.").split(".")
        message: Descriptor | None = module.DESCRIPTOR.message_types_by_name.get(path[0])
        for part in path[1:]:
            message = message.nested_types_by_name.get(part) if message else None
        if message is not None and message.full_name == name:
            return message
    raise KeyError(name)


@functools.cache
def _message_class(name: str) -> Any:
    from google.protobuf.message_factory import GetMessageClass

    return GetMessageClass(_descriptor(name))


def _map_value(field: FieldDescriptor) -> FieldDescriptor | None:
    """What the values of a map are; None for what is no map."""
    entry = field.message_type
    return entry.fields_by_name["value"] if entry is not None and entry.GetOptions().map_entry else None


def _field_schema(field: FieldDescriptor) -> FieldSchema:
    label = "repeated" if field.is_repeated else "required" if field.is_required else "optional"
    value = _map_value(field)
    if value is None:
        value = field
    else:
        label = "map"
    return FieldSchema(
        name=field.name,
        number=field.number,
        type=_TYPES[value.type],
        label=label,
        enum={item.name: item.number for item in value.enum_type.values} if value.enum_type else None,
        message=value.message_type.full_name if value.message_type else None,
        default=_default(field),
    )


def _default(field: FieldDescriptor) -> Any:
    if not field.has_default_value:
        return None
    return field.enum_type.values_by_number[field.default_value].name if field.enum_type else field.default_value


_TYPES: Final = {1: "double", 3: "int64", 4: "uint64", 5: "int32", 8: "bool", 9: "string", 11: "message", 12: "bytes",
                 13: "uint32", 14: "enum"}  # FieldDescriptor.TYPE_…; the others do not occur in Mesos's messages


# Reading: one function per message and per field, made once.

@functools.cache
def _reader(name: str) -> _Read:
    """From a protobuf message to a mapping."""
    readers: dict[int, tuple[str, _Read]] = {}  # by field number; filled after, because messages contain themselves

    def read(message: Any) -> dict[str, Any]:
        if not readers:
            readers.update({field.number: (field.name, _field_reader(field)) for field in _descriptor(name).fields})
        result: dict[str, Any] = {}
        try:
            present = message.ListFields()
        except UnicodeDecodeError as error:
            raise SpecError("", "holds a text that is not UTF-8") from error
        for field, value in present:
            key, convert = readers[field.number]
            try:
                result[key] = convert(value)
            except SpecError as error:
                raise error.under(key) from error
        return result

    return read


def _field_reader(field: FieldDescriptor) -> _Read:
    map_value = _map_value(field)
    if map_value is not None:
        read_item = _value_reader(map_value)
        return lambda value: {key: read_item(value[key]) for key in sorted(value)}
    read = _value_reader(field)
    if field.is_repeated:
        return lambda value: [read(item) for item in value]
    return read


def _value_reader(field: FieldDescriptor) -> _Read:
    if field.message_type:
        return _reader(field.message_type.full_name)
    if field.enum_type:
        names = {number: value.name for number, value in field.enum_type.values_by_number.items()}
        return names.__getitem__
    kind = _TYPES[field.type]
    if kind == "bytes":
        return lambda value: b64encode(value).decode("ascii")
    if kind == "double":
        return _json_double
    return lambda value: value


def _json_double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


# Filling: the way back.

@functools.cache
def _filler(name: str) -> _Fill:
    """From a mapping into a protobuf message."""
    fillers: dict[str, _Fill] = {}

    def fill(message: Any, mapping: Any) -> None:
        if not fillers:
            fillers.update({field.name: _field_filler(field) for field in _descriptor(name).fields})
        if not isinstance(mapping, Mapping):
            raise SpecError("", f"must be an object, {found(mapping)}")
        for key, value in mapping.items():
            if value is None or key not in fillers:
                continue
            try:
                fillers[key](message, value)
            except SpecError as error:
                raise error.under(key) from error

    return fill


def _field_filler(field: FieldDescriptor) -> _Fill:
    map_value = _map_value(field)
    if map_value is not None:
        return _map_filler(field.name, map_value)
    if field.is_repeated:
        return _repeated_filler(field)
    name = field.name
    if field.message_type:
        fill = _filler(field.message_type.full_name)

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


def _repeated_filler(field: FieldDescriptor) -> _Fill:
    name = field.name
    if field.message_type:
        fill = _filler(field.message_type.full_name)

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
            try:
                append(items, item)
            except SpecError as error:
                raise error.under(f"[{position}]") from error

    return append_all


def _map_filler(name: str, value_field: FieldDescriptor) -> _Fill:
    if value_field.message_type:
        fill = _filler(value_field.message_type.full_name)

        def put(entries: Any, key: str, item: Any) -> None:
            fill(entries[key], item)
    else:
        convert = _converter(value_field)

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
                raise error.under(key) from error

    return put_all


def _converter(field: FieldDescriptor) -> _Read:
    """From a JSON value to what protobuf takes; None means: leave it out."""
    if field.enum_type:
        return _enum_converter(field)
    kind = _TYPES[field.type]
    if kind in _RANGES:
        low, high = _RANGES[kind]
        return functools.partial(integer, low=low, high=high)
    return _CONVERTERS[kind]


def _enum_converter(field: FieldDescriptor) -> _Read:
    numbers = {value.name: value.number for value in field.enum_type.values} if field.enum_type else {}
    required = field.is_required

    def convert(value: Any) -> int | None:
        if isinstance(value, str):
            result = numbers.get(value)
            if result is not None or not required:
                return result
        raise SpecError("", f"must be one of {', '.join(numbers)}, {found(value)}")

    return convert


_RANGES: Final = {"int32": (-(1 << 31), (1 << 31) - 1), "uint32": (0, (1 << 32) - 1),
                  "int64": (-(1 << 63), (1 << 63) - 1), "uint64": (0, (1 << 64) - 1)}
_CONVERTERS: Final[Mapping[str, _Read]] = {
    "double": number, "bool": functools.partial(boolean, strict=False), "string": text, "bytes": base64_bytes}
