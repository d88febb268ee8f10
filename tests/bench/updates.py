"""Status updates with the moments at which they came, and waiting for them."""
from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

TERMINAL = frozenset({"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED",
                      "TASK_GONE"})
RUNNING = frozenset({"TASK_RUNNING"})


@dataclass(frozen=True, slots=True)
class Update:
    """One update: when it was here by the steady clock and by the wall clock, in seconds, and the TaskStatus."""

    task: str
    state: str
    at: float
    wall: float
    status: Mapping[str, Any]

    @classmethod
    def of(cls, status: Mapping[str, Any], at: float, wall: float) -> Update:
        """From a TaskStatus in its JSON form."""
        return cls(status["task_id"]["value"], status["state"], at, wall, status)


class Stage(Protocol):
    """Where tasks are launched: an executor behind an agent of ours, or a whole cluster."""

    custom: bool  # whether our executor runs them

    def launch(self, *tasks: dict[str, Any]) -> float:
        """Launch them, all in one go; the steady clock just before that."""
        ...

    def kill(self, task: str) -> float:
        """Ask for its end; the steady clock just before that."""
        ...

    def wait(self, tasks: Iterable[str], states: Iterable[str] = TERMINAL, timeout: float = 60.0) -> dict[str, Update]:
        """See `Updates.wait`."""
        ...


class Updates:
    """All updates so far, by task; filled by the threads that read, waited for by the one that measures."""

    def __init__(self) -> None:
        self._by_task: dict[str, list[Update]] = {}
        self._changed = threading.Condition()

    def add(self, update: Update) -> None:
        """One more."""
        with self._changed:
            self._by_task.setdefault(update.task, []).append(update)
            self._changed.notify_all()

    def wait(self, tasks: Iterable[str], states: Iterable[str] = TERMINAL, timeout: float = 60.0) -> dict[str, Update]:
        """The first update with one of these states for each task; TimeoutError with what is missing.

        A task that ends without such an update is a RuntimeError with its last words.
        """
        wanted, accepted = list(dict.fromkeys(tasks)), frozenset(states)
        with self._changed:
            self._changed.wait_for(lambda: all(self._first(task, accepted | TERMINAL) for task in wanted), timeout)
            found = {task: first for task in wanted if (first := self._first(task, accepted))}
            for task in wanted:
                if task not in found and (last := self._first(task, TERMINAL)):
                    raise RuntimeError(f"{task}: {last.state}, {last.status.get('message')}")
            if missing := [task for task in wanted if task not in found]:
                raise TimeoutError(f"{len(missing)} of {len(wanted)} tasks without {sorted(accepted)}: {missing[:3]}")
            return found

    def _first(self, task: str, states: frozenset[str]) -> Update | None:
        return next((update for update in self._by_task.get(task, []) if update.state in states), None)
