"""Messages of mesos.internal: to bytes and back."""
from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.agent.first_call import REGISTER
from executor.agent.outbox import Outbox, launched, stored
from executor.agent.v0 import messages as m
from executor.settings.agent import AgentSettings
from specs.errors import SpecError
from specs.forms import wire
from specs.messages.status import TaskState, TaskStatus
from specs.network.address import HostPort


def settings(framework_id: str = "F", executor_id: str = "E") -> AgentSettings:
    return AgentSettings(address=HostPort("127.0.0.1", 5051), path="/", framework_id=framework_id,
                         executor_id=executor_id, agent_id="A", directory="/", shutdown_grace=5.0)


def heard(name: str, **fields: Any) -> m.Heard | None:
    return m.parse(m.PACKAGE + name, wire.encode(m.PACKAGE + name, fields))


def ids(*names: str) -> dict[str, Any]:
    values = {"slave_id": "A", "framework_id": "F", "executor_id": "E", "task_id": "t"}
    return {name: {"value": values[name]} for name in names}


UUID = bytes(range(16))
TASK = {"name": "t", "task_id": {"value": "t"}, "agent_id": {"value": "A"}}


@given(st.text(max_size=300), st.text(max_size=300))
def test_what_is_written_by_hand_is_what_protobuf_writes(framework_id: str, executor_id: str) -> None:
    expected = wire.encode(REGISTER, {"framework_id": {"value": framework_id}, "executor_id": {"value": executor_id}})
    assert m.register(settings(framework_id, executor_id)) == expected


@pytest.mark.parametrize(("name", "fields", "expected"), [
    ("ReconnectExecutorMessage", ids("slave_id"), m.Reconnect("A")),
    ("ExecutorReregisteredMessage", {**ids("slave_id"), "slave_info": {"hostname": "h"}},
     m.Reregistered("A", {"hostname": "h"})),
    ("RunTaskMessage", {"framework": {"user": "u", "name": "n", "id": {"value": "F"}}, "task": TASK},
     m.RunTask("F", "t", TASK)),
    ("KillTaskMessage", ids("framework_id", "task_id"), m.KillTask("F", "t", None)),
    ("KillTaskMessage", {**ids("framework_id", "task_id"),
                         "kill_policy": {"grace_period": {"nanoseconds": 1_500_000_000}}}, m.KillTask("F", "t", 1.5)),
    ("StatusUpdateAcknowledgementMessage",
     {**ids("slave_id", "framework_id", "task_id"), "uuid": b64encode(UUID).decode()}, m.Acknowledged("F", "t", UUID)),
    ("FrameworkToExecutorMessage", {**ids("slave_id", "framework_id", "executor_id"), "data": "aGk="},
     m.FrameworkMessage("F", "E", b"hi")),
    ("ShutdownExecutorMessage", {}, m.Shutdown(None, None)),
    ("ShutdownExecutorMessage", ids("framework_id", "executor_id"), m.Shutdown("F", "E")),
    ("ExecutorRegisteredMessage",
     {**ids("framework_id", "slave_id"), "executor_info": {"executor_id": {"value": "E"}},
      "framework_info": {"user": "u", "name": "n"}, "slave_info": {"hostname": "h"}},
     m.Registered("A", "F", {"executor_id": {"value": "E"}}, {"user": "u", "name": "n"}, {"hostname": "h"})),
])
def test_heard(name: str, fields: dict[str, Any], expected: m.Heard) -> None:
    assert heard(name, **fields) == expected


@pytest.mark.parametrize("name", ["mesos.internal.RunTaskGroupMessage", "mesos.internal.StatusUpdateMessage",
                                  "RunTaskMessage", "mesos.v1.TaskInfo", "", "mesos.internal."])
def test_what_no_executor_reads(name: str) -> None:
    assert m.parse(name, b"") is None


@pytest.mark.parametrize("body", [b"", b"\xff\xff", b"\x0a\x02\x0a\xff"])
def test_bytes_that_are_no_such_message(body: bytes) -> None:
    with pytest.raises(SpecError):
        m.parse(m.PACKAGE + "KillTaskMessage", body)


def test_an_update_says_what_mesos_own_executor_says() -> None:
    status = TaskStatus("t", TaskState.FINISHED, message="over", timestamp=7.5, uuid=UUID)
    uuid = b64encode(UUID).decode()
    assert wire.decode(m.UPDATE, m.update(settings(), status, "executor(1)@1.2.3.4:5")) == {
        "update": {**ids("framework_id", "executor_id", "slave_id"), "timestamp": 7.5, "uuid": uuid,
                   "status": {"task_id": {"value": "t"}, "state": "TASK_FINISHED", "message": "over",
                              "agent_id": {"value": "A"}, "timestamp": 7.5, "uuid": uuid}},
        "pid": "executor(1)@1.2.3.4:5"}


def test_reregistering_carries_tasks_and_updates_in_order() -> None:
    box = launched(Outbox(), "t", TASK)
    for number, state in enumerate((TaskState.STARTING, TaskState.RUNNING)):
        box = stored(box, TaskStatus("t", state, timestamp=float(number), uuid=bytes([number] * 16)))
    said = wire.decode(m.REREGISTER, m.reregister(settings(), box))
    assert said["tasks"] == [TASK]
    assert [each["status"]["state"] for each in said["updates"]] == ["TASK_STARTING", "TASK_RUNNING"]
    assert said["executor_id"] == {"value": "E"}


def test_a_framework_message() -> None:
    assert wire.decode(m.MESSAGE, m.message(settings(), b"\0hi")) == {
        **ids("slave_id", "framework_id", "executor_id"), "data": b64encode(b"\0hi").decode()}
