"""What an agent demands of an executor's call (mesos.v1.executor.Call in its JSON form), in Mesos's
words.

The executor asks this of every call before it sends it; the embedded agent asks it of every call
that arrives. As Mesos: src/common/validation.cpp, `validateExecutorCall`.
"""
from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Any

from specs.messages.check import PARTS
from specs.words.ids import is_uuid


def call_problem(call: Mapping[str, Any]) -> str | None:
    """Why an agent would refuse the call with 400, or None."""
    kind = call.get("type")
    if not kind:
        return "Expecting 'type' to be present"
    for name in ("executor_id", "framework_id"):
        if call.get(name) is None:
            return f"Expecting '{name}' to be present"
    wanted = str(kind).lower()
    if kind in {"SUBSCRIBE", "UPDATE", "MESSAGE"} and call.get(wanted) is None:
        return f"Expecting '{wanted}' to be present"
    return _update_problem(call) if kind == "UPDATE" else None


def _update_problem(call: Mapping[str, Any]) -> str | None:
    status = call["update"].get("status", {})
    executor_id, framework_id = call["executor_id"]["value"], call["framework_id"]["value"]
    if "uuid" not in status:
        return "Expecting 'uuid' to be present"
    if not _is_uuid(status["uuid"]):
        return "Not a valid UUID"
    sender = f"executor {executor_id} of framework {framework_id}"
    claimed = status.get("executor_id")
    if claimed is not None and claimed.get("value") != executor_id:
        return f"ExecutorID in Call: {executor_id} does not match ExecutorID in TaskStatus: {claimed.get('value')}"
    if status.get("source") != "SOURCE_EXECUTOR":
        return f"Received Call from {sender} with invalid source, expecting 'SOURCE_EXECUTOR'"
    if status.get("state") == "TASK_STAGING":
        return f"Received TASK_STAGING from {sender} which is not allowed"
    check_status = status.get("check_status")
    return None if check_status is None else check_status_problem(check_status)


def check_status_problem(check_status: Mapping[str, Any]) -> str | None:
    """What is wrong with a CheckStatusInfo, or None."""
    kind = check_status.get("type")
    if not kind:
        return "CheckStatusInfo must specify 'type'"
    result = PARTS.get(kind)
    if result is None:
        return f"'{kind}' is not a valid check's status type"
    if result not in check_status:
        return f"Expecting '{result}' to be set for {kind} check's status"
    return None


def _is_uuid(text: str) -> bool:
    try:
        return is_uuid(binascii.a2b_base64(text, strict_mode=True))
    except (binascii.Error, ValueError):
        return False
