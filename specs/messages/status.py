"""How a task is: its states, and the update that tells of one.

A `TaskStatus` here is what happened, in values, for the executor that reports it and for the
scheduler that is told. `specs/forms/render.py` gives it the form that travels;
`specs/messages/status_message.py` reads that form. This module imports next to nothing, because an
executor needs it before it may say a word.
"""
from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specs.messages.check import CheckStatusInfo
    from specs.messages.containerinfo import NetworkInfo
    from specs.messages.resource import Resource
    from specs.messages.values import Label


class TaskState(enum.StrEnum):
    """mesos.v1.TaskState, by its own names."""

    STAGING = "TASK_STAGING"
    STARTING = "TASK_STARTING"
    RUNNING = "TASK_RUNNING"
    KILLING = "TASK_KILLING"
    FINISHED = "TASK_FINISHED"
    FAILED = "TASK_FAILED"
    KILLED = "TASK_KILLED"
    ERROR = "TASK_ERROR"
    LOST = "TASK_LOST"
    DROPPED = "TASK_DROPPED"
    UNREACHABLE = "TASK_UNREACHABLE"
    GONE = "TASK_GONE"
    GONE_BY_OPERATOR = "TASK_GONE_BY_OPERATOR"
    UNKNOWN = "TASK_UNKNOWN"


TERMINAL_STATES = frozenset({
    TaskState.FINISHED, TaskState.FAILED, TaskState.KILLED, TaskState.ERROR, TaskState.LOST,
    TaskState.DROPPED, TaskState.GONE, TaskState.GONE_BY_OPERATOR,
})


def is_terminal(state: str) -> bool:
    """Whether nothing can come after this state. From UNREACHABLE and UNKNOWN a task may come back.
    """
    return state in TERMINAL_STATES


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """One update. `reason` is a mesos.v1.TaskStatus.Reason by name; `data` is opaque bytes.

    Without `network_infos` an executor's agent fills in its own address. The fields from `source`
    on are set by Mesos on the way, so only a scheduler finds them.
    """

    task_id: str
    state: TaskState
    message: str | None = None
    reason: str | None = None
    healthy: bool | None = None
    data: bytes | None = None
    network_infos: tuple[NetworkInfo, ...] = ()
    check_status: CheckStatusInfo | None = None
    timestamp: float | None = None  # seconds since the epoch; set by the shell that sends it
    uuid: bytes | None = None  # 16 bytes; set by the shell that sends it; a scheduler acknowledges what has one
    labels: tuple[Label, ...] = ()
    source: str | None = None  # SOURCE_MASTER, SOURCE_AGENT or SOURCE_EXECUTOR
    agent_id: str | None = None
    executor_id: str | None = None
    container_id: str | None = None
    executor_pid: int | None = None
    unreachable_time: int | None = None  # nanoseconds since the epoch: when the agent was lost
    limitation: tuple[Resource, ...] | None = None  # the resources that were overrun
