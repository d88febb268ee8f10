"""What Mesos's messages consist of: fields by name, out of the tables in specs/generated/."""
from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_MODULES: Final = {  # of specs.generated, by package; each is imported with the first of its messages
    "mesos.v1": "mesos", "mesos.v1.scheduler": "scheduler", "mesos.v1.executor": "executor",
    "mesos.v1.master": "master", "mesos.v1.agent": "agent", "mesos.internal": "internal"}
_DEFAULTS: Final[Mapping[str, Any]] = {"double": float, "bool": "true".__eq__, "string": str, "enum": str}


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
    oneof: str | None = None  # of the fields that name the same one, only the last that was set is there


@functools.cache
def schema(name: str) -> Mapping[str, FieldSchema]:
    """The fields of a message by name, in order of their numbers; KeyError for a name that is not
    ours.
    """
    lines: str = _tables(name).MESSAGES[name]
    fields = (_field(*line.split()) for line in lines.strip().splitlines())
    return {field.name: field for field in fields}


def _field(label: str, kind: str, name: str, number: str, *rest: str) -> FieldSchema:
    said = dict(word.split("=", 1) for word in rest)
    message, enum = None, None
    if "." in kind:
        enum = _enum(kind)
        kind, message = ("message", kind) if enum is None else ("enum", None)
    default = said.get("default")
    return FieldSchema(name, int(number), kind, label, enum, message,
                       None if default is None else _DEFAULTS.get(kind, int)(default), said.get("oneof"))


@functools.cache
def _enum(name: str) -> Mapping[str, int] | None:
    lines: str | None = _tables(name).ENUMS.get(name)
    if lines is None:
        return None
    words = lines.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


def _tables(name: str) -> Any:
    package = max((each for each in _MODULES if name.startswith(f"{each}.")), key=len, default=None)
    if package is None:
        raise KeyError(name)
    return importlib.import_module(f"specs.generated.{_MODULES[package]}")
