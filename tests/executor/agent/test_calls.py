"""The executor's calls as they travel."""
from __future__ import annotations

import json
import uuid
from base64 import b64encode

from executor.agent import calls as agent_calls
from executor.agent.outbox import Outbox, launched, stored
from executor.settings.agent import AgentSettings
from specs.messages.check import CheckStatusInfo, TcpResult
from specs.messages.containerinfo import IPAddress, NetworkInfo
from specs.messages.status import TaskState, TaskStatus
from specs.network.address import HostPort
from specs.rules.executor_call import call_problem

SETTINGS = AgentSettings(address=HostPort("127.0.0.1", 5051), path="/", framework_id="f", executor_id="e",
                         agent_id="a", directory="/", shutdown_grace=5.0)
IDS = {"executor_id": {"value": "e"}, "framework_id": {"value": "f"}}
UUID = uuid.UUID(int=1, version=4).bytes


def test_a_bare_update() -> None:
    call = agent_calls.update(SETTINGS, TaskStatus("t", TaskState.STARTING, uuid=UUID, timestamp=12.5))
    assert call == {**IDS, "type": "UPDATE", "update": {"status": {
        "task_id": {"value": "t"}, "state": "TASK_STARTING", "source": "SOURCE_EXECUTOR", "executor_id": {"value": "e"},
        "timestamp": 12.5, "uuid": b64encode(UUID).decode()}}}
    assert call_problem(call) is None


def test_an_update_with_all_it_may_carry() -> None:
    info = NetworkInfo((IPAddress(ip_address="172.17.0.2"),))
    status = TaskStatus("t", TaskState.FAILED, message="no", reason="REASON_CONTAINER_LIMITATION_MEMORY", healthy=False,
                        data=b"\x00\xff", network_infos=(info,), timestamp=1.0,
                        check_status=CheckStatusInfo("TCP", tcp=TcpResult()), uuid=UUID)
    said = agent_calls.update(SETTINGS, status)["update"]["status"]
    expected = {"message": "no", "reason": "REASON_CONTAINER_LIMITATION_MEMORY", "healthy": False, "data": "AP8=",
                "check_status": {"type": "TCP", "tcp": {}},
                "container_status": {"network_infos": [{"ip_addresses": [{"ip_address": "172.17.0.2"}]}]}}
    assert {name: said[name] for name in expected} == expected


def test_a_message_that_is_no_utf_8_does_not_make_the_call_unreadable() -> None:
    status = TaskStatus("t", TaskState.FAILED, message="caf\udce9", uuid=UUID)
    said = agent_calls.update(SETTINGS, status)["update"]["status"]["message"]
    assert said == "caf?"
    assert json.loads(json.dumps(said).encode()) == said


def test_subscribe_carries_the_outbox_in_order() -> None:
    box = launched(launched(Outbox(), "t2", {"task_id": {"value": "t2"}}), "t1", {"task_id": {"value": "t1"}})
    for number, state in enumerate((TaskState.STARTING, TaskState.RUNNING), 1):
        box = stored(box, TaskStatus("t1", state, uuid=uuid.UUID(int=number, version=4).bytes))
    call = agent_calls.subscribe(SETTINGS, box)
    assert call["type"] == "SUBSCRIBE"
    assert call["subscribe"]["unacknowledged_tasks"] == [{"task_id": {"value": "t2"}}, {"task_id": {"value": "t1"}}]
    assert [each["status"]["state"] for each in call["subscribe"]["unacknowledged_updates"]] == [
        "TASK_STARTING", "TASK_RUNNING"]
    assert call_problem(call) is None


def test_message_and_heartbeat() -> None:
    assert agent_calls.message(SETTINGS, b"\x00a") == {**IDS, "type": "MESSAGE", "message": {"data": "AGE="}}
    assert agent_calls.heartbeat(SETTINGS) == {**IDS, "type": "HEARTBEAT"}
    for call in (agent_calls.message(SETTINGS, b""), agent_calls.heartbeat(SETTINGS)):
        assert call_problem(call) is None
