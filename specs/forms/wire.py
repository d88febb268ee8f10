"""Mesos messages as bytes: the one door to protobuf.

Inside the product a message is a dataclass (`specs/forms/codec.py`) or, at the border, the mapping
that Mesos's JSON form is: proto field names, enum values by name, bytes in base64, 64-bit integers
as numbers, infinite doubles as the texts "Infinity" and "-Infinity". Here such mappings become
bytes and bytes become such mappings, by full message name ("mesos.v1.TaskInfo",
"mesos.v1.scheduler.Call").

**Lenient, as Mesos is** (protobuf.hpp, `Parser`): what we do not know is skipped, null is absent, numbers may be
texts, an unknown enum name is absent unless the field is required. The only error is SpecError, with the field's path.

protobuf costs 30 ms to import, and a program that speaks JSON never needs it; hence the imports
inside functions.
"""
from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from specs.errors import SpecError
from specs.forms import wireplans
from specs.forms.wireplans import FieldSchema

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

__all__ = ["FieldSchema", "decode", "encode", "plain", "schema"]

_TYPES: Final = {1: "double", 3: "int64", 4: "uint64", 5: "int32", 8: "bool", 9: "string", 11: "message", 12: "bytes",
                 13: "uint32", 14: "enum"}  # FieldDescriptor.TYPE_…; the others do not occur in Mesos's messages

_MODULES: Final = {  # of specs.generated, by package; each is imported with the first of its messages
    "mesos.v1": "mesos_pb2", "mesos.v1.scheduler": "scheduler_pb2",
    "mesos.v1.executor": "executor_pb2", "mesos.v1.master": "master_pb2",
    "mesos.v1.agent": "agent_pb2", "mesos.internal": "internal_pb2"}


def plain(value: Any) -> Any:
    """The same tree in dict and list, whatever mappings it came in: pymesos may hand out
    addict.Dict, which answers a misspelt field with an empty mapping instead of an error."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


@functools.cache
def schema(name: str) -> Mapping[str, FieldSchema]:
    """The fields of a message by name, in order of their numbers; KeyError for a name that is not
    ours.
    """
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
    except (DecodeError, UnicodeDecodeError) as error:
        raise SpecError("", f"is not a serialized {name}") from error
    result: dict[str, Any] = wireplans.reader(name, schema)(message)
    return result


def encode(name: str, mapping: Mapping[str, Any]) -> bytes:
    """The message as bytes. Raises SpecError for a value of the wrong type, or where a required
    field is missing.
    """
    message = _message_class(name)()
    try:
        wireplans.filler(name, schema)(message, mapping)
    except RecursionError as error:
        raise SpecError("", "is nested too deeply") from error
    data: bytes = message.SerializePartialToString(deterministic=True)
    return data


@functools.cache
def _descriptor(name: str) -> Descriptor:
    package = max((each for each in _MODULES if name.startswith(f"{each}.")), key=len, default=None)
    if package is None:
        raise KeyError(name)
    module = importlib.import_module(f"specs.generated.{_MODULES[package]}")
    path = name.removeprefix(f"{package}.").split(".")
    message: Descriptor | None = module.DESCRIPTOR.message_types_by_name.get(path[0])
    for part in path[1:]:
        message = message.nested_types_by_name.get(part) if message else None
    if message is None:
        raise KeyError(name)
    return message


@functools.cache
def _message_class(name: str) -> Any:
    from google.protobuf.message_factory import GetMessageClass

    return GetMessageClass(_descriptor(name))


def _field_schema(field: FieldDescriptor) -> FieldSchema:
    label = "repeated" if field.is_repeated else "required" if field.is_required else "optional"
    value = field
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        label, value = "map", field.message_type.fields_by_name["value"]
    return FieldSchema(
        name=field.name,
        number=field.number,
        type=_TYPES[value.type],
        label=label,
        enum={item.name: item.number for item in value.enum_type.values} if value.enum_type
        else None, message=value.message_type.full_name if value.message_type else None,
        default=_default(field),
    )


def _default(field: FieldDescriptor) -> Any:
    if not field.has_default_value:
        return None
    return field.enum_type.values_by_number[
        field.default_value].name if field.enum_type else field.default_value
