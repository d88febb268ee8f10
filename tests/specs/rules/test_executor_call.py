"""What an executor may say: the agent's rules."""
from __future__ import annotations

import base64
import copy
import uuid
from typing import Any

import pytest

from specs.rules.executor_call import call_problem

UUID = base64.b64encode(uuid.UUID("91f14bc9-875d-439f-92e1-2f6712a96159").bytes).decode()
IDS = {"executor_id": {"value": "e1"}, "framework_id": {"value": "f1"}}
STATUS = {"task_id": {"value": "t"}, "state": "TASK_RUNNING", "source": "SOURCE_EXECUTOR", "uuid": UUID}


def update(**changes: Any) -> dict[str, Any]:
    status = {**copy.deepcopy(STATUS), **changes}
    return {**IDS, "type": "UPDATE", "update": {"status": {k: v for k, v in status.items() if v is not None}}}


def of_uuid(version: int) -> str:
    return base64.b64encode(uuid.UUID(int=1, version=version).bytes).decode()


@pytest.mark.parametrize("call", [
    {**IDS, "type": "SUBSCRIBE", "subscribe": {}},
    {**IDS, "type": "HEARTBEAT"},
    {**IDS, "type": "MESSAGE", "message": {"data": ""}},
    update(),
    update(executor_id={"value": "e1"}),
    *(update(uuid=of_uuid(version)) for version in range(1, 6)),
    *(update(check_status={"type": kind.upper(), kind: {}}) for kind in ("command", "http", "tcp")),
])
def test_what_an_agent_takes(call: dict[str, Any]) -> None:
    assert call_problem(call) is None


SENDER = "executor e1 of framework f1"


@pytest.mark.parametrize(("call", "problem"), [
    ({**IDS}, "Expecting 'type' to be present"),
    ({"type": "HEARTBEAT", "framework_id": {"value": "f1"}}, "Expecting 'executor_id' to be present"),
    ({"type": "HEARTBEAT", "executor_id": {"value": "e1"}}, "Expecting 'framework_id' to be present"),
    ({**IDS, "type": "SUBSCRIBE"}, "Expecting 'subscribe' to be present"),
    ({**IDS, "type": "UPDATE"}, "Expecting 'update' to be present"),
    ({**IDS, "type": "MESSAGE"}, "Expecting 'message' to be present"),
    (update(uuid=None), "Expecting 'uuid' to be present"),
    (update(uuid=""), "Not a valid UUID"),
    (update(uuid="not base64"), "Not a valid UUID"),
    (update(uuid=base64.b64encode(bytes(15)).decode()), "Not a valid UUID"),
    (update(uuid=base64.b64encode(bytes(16)).decode()), "Not a valid UUID"),  # version 0
    (update(executor_id={"value": "e2"}), "ExecutorID in Call: e1 does not match ExecutorID in TaskStatus: e2"),
    (update(source=None), f"Received Call from {SENDER} with invalid source, expecting 'SOURCE_EXECUTOR'"),
    (update(source="SOURCE_AGENT"), f"Received Call from {SENDER} with invalid source, expecting 'SOURCE_EXECUTOR'"),
    (update(state="TASK_STAGING"), f"Received TASK_STAGING from {SENDER} which is not allowed"),
    (update(check_status={}), "CheckStatusInfo must specify 'type'"),
    (update(check_status={"type": "UNKNOWN"}), "'UNKNOWN' is not a valid check's status type"),
    (update(check_status={"type": "HTTP", "tcp": {}}), "Expecting 'http' to be set for HTTP check's status"),
])
def test_what_an_agent_refuses(call: dict[str, Any], problem: str) -> None:
    assert call_problem(call) == problem
