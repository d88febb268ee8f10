"""Our encoding beside the protobuf library's: the same bytes, and the same refusals of bytes."""
from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import DecodeError, Message
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deploy.protoc import described
from specs.errors import SpecError
from specs.forms import wire
from tests.specs.forms.test_wire import APIS, fitting

MESSAGES = [*APIS, "mesos.internal.RunTaskMessage", "mesos.internal.ReregisterExecutorMessage",
            "mesos.internal.ExecutorRegisteredMessage", "mesos.v1.TaskInfo", "mesos.v1.ContainerID", "mesos.v1.Filters",
            "mesos.v1.scheduler.AttributeConstraint", "mesos.v1.HealthCheck", "mesos.v1.Volume"]
ROOT = Path(__file__).resolve().parents[3]


@functools.cache
def library() -> descriptor_pool.DescriptorPool:
    """The messages of specs/proto as the library has them."""
    pool = descriptor_pool.DescriptorPool()
    files: FileDescriptorSet = described(ROOT / "specs" / "proto")
    for file in files.file:
        pool.Add(file)
    return pool


def message(name: str) -> Message:
    return message_factory.GetMessageClass(library().FindMessageTypeByName(name))()


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_encoded(name: str) -> None:
    @given(fitting(name, 3))
    @settings(max_examples=10)
    def is_the_same(mapping: dict[str, Any]) -> None:
        ours, theirs = wire.encode(name, mapping), by_the_library(name, mapping)
        assert len(ours) == len(theirs)
        assert again(name, ours) == theirs

    is_the_same()


def by_the_library(name: str, mapping: dict[str, Any]) -> bytes:
    parsed = json_format.ParseDict(one_of_each(name, mapping), message(name), max_recursion_depth=200)
    return bytes(parsed.SerializePartialToString(deterministic=True))


def again(name: str, data: bytes) -> bytes:
    """Read and written by the library, whose order of a map's keys is its own."""
    parsed = message(name)
    parsed.ParseFromString(data)
    return bytes(parsed.SerializePartialToString(deterministic=True))


def one_of_each(name: str, mapping: dict[str, Any]) -> dict[str, Any]:
    """Without the earlier of two fields that exclude each other: the library's JSON refuses both."""
    fields = wire.schema(name)
    kept: dict[str, Any] = {}
    for key, value in mapping.items():
        field = fields[key]
        for rival in [each for each in kept if field.oneof and fields[each].oneof == field.oneof]:
            del kept[rival]
        kept[key] = _within(field, value)
    return kept


def _within(field: wire.FieldSchema, value: Any) -> Any:
    if field.message is None:
        return value
    if field.label == "repeated":
        return [one_of_each(field.message, item) for item in value]
    if field.label == "map":
        return {key: one_of_each(field.message, item) for key, item in value.items()}
    return one_of_each(field.message, value)


pieces = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(MESSAGES).flatmap(lambda name: fitting(name, 2).map(lambda each: wire.encode(name, each))),
    st.tuples(st.integers(0, 40), st.integers(0, 7), st.binary(max_size=6)).map(
        lambda each: bytes([each[0] << 3 & 0x7F | each[1]]) + each[2]))
garbled = st.lists(pieces, max_size=4).map(b"".join)


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_decoded(name: str) -> None:
    """Whatever the bytes: refused by both, or the same message in both."""
    @given(garbled | st.tuples(fitting(name, 3), fitting(name, 3), garbled).map(
        lambda each: wire.encode(name, each[0]) + wire.encode(name, each[1]) + each[2]))
    @settings(max_examples=40)
    @example(b"")
    def is_the_same(data: bytes) -> None:
        same(name, data)

    is_the_same()


NAME = "mesos.v1.TaskInfo"
CONTAINER = "mesos.v1.ContainerID"


def nested(levels: int) -> bytes:
    data = b"\x0a\x01c"
    for _ in range(levels):
        size = bytes([len(data)]) if len(data) < 128 else bytes([len(data) & 0x7f | 0x80, len(data) >> 7])
        data = b"\x0a\x01c\x12" + size + data
    return data


@pytest.mark.parametrize(("name", "data"), [
    *((CONTAINER, nested(levels)) for levels in (1, 98, 99, 100, 101, 102, 120)),
    (CONTAINER, b"\x0a\x01c\x12\x03\x0a\x01d\x12\x02\x12\x00"),  # a parent in two parts
    (CONTAINER, b"\x0a\x01c" + b"\x0a\x01d"),  # the last one counts
    (CONTAINER, b"\x0a\x01c" + b"\x08\x01"),  # another kind than the field's
    (CONTAINER, b"\x0a\x01c" + b"\x13\x0a\x01x\x14"),  # a group
    (CONTAINER, b"\x0a\x01c" + b"\x13\x0a\x01x\x1c"),  # one that another one ends
    (CONTAINER, b"\x0a\x01c" + b"\x13" * 120 + b"\x14" * 120),
    (CONTAINER, b"\x0a\x01c" + b"\x13" * 98 + b"\x14" * 98),
    (CONTAINER, b"\x0a\x01c\x14"),
    (CONTAINER, b"\x0a\x01c\x07"), (CONTAINER, b"\x0a\x01c\x0e"), (CONTAINER, b"\x02\x00"), (CONTAINER, b"\x00"),
    (CONTAINER, b"\x8a\x00\x01c"), (CONTAINER, b"\x8a\x80\x80\x80\x00\x01c"),
    (CONTAINER, b"\x8a\x80\x80\x80\x80\x00\x01c"),
    (CONTAINER, b"\x0a\x81\x80\x80\x80\x00c"), (CONTAINER, b"\x0a\x81\x80\x80\x80\x80\x00c"),
    (CONTAINER, b"\x0a\xff\xff\xff\xff\x0fc"), (CONTAINER, b"\x0a\x02c"), (CONTAINER, b"\x0a"), (CONTAINER, b"\x8a"),
    ("mesos.v1.KillPolicy", b"\x0a\x0b\x08" + b"\xff" * 9 + b"\x01"),
    ("mesos.v1.KillPolicy", b"\x0a\x0b\x08" + b"\xff" * 9 + b"\x7f"),
    ("mesos.v1.KillPolicy", b"\x0a\x0c\x08" + b"\xff" * 10 + b"\x01"),
    ("mesos.v1.HealthCheck", b"\x40\x01\x40\x63"), ("mesos.v1.HealthCheck", b"\x40\x63\x40\x01"),
    ("mesos.v1.HealthCheck", b"\x40\xff\xff\xff\xff\x1f"), ("mesos.v1.HealthCheck", b"\x22\x01\x01\x20\x03"),
    ("mesos.v1.HealthCheck", b"\x11" + bytes(7)), ("mesos.v1.HealthCheck", b"\x11" + bytes(8)),
])
def test_what_is_odd(name: str, data: bytes) -> None:
    same(name, data)


def same(name: str, data: bytes) -> None:
    theirs = message(name)
    try:
        theirs.ParseFromString(data)
    except DecodeError:
        with pytest.raises(SpecError):
            wire.decode(name, data)
        return
    theirs.DiscardUnknownFields()
    problem, ours = "", {}
    try:
        ours = wire.decode(name, data)
    except SpecError as error:
        problem = str(error)
    assert not problem.startswith("is not"), theirs
    assert problem or again(name, wire.encode(name, ours)) == theirs.SerializePartialToString(deterministic=True)
