"""What an inspection of a container says about its task."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine.port import Inspection
from executor.life.events import Event, Exited, Restarted, StartedAgain
from executor.life.outcomes import Exit
from executor.life.task import Task

_BEING_REMOVED = ("removing", "dead")  # State.Status, from the beginning of a forced removal on


def seen(task: Task, inspection: Inspection) -> Event | None:
    """What a look at the task's container means; None: it runs on."""
    state: Mapping[str, Any] = inspection.raw.get("State") or {}
    if not inspection.running and not state.get("Restarting"):
        return Exited(Exit(inspection.exit_code or 0, oom=inspection.oom_killed, error=inspection.error,
                           removed=state.get("Status") in _BEING_REMOVED))
    same = inspection.pid == task.pid and task.pid is not None
    if same or (task.pid is None and task.told_exit is None):
        return None
    if task.terms.restarts:
        return Restarted(inspection.pid)
    return StartedAgain(inspection.pid)
