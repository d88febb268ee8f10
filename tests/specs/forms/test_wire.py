"""Bytes and mappings: lenient as Mesos, and nothing but a SpecError comes out of what is not a message."""
from __future__ import annotations

import contextlib
import math
from typing import Any

import addict
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from hypothesis import given, settings
from hypothesis import strategies as st

from specs.errors import SpecError
from specs.forms import wire
from tests.specs.strategies import json_values, texts

TASK = {"name": "web", "task_id": {"value": "web.1"}, "agent_id": {"value": "S0"}}
APIS = [f"mesos.v1.{api}" for api in (
    "scheduler.Call", "scheduler.Event", "executor.Call", "executor.Event", "master.Call", "master.Response",
    "master.Event", "agent.Call", "agent.Response")]


BYTES = b"\x0a\x03web\x12\x07\x0a\x05web.1\x1a\x04\x0a\x02S0"


# What the bytes are, by hand: tag = number << 3 | wire type.

@pytest.mark.parametrize(("name", "mapping", "data"), [
    ("mesos.v1.TaskInfo", TASK, BYTES),
    ("mesos.v1.TaskID", {"value": "t"}, b"\x0a\x01t"),
    ("mesos.v1.KillPolicy", {"grace_period": {"nanoseconds": 300}}, b"\x0a\x03\x08\xac\x02"),
    ("mesos.v1.KillPolicy", {"grace_period": {"nanoseconds": -1}}, b"\x0a\x0b\x08" + b"\xff" * 9 + b"\x01"),
    ("mesos.v1.Value.Scalar", {"value": "Infinity"}, b"\x09\x00\x00\x00\x00\x00\x00\xf0\x7f"),
    ("mesos.v1.ContainerInfo", {"type": "DOCKER", "docker": {"image": "i", "network": "USER"}},
     b"\x08\x01\x1a\x05\x0a\x01i\x10\x04"),
    ("mesos.v1.Resource", {"name": "r", "type": "SET", "shared": {}}, b"\x0a\x01r\x10\x02\x52\x00"),
    ("mesos.v1.scheduler.Call", {"type": "ACKNOWLEDGE", "acknowledge": {
        "agent_id": {"value": "a"}, "task_id": {"value": "t"}, "uuid": "AAE="}},
     b"\x10\x08\x42\x0e\x0a\x03\x0a\x01a\x12\x03\x0a\x01t\x1a\x02\x00\x01"),
    ("mesos.v1.executor.Call", {"executor_id": {"value": "e"}, "framework_id": {"value": "f"}, "type": "HEARTBEAT"},
     b"\x0a\x03\x0a\x01e\x12\x03\x0a\x01f\x18\x04"),
    ("mesos.v1.master.Call", {"type": "READ_FILE", "read_file": {"path": "/p", "offset": 1}},
     b"\x08\x08\x2a\x06\x0a\x02/p\x10\x01"),
    ("mesos.v1.agent.Call", {"type": "GET_CONTAINERS", "get_containers": {"show_nested": True}},
     b"\x08\x0a\xa2\x01\x02\x08\x01"),
])
def test_the_bytes_are_those_of_mesos(name: str, mapping: dict[str, Any], data: bytes) -> None:
    assert wire.encode(name, mapping) == data
    assert wire.decode(name, data) == mapping


def test_maps_come_in_the_order_of_their_keys() -> None:
    names = [f"r{number}" for number in range(50)]
    limits = {name: {"value": 1.0} for name in reversed(names)}
    task = wire.decode("mesos.v1.TaskInfo", wire.encode("mesos.v1.TaskInfo", {**TASK, "limits": limits}))
    assert list(task["limits"]) == sorted(names)


def test_nan_keeps_its_name() -> None:
    data = wire.encode("mesos.v1.Value.Scalar", {"value": math.nan})
    assert wire.decode("mesos.v1.Value.Scalar", data) == {"value": "NaN"}


@pytest.mark.parametrize(("extra", "kept"), [
    ({"not_a_field": 1}, {}),
    ({"data": None}, {}),
    ({"data": "aGk"}, {"data": "aGk="}),
    ({"kill_policy": {"grace_period": {"nanoseconds": "5"}}}, {"kill_policy": {"grace_period": {"nanoseconds": 5}}}),
    ({"command": {"shell": "false"}}, {"command": {"shell": False}}),
    ({"health_check": {"type": "SMOKE"}}, {"health_check": {}}),  # an unknown name of an optional enum is absent
    ({"health_check": {"type": "tcp"}}, {"health_check": {}}),
    ({"resources": []}, {}),
    ({"resources": [None]}, {}),
    ({"command": {"arguments": ["a", None, "b"]}}, {"command": {"arguments": ["a", "b"]}}),
    ({"labels": {}}, {"labels": {}}),
    ({"limits": {"cpus": {"value": 2}}}, {"limits": {"cpus": {"value": 2.0}}}),
])
def test_lenient_as_mesos(extra: dict[str, Any], kept: dict[str, Any]) -> None:
    assert wire.decode("mesos.v1.TaskInfo", wire.encode("mesos.v1.TaskInfo", {**TASK, **extra})) == {**TASK, **kept}


@pytest.mark.parametrize(("mapping", "error"), [
    ([], "must be an object, found a list"),
    ({}, "name: is required"),
    ({**TASK, "task_id": {}}, "task_id.value: is required"),
    ({**TASK, "name": 1}, "name: must be a text, found the number 1"),
    ({**TASK, "name": "\ud800"}, r"name: must be valid Unicode, found the text '\ud800'"),
    ({**TASK, "resources": [{"name": "a", "type": "LIST"}]},
     "resources[0].type: must be one of SCALAR, RANGES, SET, TEXT, found the text 'LIST'"),
    ({**TASK, "health_check": {"type": 1}},
     "health_check.type: must be one of UNKNOWN, COMMAND, HTTP, TCP, found the number 1"),
    ({**TASK, "resources": {}}, "resources: must be a list, found an object"),
    ({**TASK, "limits": []}, "limits: must be an object, found a list"),
    ({**TASK, "limits": {"cpus": {"value": "x"}}}, "limits.cpus.value: must be a number, found the text 'x'"),
    ({**TASK, "health_check": {"http": {"port": -1}}},
     "health_check.http.port: must be an integer from 0 to 4294967295, found the number -1"),
    ({**TASK, "health_check": {"http": {}}}, "health_check.http.port: is required"),
])
def test_an_error_names_the_field(mapping: Any, error: str) -> None:
    with pytest.raises(SpecError) as caught:
        wire.encode("mesos.v1.TaskInfo", mapping)
    assert str(caught.value) == error


@pytest.mark.parametrize(("data", "error"), [
    (b"\xff", "is not a serialized mesos.v1.TaskInfo"),
    (b"", "name: is required"),
    (b"\x0a\x01\xff\x12\x03\x0a\x01t\x1a\x03\x0a\x01a", "name: must be valid UTF-8"),
    (b"\x0a\x01n\x12\x03\x0a\x01\xff\x1a\x03\x0a\x01a", "task_id.value: must be valid UTF-8"),
    (BYTES + b"\x3a\x06\x3a\x01a\x3a\x01\xff", "command.arguments[1]: must be valid UTF-8"),
    (BYTES + b"\x7a\x03\x0a\x01c", "limits.c.value: is required"),
    (BYTES + b"\x7a\x0e\x0a\x01\xff\x12\x09\x09" + bytes(8), "limits: must be valid UTF-8"),
    (BYTES + b"\x7a\x03\x0a\x01\xff", "limits: must be valid UTF-8"),  # protobuf's own check crashes on this one
    (BYTES + b"\x7a\x0e\x0a\x01a\x12\x09\x09" + bytes(8) + b"\x7a\x0e\x0a\x01\xff\x12\x09\x09" + bytes(8),
     "limits: must be valid UTF-8"),  # one key that is text, one that is not
])
def test_bytes_that_are_no_task(data: bytes, error: str) -> None:
    with pytest.raises(SpecError) as caught:
        wire.decode("mesos.v1.TaskInfo", data)
    assert str(caught.value) == error


def test_a_text_in_a_map_that_is_not_utf8() -> None:
    name = "mesos.v1.Volume.Source.CSIVolume.StaticProvisioning"
    data = wire.encode(name, {"volume_id": "v", "volume_capability": {"access_mode": {"mode": "UNKNOWN"}}})
    with pytest.raises(SpecError, match=r"volume_context\.k: must be valid UTF-8"):
        wire.decode(name, data + b"\x2a\x06\x0a\x01k\x12\x01\xff")


def test_a_newer_enum_value_is_absent_and_a_required_one_an_error() -> None:
    assert wire.decode("mesos.v1.HealthCheck", b"\x40\x63") == {}
    with pytest.raises(SpecError, match="state: is required"):
        wire.decode("mesos.v1.TaskStatus", b"\x0a\x03\x0a\x01t\x10\x63")


def test_a_recursion_bomb_is_an_error_both_ways() -> None:
    deep: dict[str, Any] = {"value": "c"}
    for _ in range(5000):
        deep = {"value": "c", "parent": deep}
    with pytest.raises(SpecError, match="nested too deeply"):
        wire.encode("mesos.v1.ContainerID", deep)
    data = b"\x0a\x01c"
    for _ in range(150):
        data = b"\x0a\x01c\x12" + bytes([len(data) & 0x7f | 0x80, len(data) >> 7]) + data
    with pytest.raises(SpecError, match="is not a serialized"):
        wire.decode("mesos.v1.ContainerID", data)


def test_a_name_that_is_not_ours() -> None:
    for name in ("mesos.v1.Nonsense", "mesos.TaskInfo", "TaskInfo", "mesos.v1.TaskInfo.Nonsense", ""):
        with pytest.raises(KeyError):
            wire.schema(name)


def test_the_real_messages_may_be_in_the_same_process() -> None:
    """A framework's tests may hold protoc's own mesos.v1 and start the embedded Mesos beside it."""
    theirs = descriptor_pb2.FileDescriptorProto(name="mesos/v1/mesos.proto", package="mesos.v1", syntax="proto2")
    theirs.message_type.add(name="TaskID").field.add(name="value", number=1, type=9, label=2)
    descriptor_pool.Default().AddSerializedFile(theirs.SerializeToString())
    assert wire.encode("mesos.v1.TaskID", {"value": "t"}) == b"\x0a\x01t"


def test_the_schema_says_what_a_parser_needs() -> None:
    task = wire.schema("mesos.v1.TaskInfo")
    assert list(task)[:3] == ["name", "task_id", "agent_id"]
    assert (task["limits"].label, task["limits"].message) == ("map", "mesos.v1.Value.Scalar")
    assert (task["data"].type, task["data"].label) == ("bytes", "optional")
    network = wire.schema("mesos.v1.ContainerInfo.DockerInfo")["network"]
    assert (network.type, network.enum, network.default) == (
        "enum", {"HOST": 1, "BRIDGE": 2, "NONE": 3, "USER": 4}, "HOST")
    assert wire.schema("mesos.v1.Filters")["refuse_seconds"].default == 5.0
    assert wire.schema("mesos.v1.HealthCheck")["grace_period_seconds"].default == 10.0


def test_addict_becomes_plain() -> None:
    tree = wire.plain(addict.Dict({"a": {"b": [{"c": (1, 2)}]}}))
    assert tree == {"a": {"b": [{"c": [1, 2]}]}}
    assert type(tree) is dict
    assert type(tree["a"]["b"][0]) is dict


# Whatever fits the schema survives; whatever does not raises SpecError.

def fitting(name: str, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    """JSON that a message of this name can be, from its schema."""
    required, optional = {}, {}
    for field in wire.schema(name).values():
        if field.label == "required":
            required[field.name] = _single(field, depth)
        elif depth > 0 or field.message is None:
            optional[field.name] = _labelled(field, depth)
    return st.fixed_dictionaries(required, optional=optional)


def _labelled(field: wire.FieldSchema, depth: int) -> st.SearchStrategy[Any]:
    single = _single(field, depth)
    if field.label == "repeated":
        return st.lists(single, min_size=1, max_size=2)
    return st.dictionaries(texts, single, min_size=1, max_size=2) if field.label == "map" else single


def _single(field: wire.FieldSchema, depth: int) -> st.SearchStrategy[Any]:
    if field.message is not None:
        name = field.message
        return st.deferred(lambda: fitting(name, depth - 1))
    if field.enum is not None:
        return st.sampled_from(sorted(field.enum))
    return {"string": texts, "bytes": st.sampled_from(["", "aA==", "aGVsbG8="]), "bool": st.booleans(),
            "double": st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["Infinity", "NaN"]),
            "int32": st.integers(-(1 << 31), (1 << 31) - 1), "uint32": st.integers(0, (1 << 32) - 1),
            "int64": st.integers(-(1 << 63), (1 << 63) - 1), "uint64": st.integers(0, (1 << 64) - 1)}[field.type]


@pytest.mark.parametrize("name", APIS)
def test_calls_and_events_survive(name: str) -> None:
    @given(fitting(name, 3))
    @settings(max_examples=25)
    def survives(mapping: dict[str, Any]) -> None:
        assert wire.decode(name, wire.encode(name, mapping)) == mapping

    survives()


@given(st.sampled_from(APIS), json_values())
def test_arbitrary_json_is_encoded_or_refused(name: str, value: Any) -> None:
    with contextlib.suppress(SpecError):
        wire.encode(name, value)


@given(st.sampled_from(APIS), st.binary(max_size=60))
def test_arbitrary_bytes_are_decoded_or_refused(name: str, data: bytes) -> None:
    with contextlib.suppress(SpecError):
        wire.encode(name, wire.decode(name, data))
