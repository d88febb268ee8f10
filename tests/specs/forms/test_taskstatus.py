"""Statuses: rendered as Mesos's JSON form, read back for the scheduler."""
from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.errors import SpecError
from specs.forms import wire
from specs.forms.render import plain, status_update
from specs.forms.taskstatus import status_from_mapping
from specs.messages.check import CheckStatusInfo, TcpResult
from specs.messages.containerinfo import IPAddress, NetworkInfo
from specs.messages.resource import Resource
from specs.messages.status import TERMINAL_STATES, TaskState, TaskStatus, is_terminal
from specs.messages.status_message import ReasonName, StatusMessage
from specs.messages.values import Label
from specs.rules.executor_call import call_problem
from tests.specs.strategies import doubles, messages, texts

UUID = bytes(range(6)) + b"\x40" + bytes(9)


def test_an_update_as_an_agent_expects_it() -> None:
    status = TaskStatus(
        "t", TaskState.RUNNING, message="up", reason="REASON_TASK_HEALTH_CHECK_STATUS_UPDATED", healthy=True,
        data=b"\x00\xff", network_infos=(NetworkInfo((IPAddress(ip_address="10.0.0.9"),), "net"),),
        check_status=CheckStatusInfo("TCP", tcp=TcpResult(succeeded=True)), timestamp=12.5, uuid=UUID,
        labels=(Label("k", "v"),))
    said = status_update(status, executor_id="e")
    assert said == {
        "task_id": {"value": "t"}, "state": "TASK_RUNNING", "source": "SOURCE_EXECUTOR", "executor_id": {"value": "e"},
        "reason": "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED", "message": "up", "healthy": True, "data": "AP8=",
        "timestamp": 12.5, "uuid": "AAECAwQFQAAAAAAAAAAAAA==", "labels": {"labels": [{"key": "k", "value": "v"}]},
        "check_status": {"type": "TCP", "tcp": {"succeeded": True}},
        "container_status": {"network_infos": [{"name": "net", "ip_addresses": [{"ip_address": "10.0.0.9"}]}]}}
    call = {"executor_id": {"value": "e"}, "framework_id": {"value": "f"}, "type": "UPDATE", "update": {"status": said}}
    assert call_problem(call) is None
    assert wire.decode("mesos.v1.executor.Call", wire.encode("mesos.v1.executor.Call", call)) == call


def test_the_smallest_update() -> None:
    assert status_update(TaskStatus("t", TaskState.STARTING)) == {
        "task_id": {"value": "t"}, "state": "TASK_STARTING", "source": "SOURCE_EXECUTOR"}


def test_falsehood_and_emptiness_are_said() -> None:
    said = status_update(TaskStatus("t", TaskState.KILLED, message="", healthy=False, data=b"", timestamp=0.0,
                                    check_status=CheckStatusInfo()))
    said = {name: said[name] for name in ("message", "healthy", "data", "timestamp", "check_status")}
    assert said == {"message": "", "healthy": False, "data": "", "timestamp": 0.0, "check_status": {}}


def test_a_message_with_bytes_that_are_no_text_can_travel() -> None:
    said = status_update(TaskStatus("t", TaskState.FAILED, message="caf\udce9 ☕"))
    assert said["message"] == "caf? ☕"
    json.dumps(said, ensure_ascii=False).encode("utf-8")


def test_what_a_master_sends() -> None:
    status = status_from_mapping({
        "task_id": {"value": "t"}, "state": "TASK_LOST", "source": "SOURCE_MASTER", "reason": "REASON_RECONCILIATION",
        "message": "Reconciliation: Task is unknown", "agent_id": {"value": "S1"}, "executor_id": {"value": "e"},
        "timestamp": 1700000000.25, "unreachable_time": {"nanoseconds": 7}, "new_field": {}, "data": None,
        "container_status": {"container_id": {"value": "c", "parent": {"value": "p"}}, "executor_pid": 12,
                             "network_infos": [{"ip_addresses": [{"protocol": "IPv4", "ip_address": "127.0.0.1"}]}]},
        "limitation": {"resources": [{"name": "mem", "type": "SCALAR", "scalar": {"value": 33}}]}})
    assert status == TaskStatus(
        "t", TaskState.LOST, message="Reconciliation: Task is unknown", reason="REASON_RECONCILIATION",
        network_infos=(NetworkInfo((IPAddress("IPv4", "127.0.0.1"),)),), timestamp=1700000000.25,
        source="SOURCE_MASTER", agent_id="S1", executor_id="e", container_id="c", executor_pid=12, unreachable_time=7,
        limitation=(Resource("mem", "SCALAR", scalar=33.0),))


@pytest.mark.parametrize(("mapping", "error"), [
    ({}, "task_id: is required"),
    ({"task_id": {"value": "t"}}, "state: is required"),
    ({"task_id": {"value": "t"}, "state": "TASK_DANCING"}, "state: is no state of a task: TASK_DANCING"),
    ({"task_id": {"value": "t"}, "state": 1}, "state: must be a text, found the number 1"),
    ({"task_id": {"value": "t"}, "state": "TASK_LOST", "uuid": "%"},
     "uuid: must be bytes in base64, found the text '%'"),
])
def test_a_status_that_cannot_be_read(mapping: Any, error: str) -> None:
    with pytest.raises(SpecError) as caught:
        status_from_mapping(mapping)
    assert str(caught.value) == error


statuses = st.builds(
    TaskStatus, task_id=texts, state=st.sampled_from(TaskState), message=st.none() | texts,
    healthy=st.none() | st.booleans(),
    reason=st.none() | st.sampled_from(get_args(ReasonName)[1].names), data=st.none() | st.binary(max_size=9),
    timestamp=st.none() | doubles, uuid=st.none() | st.binary(min_size=16, max_size=16),
    labels=st.lists(messages(Label), max_size=2).map(tuple), agent_id=st.none() | texts, executor_id=st.none() | texts,
    source=st.sampled_from(["SOURCE_MASTER", "SOURCE_AGENT", "SOURCE_EXECUTOR"]), container_id=st.none() | texts,
    executor_pid=st.none() | st.integers(0, 1 << 31), unreachable_time=st.none() | st.integers(0, 1 << 62),
    limitation=st.none() | st.lists(messages(Resource, 1), max_size=2).map(tuple))


@given(statuses)
def test_a_status_survives(status: TaskStatus) -> None:
    assert status_from_mapping(status_update(status)) == status


def either_way(mapping: Mapping[str, Any]) -> tuple[Any, Any]:
    """What both readers make of it: the one by hand is for dicts only."""
    results: list[Any] = []
    for each in (mapping, MappingProxyType(mapping)):
        try:
            results.append(status_from_mapping(each))
        except SpecError as error:
            results.append(str(error))
    return results[0], results[1]


@given(messages(StatusMessage, 3))
def test_both_readers_agree_on_what_is_valid(message: StatusMessage) -> None:
    by_hand, long_way = either_way(plain(message))
    assert by_hand == long_way


EVERY_DAY = {
    "task_id": {"value": "t"}, "state": "TASK_RUNNING", "source": "SOURCE_EXECUTOR", "agent_id": {"value": "S0"},
    "executor_id": {"value": "e1"}, "timestamp": 1795485217.5, "uuid": "ulz1ji95QWKA/DoPsMx4Mg==", "healthy": True,
    "message": "up", "reason": "REASON_TASK_INVALID", "data": "AP8=", "container_status": {
        "container_id": {"value": "c"}, "executor_pid": 7, "network_infos": [
            {"name": "n", "ip_addresses": [{"protocol": "IPv4", "ip_address": "10.0.0.9"}]}]}}
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1 << 40, 2.5, "", "é", "\ud800", "A", "A===", "7", b"AP8=", [], ["x"], [None], {}, {"value": 1},
    {"value": None}, {"value": "x", "more": 1}, {"more": {}}, [{"ip_addresses": {}}], [{"labels": {}}])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(value[key], (*path, key))


@pytest.mark.parametrize("path", list(places(EVERY_DAY)), ids=lambda path: ".".join(map(str, path)))
def test_both_readers_agree_on_what_is_odd(path: tuple[Any, ...]) -> None:
    for odd in ODD:
        mapping = copy.deepcopy(EVERY_DAY)
        inner: Any = mapping
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = odd
        by_hand, long_way = either_way(mapping)
        assert by_hand == long_way, odd
        del inner[path[-1]]
        by_hand, long_way = either_way(mapping)
        assert by_hand == long_way


@given(messages(StatusMessage, 3))
def test_nothing_that_a_scheduler_wants_is_lost(message: StatusMessage) -> None:
    """All but the parent of the container and the class of its network."""
    status = status_from_mapping(plain(message))
    expected = dataclasses.replace(message, container_status=None)
    said = status_update(status)
    said.pop("container_status", None)
    if message.source is None:
        assert said.pop("source") == "SOURCE_EXECUTOR"
    assert said == plain(expected)
    if message.container_status is not None:
        assert status.network_infos == message.container_status.network_infos


def test_terminal_states() -> None:
    assert {state.name for state in TaskState if is_terminal(state)} == {
        "FINISHED", "FAILED", "KILLED", "ERROR", "LOST", "DROPPED", "GONE", "GONE_BY_OPERATOR"}
    assert len(TERMINAL_STATES) == 8
