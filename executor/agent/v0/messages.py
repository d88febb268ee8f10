"""The messages of mesos.internal that an agent and an executor exchange: bytes to values and back.

What the agent says becomes a value of `Heard`, whose tasks and infos are mappings in the JSON form
of mesos.v1, as everywhere at this border. What we say is built from what the outbox holds.

As Mesos: messages/messages.proto, exec/exec.cpp. An update has no source and no executor id here:
the agent adds them, and Mesos's own executor leaves them out.
"""
from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from executor.agent.first_call import register_body
from executor.agent.outbox import Outbox
from executor.settings.agent import AgentSettings
from specs.forms import Message, wire
from specs.forms.render import status_update
from specs.messages.status import TaskStatus

PACKAGE: Final = "mesos.internal."
REREGISTER: Final = PACKAGE + "ReregisterExecutorMessage"
UPDATE: Final = PACKAGE + "StatusUpdateMessage"
MESSAGE: Final = PACKAGE + "ExecutorToFrameworkMessage"


@dataclass(frozen=True, slots=True)
class Registered:
    """The agent has taken us; its tasks follow."""

    agent_id: str
    framework_id: str
    executor_info: Message
    framework_info: Message
    agent_info: Message


@dataclass(frozen=True, slots=True)
class Reregistered:
    """The agent has taken us again, and our updates with us."""

    agent_id: str
    agent_info: Message


@dataclass(frozen=True, slots=True)
class Reconnect:
    """An agent that was started again asks for us."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class RunTask:
    """Begin this task."""

    framework_id: str
    task_id: str
    task: Message


@dataclass(frozen=True, slots=True)
class KillTask:
    """End this task; `grace`, in seconds, if the kill has a policy of its own."""

    framework_id: str
    task_id: str
    grace: float | None


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The agent has stored this update."""

    framework_id: str
    task_id: str
    uuid: bytes


@dataclass(frozen=True, slots=True)
class FrameworkMessage:
    """Bytes from the scheduler."""

    framework_id: str
    executor_id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End all tasks and yourself. Newer agents say whom they mean."""

    framework_id: str | None
    executor_id: str | None


Heard = (Registered | Reregistered | Reconnect | RunTask | KillTask | Acknowledged
         | FrameworkMessage
         | Shutdown)


def parse(name: str, body: bytes) -> Heard | None:
    """What this message says; None for one that no executor reads.

    Raises SpecError for bytes that are no such message.
    """
    short = name.removeprefix(PACKAGE)
    if not name.startswith(PACKAGE) or short not in _READERS:
        return None
    return _READERS[short](wire.decode(name, body))


def _registered(said: Message) -> Registered:
    return Registered(_id(said, "slave_id"), _id(said, "framework_id"), said["executor_info"],
                      said["framework_info"], said["slave_info"])


def _run_task(said: Message) -> RunTask:
    return RunTask(str(said["framework"].get("id", {}).get("value", "")),
                   _id(said["task"], "task_id"), said["task"])


def _kill_task(said: Message) -> KillTask:
    grace = said.get("kill_policy", {}).get("grace_period", {}).get("nanoseconds")
    return KillTask(_id(said, "framework_id"), _id(said, "task_id"),
                    None if grace is None else int(grace) / 1e9)


def _shutdown(said: Message) -> Shutdown:
    return Shutdown(*(_id(said, name) if name in said else None
                      for name in ("framework_id", "executor_id")))


def _id(said: Message, name: str) -> str:
    return str(said[name]["value"])


_READERS: Final[Mapping[str, Callable[[Message], Heard]]] = {
    "ExecutorRegisteredMessage": _registered,
    "ExecutorReregisteredMessage":
        lambda said: Reregistered(_id(said, "slave_id"), said["slave_info"]),
    "ReconnectExecutorMessage": lambda said: Reconnect(_id(said, "slave_id")),
    "RunTaskMessage": _run_task,
    "KillTaskMessage": _kill_task,
    "StatusUpdateAcknowledgementMessage":
        lambda said: Acknowledged(_id(said, "framework_id"), _id(said, "task_id"),
                                  b64decode(said["uuid"])),
    "FrameworkToExecutorMessage":
        lambda said: FrameworkMessage(_id(said, "framework_id"), _id(said, "executor_id"),
                                      b64decode(said["data"])),
    "ShutdownExecutorMessage": _shutdown,
}


def register(settings: AgentSettings) -> bytes:
    """RegisterExecutor."""
    return register_body(settings.framework_id, settings.executor_id)


def reregister(settings: AgentSettings, box: Outbox) -> bytes:
    """ReregisterExecutor, with all that is not acknowledged, in order."""
    return wire.encode(REREGISTER, {
        **_ours(settings, "executor_id", "framework_id"),
        "tasks": [dict(task) for task in box.tasks.values()],
        "updates": [_update(settings, status) for status in box.updates]})


def update(settings: AgentSettings, status: TaskStatus, pid: str) -> bytes:
    """StatusUpdate; the status needs its uuid and its time. SpecError if it cannot be said."""
    return wire.encode(UPDATE, {"update": _update(settings, status), "pid": pid})


def message(settings: AgentSettings, data: bytes) -> bytes:
    """ExecutorToFramework."""
    return wire.encode(MESSAGE, {**_ours(settings, "slave_id", "framework_id", "executor_id"),
                                 "data": b64encode(data).decode()})


def _update(settings: AgentSettings, status: TaskStatus) -> dict[str, Any]:
    said = status_update(status, source=None)
    said["agent_id"] = {"value": settings.agent_id}
    return {**_ours(settings, "framework_id", "executor_id", "slave_id"), "status": said,
            "timestamp": said["timestamp"], "uuid": said["uuid"]}


def _ours(settings: AgentSettings, *names: str) -> dict[str, Any]:
    values = {"framework_id": settings.framework_id, "executor_id": settings.executor_id,
              "slave_id": settings.agent_id}
    return {name: {"value": values[name]} for name in names}
