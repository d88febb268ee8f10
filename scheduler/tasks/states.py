"""What Mesos's word for a task means for an instance, and what follows from it.

Mesos has two words for a task that nobody knows of: TASK_LOST, from before frameworks were told of
partitions, says with its reason which of four it is; the others name it themselves. As Marathon:
core/task/TaskCondition.scala, core/task/state/TaskConditionMapping.scala,
core/condition/Condition.scala, state/TaskFailure.scala,
core/task/update/impl/TaskStatusUpdateProcessorImpl.scala,
core/instance/update/InstanceUpdater.scala.
"""
from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scheduler.tasks.conditions import Condition
from specs.messages.status import TaskState

_CONDITIONS = {
    TaskState.STAGING: Condition.STAGING, TaskState.STARTING: Condition.STARTING,
    TaskState.RUNNING: Condition.RUNNING, TaskState.KILLING: Condition.KILLING,
    TaskState.FINISHED: Condition.FINISHED, TaskState.FAILED: Condition.FAILED,
    TaskState.KILLED: Condition.KILLED,
    TaskState.ERROR: Condition.ERROR, TaskState.DROPPED: Condition.DROPPED,
    TaskState.GONE: Condition.GONE,
    TaskState.GONE_BY_OPERATOR: Condition.GONE, TaskState.UNKNOWN: Condition.UNKNOWN,
    TaskState.UNREACHABLE: Condition.UNREACHABLE,
}
_STATES = {condition: state for state,
           condition in _CONDITIONS.items() if state is not TaskState.GONE_BY_OPERATOR} | {
    Condition.UNREACHABLE_INACTIVE: TaskState.UNREACHABLE,
    Condition.SCHEDULED: TaskState.STAGING, Condition.PROVISIONED: TaskState.STAGING,
}
_UNKNOWN_MESSAGE = "Reconciliation: Task is unknown to the"  # a master of Mesos 1.0 or before has no reason for it
_LOST_UNREACHABLE = frozenset({"REASON_RECONCILIATION", "REASON_SLAVE_DISCONNECTED",
                               "REASON_SLAVE_REMOVED"})
_FAILURES = frozenset({TaskState.FAILED, TaskState.ERROR, TaskState.LOST, TaskState.DROPPED,
                       TaskState.GONE, TaskState.GONE_BY_OPERATOR, TaskState.UNKNOWN})


def condition(state: TaskState, reason: str | None = None, message: str | None = None) -> Condition:
    """Of an instance whose task is in this state; `reason` and `message` are the update's, and
    matter for TASK_LOST.
    """
    if state is not TaskState.LOST:
        return _CONDITIONS[state]
    if (message or "").startswith(_UNKNOWN_MESSAGE) or reason == "REASON_TASK_UNKNOWN":
        return Condition.UNKNOWN
    return Condition.UNREACHABLE if reason in _LOST_UNREACHABLE else Condition.GONE


def api_state(of: Condition) -> TaskState:
    """The `state` that people read of a task whose instance is in this condition."""
    return _STATES[of]


def is_failure(state: TaskState) -> bool:
    """Whether an app's `lastTaskFailure` tells of it.

    (So does a kill for a failed health check, as TASK_KILLED.)
    """
    return state in _FAILURES


class Reaction(enum.Enum):
    """What an update of a task that belongs to no instance comes to.

    It is acknowledged in any case.
    """

    KILL = "kill"  # it runs, and nobody wants it
    TERMINAL_EVENT = "terminalEvent"  # it has ended: said once (unknown_instance_terminated_event)
    IGNORE = "ignore"  # it is ending already


def unknown_task(of: Condition) -> Reaction:
    """What to do about a task of no instance that is known."""
    if of.is_terminal or of is Condition.UNREACHABLE:
        return Reaction.TERMINAL_EVENT
    return Reaction.IGNORE if of is Condition.KILLING else Reaction.KILL


@dataclass(frozen=True, slots=True)
class Patience:
    """An app's `unreachableStrategy`: how long an unreachable instance is waited for, and how long
    it is known.

    Times are seconds.
    """

    inactive_after: float = 0.0
    expunge_after: float = 0.0


class Lost(enum.Enum):
    """How an unreachable instance stands."""

    WAITED_FOR = "Unreachable"  # it counts as an instance
    REPLACED = "UnreachableInactive"  # another starts; if it comes back, one of them goes
    FORGOTTEN = "expunge"  # if it comes back, it is killed


def unreachable(patience: Patience | None, since: float, now: float) -> Lost:
    """How an instance stands that is unreachable `since` then; without `patience` (`disabled`) it
    is waited for.
    """
    if patience is None:
        return Lost.WAITED_FOR
    if now - since >= patience.expunge_after:
        return Lost.FORGOTTEN
    return Lost.REPLACED if now - since >= patience.inactive_after else Lost.WAITED_FOR


@dataclass(frozen=True, slots=True)
class Counts:
    """An app's `tasksStaged`, `tasksRunning`, `tasksHealthy`, `tasksUnhealthy`."""

    staged: int = 0
    running: int = 0
    healthy: int = 0
    unhealthy: int = 0


def counts(tasks: Iterable[tuple[TaskState | None, Sequence[bool]]]) -> Counts:
    """Over tasks that were launched: the state that Mesos told last (None: none yet), and of each
    check that has a result whether it is alive. As Marathon:
    core/appinfo/impl/TaskForStatistics.scala."""
    staged = running = healthy = unhealthy = 0
    for state, alive in tasks:
        staged += state in (None, TaskState.STAGING)
        running += state is TaskState.RUNNING
        healthy += bool(alive) and all(alive)
        unhealthy += not all(alive)
    return Counts(staged, running, healthy, unhealthy)
