"""A message as protobuf's text format shows it: Mesos puts two of them into the error about an
incompatible ExecutorInfo.

As protobuf: `Message::DebugString`.
"""
from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any, Final

from specs.forms.wire import FieldSchema, schema

_ESCAPES: Final = {10: "\\n", 13: "\\r", 9: "\\t", 34: '\\"', 39: "\\'", 92: "\\\\"}
_RULE: Final = "-" * 60


def incompatible_executors(existing: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What follows "ExecutorInfo is not compatible with existing ExecutorInfo with same
    ExecutorID.\\n".
    """
    name = "mesos.v1.ExecutorInfo"
    return (f"{_RULE}\nExisting ExecutorInfo:\n{debug_text(name, existing)}\n{_RULE}\n"
            f"ExecutorInfo:\n{debug_text(name, new)}\n{_RULE}\n")


def debug_text(name: str, message: Mapping[str, Any]) -> str:
    """The fields that are set, in order of their numbers, one per line."""
    return "".join(f"{line}\n" for line in _lines(name, message))


def _lines(name: str, message: Mapping[str, Any]) -> Iterator[str]:
    for field in schema(name).values():
        if field.name not in message:
            continue
        value = message[field.name]
        if field.label == "map":
            for key in sorted(value):
                yield from _block(field.name,
                                  [f"key: {_quoted(key.encode())}",
                                   *_field("value", field, value[key])])
            continue
        for item in value if field.label == "repeated" else [value]:
            yield from _field(field.name, field, item)


def _field(name: str, field: FieldSchema, value: Any) -> Iterator[str]:
    if field.type == "message" and field.message is not None:
        yield from _block(name, list(_lines(field.message, value)))
    else:
        yield f"{name}: {_scalar(field, value)}"


def _block(name: str, lines: list[str]) -> Iterator[str]:
    yield f"{name} {{"
    yield from (f"  {line}" for line in lines)
    yield "}"


def _scalar(field: FieldSchema, value: Any) -> str:
    if field.type == "string":
        return _quoted(value.encode("utf-8", "surrogateescape"))
    if field.type == "bytes":
        return _quoted(b64decode(value))
    if field.type == "bool":
        return str(value).lower()
    if field.type == "double":
        return f"{float(value):.15g}"
    return str(value)


def _quoted(raw: bytes) -> str:
    def shown(byte: int) -> str:
        return _ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}")

    return '"' + "".join(map(shown, raw)) + '"'
