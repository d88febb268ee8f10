"""The calls of the executor API in their JSON form: what is said to an agent, in values only.

As Mesos: include/mesos/v1/executor/executor.proto. Bytes travel as base64, ids as {"value": …}.
"""
from __future__ import annotations

from base64 import b64encode
from typing import Any

from executor.agent.outbox import Outbox
from executor.settings.agent import AgentSettings
from specs.forms.render import status_update
from specs.messages.status import TaskStatus

Call = dict[str, Any]


def subscribe(settings: AgentSettings, box: Outbox) -> Call:
    """SUBSCRIBE, with all that is not acknowledged, in order."""
    return _call(settings, "SUBSCRIBE", subscribe={
        "unacknowledged_tasks": [dict(task) for task in box.tasks.values()],
        "unacknowledged_updates": [
            {"status": status_update(status, executor_id=settings.executor_id)}
            for status in box.updates],
    })


def update(settings: AgentSettings, status: TaskStatus) -> Call:
    """UPDATE; the status needs its uuid and should have its time."""
    return _call(settings, "UPDATE", update={"status": status_update(status,
                                                                     executor_id=settings.executor_id)})


def message(settings: AgentSettings, data: bytes) -> Call:
    """MESSAGE, to the scheduler; nobody confirms its delivery."""
    return _call(settings, "MESSAGE", message={"data": b64encode(data).decode()})


def heartbeat(settings: AgentSettings) -> Call:
    """HEARTBEAT: whatever stands between us and the agent sees that the connection is used."""
    return _call(settings, "HEARTBEAT")


def _call(settings: AgentSettings, kind: str, **content: Any) -> Call:
    return {"type": kind, "executor_id": {"value": settings.executor_id},
            "framework_id": {"value": settings.framework_id}, **content}
