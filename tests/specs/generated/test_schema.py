"""Every dataclass says what its protobuf message says: the same fields, labels, types, enum values and wrappers."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin

import pytest

from specs.forms import codec, wire
from specs.messages.check import CheckStatusInfo
from specs.messages.fields import Between, OneOf, Wrapped
from specs.messages.offer import AgentInfo, Filters, FrameworkInfo, InverseOffer, MasterInfo, Offer
from specs.messages.status_message import StatusMessage
from specs.messages.task import TaskGroupInfo, TaskInfo

ROOTS = {
    "mesos.v1.TaskInfo": TaskInfo, "mesos.v1.TaskGroupInfo": TaskGroupInfo, "mesos.v1.TaskStatus": StatusMessage,
    "mesos.v1.CheckStatusInfo": CheckStatusInfo, "mesos.v1.Offer": Offer, "mesos.v1.InverseOffer": InverseOffer,
    "mesos.v1.FrameworkInfo": FrameworkInfo, "mesos.v1.AgentInfo": AgentInfo, "mesos.v1.MasterInfo": MasterInfo,
    "mesos.v1.Filters": Filters,
}
RANGES = {"int32": (-(1 << 31), (1 << 31) - 1), "uint32": (0, (1 << 32) - 1), "int64": (-(1 << 63), (1 << 63) - 1),
          "uint64": (0, (1 << 64) - 1)}


def pairs() -> Iterator[tuple[str, Any]]:
    """Every message that the roots hold, with its dataclass."""
    seen, waiting = set(), list(ROOTS.items())
    while waiting:
        name, message = waiting.pop()
        if (name, message) in seen:
            continue
        seen.add((name, message))
        yield name, message
        fields = wire.schema(name)
        for field_name, hint in codec.hints(message).items():
            waiting += inner_messages(fields[field_name], hint)


def inner_messages(field: wire.FieldSchema, hint: Any) -> list[tuple[str, Any]]:
    kind, markers = unpack(hint)
    if get_origin(kind) in {tuple, Mapping}:
        kind, more = unpack(get_args(kind)[0 if get_origin(kind) is tuple else 1])
        wrapped = wrapper(markers) or wrapper(more)
    else:
        wrapped = wrapper(markers)
    if not dataclasses.is_dataclass(kind):
        return []
    assert field.message is not None
    if wrapped:
        inner = wire.schema(field.message)[wrapped.key]
        assert inner.message is not None
        return [(inner.message, kind)]
    return [(field.message, kind)]


def unpack(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    return (get_args(hint)[0], get_args(hint)[1:]) if get_origin(hint) is Annotated else (hint, ())


def wrapper(markers: tuple[Any, ...]) -> Wrapped | None:
    return next((marker for marker in markers if isinstance(marker, Wrapped)), None)


@pytest.mark.parametrize(("name", "message"), [pytest.param(name, message, id=name) for name, message in pairs()])
def test_a_dataclass_mirrors_its_message(name: str, message: Any) -> None:
    fields = wire.schema(name)
    assert {field.name for field in dataclasses.fields(message)} == set(fields)
    hints = codec.hints(message)
    for field in dataclasses.fields(message):
        no_default = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        assert no_default == (fields[field.name].label == "required"), field.name
        check(fields[field.name], hints[field.name])


def check(field: wire.FieldSchema, hint: Any) -> None:
    """One field against its annotation."""
    kind, markers = unpack(hint)
    wrapped = wrapper(markers)
    if wrapped is not None:
        assert field.label in {"optional", "required", "repeated", "map"}
        assert field.message is not None
        inner = wire.schema(field.message)
        assert wrapped.key in inner, field
        others = set(inner) - {wrapped.key}
        assert not others, f"{field.name}: a wrapper may hold nothing else, but there is {others}"
        rest = tuple(marker for marker in markers if marker is not wrapped)
        check(inner[wrapped.key], Annotated[kind, *rest] if rest else kind)
        return
    if get_origin(kind) is tuple:
        assert field.label == "repeated"
        item = dataclasses.replace(field, label="optional")
        check(item, get_args(kind)[0])
        return
    if get_origin(kind) is Mapping:
        assert field.label == "map"
        check(dataclasses.replace(field, label="optional"), get_args(kind)[1])
        return
    assert field.label in {"optional", "required"}, field
    check_single(field, kind, markers)


def check_single(field: wire.FieldSchema, kind: Any, markers: tuple[Any, ...]) -> None:
    if dataclasses.is_dataclass(kind):
        assert field.type == "message"
        return
    for marker in markers:
        if isinstance(marker, OneOf):
            assert field.enum is not None, field
            assert set(marker.names) == set(field.enum), field.name
            return
        if isinstance(marker, Between):
            assert (marker.low, marker.high) == RANGES[field.type], field
            return
    assert {str: "string", float: "double", bool: "bool", bytes: "bytes"}[kind] == field.type, field
