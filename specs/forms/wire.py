"""Mesos messages as bytes: the one door to protobuf's encoding.

Inside the product a message is a dataclass (`specs/forms/codec.py`) or, at the border, the mapping
that Mesos's JSON form is: proto field names, enum values by name, bytes in base64, 64-bit integers
as numbers, infinite doubles as the texts "Infinity" and "-Infinity". Here such mappings become
bytes and bytes become such mappings, by full message name ("mesos.v1.TaskInfo",
"mesos.v1.scheduler.Call").

**Lenient, as Mesos is** (protobuf.hpp, `Parser`): what we do not know is skipped, null is absent, numbers may be
texts, an unknown enum name is absent unless the field is required. The only error is SpecError, with the field's path.

**Why the encoding is written here** and not asked of the protobuf library: that one is 4 of the 20
MiB that a drop-in takes for as long as its task runs, and 30 of the milliseconds until its task
starts; and its check of required fields could be made to crash by any peer. It is what the tests
compare with.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specs.errors import SpecError
from specs.forms import wireplans
from specs.forms.wireformat import DEPTH, Malformed
from specs.forms.wireschema import FieldSchema, schema

__all__ = ["FieldSchema", "decode", "encode", "plain", "schema"]


def plain(value: Any) -> Any:
    """The same tree in dict and list, whatever mappings it came in: pymesos may hand out
    addict.Dict, which answers a misspelt field with an empty mapping instead of an error."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def decode(name: str, data: bytes) -> dict[str, Any]:
    """The message in its JSON form.

    Raises SpecError for bytes that are not such a message, or that lack a required field.
    """
    try:
        return wireplans.reader(name)((data,), DEPTH)
    except Malformed as error:
        raise SpecError("", f"is not a serialized {name}") from error


def encode(name: str, mapping: Mapping[str, Any]) -> bytes:
    """The message as bytes. Raises SpecError for a value of the wrong type, or where a required
    field is missing.
    """
    try:
        return wireplans.filler(name)(mapping)
    except RecursionError as error:
        raise SpecError("", "is nested too deeply") from error
