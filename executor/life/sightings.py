"""What the engine says of a container, unasked or asked, and what that means for its task."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from executor.engine.port import ContainerAction, ContainerEvent, Inspection
from executor.life.events import (
    Event,
    Exited,
    Noticed,
    OomKilled,
    Restarted,
    SignalSeen,
    StartedAgain,
)
from executor.life.outcomes import Exit
from executor.life.task import Task

_BEING_REMOVED = ("removing", "dead")  # State.Status, from the beginning of a forced removal on


def meaning(told: ContainerEvent, task: Task, peak: int | None = None) -> Event | None:
    """What the engine told unasked; None if it is nothing to the task.

    `peak`: the memory that the container had used, bytes, if that could be read in time. A start is
    one that nobody of us has asked for, if the container's end was told before it; with a restart
    policy it is for a look to say.
    """
    match told.action:
        case ContainerAction.DIE:
            return Noticed(told.exit_code)
        case ContainerAction.DESTROY | ContainerAction.RESYNC:
            return Noticed()
        case ContainerAction.OOM:
            return OomKilled(peak)
        case ContainerAction.KILL:
            return SignalSeen(told.signal or 0)
        case ContainerAction.START:
            if task.told_exit is None:
                return None
            return Noticed() if task.terms.restarts else StartedAgain(None)
        case (ContainerAction.PAUSE | ContainerAction.UNPAUSE | ContainerAction.HEALTH
              | ContainerAction.UPDATE):
            return None
        case _:
            assert_never(told.action)


def seen(task: Task, inspection: Inspection) -> Event | None:
    """What a look at the task's container means; None: it runs on."""
    state: Mapping[str, Any] = inspection.raw.get("State") or {}
    if not inspection.running and not state.get("Restarting"):
        return Exited(Exit(inspection.exit_code or 0, oom=inspection.oom_killed,
                           error=inspection.error, removed=state.get("Status") in _BEING_REMOVED))
    same = inspection.pid == task.pid and task.pid is not None
    if same or (task.pid is None and task.told_exit is None):
        return None
    if task.terms.restarts:
        return Restarted(inspection.pid)
    return StartedAgain(inspection.pid)
