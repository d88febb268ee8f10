"""The port to a place that outlives the process: the framework id and the tasks that have not
ended.

What was saved is durable when `flush` returns: a task before it is launched, an update before it is
acknowledged. So a scheduler that starts again subscribes as the framework that it was and asks
after every task that it had.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from scheduler.tasks.launching import Task
from scheduler.tasks.ledger import Entry
from specs.messages.task import ExecutorInfo


class StorageError(Exception):
    """What was saved could not be made durable yet."""


class Storage(Protocol):
    """Used by one thread."""

    def framework_id(self) -> str | None:
        """The id to subscribe with; None for a new framework."""
        ...

    def save_framework_id(self, framework_id: str) -> None: ...

    def save_task(self, entry: Entry, task: Task) -> None: ...

    def save_entry(self, entry: Entry) -> None:
        """A task that has ended is forgotten. One whose task was not saved is kept without it."""
        ...

    def save_executor(self, agent_id: str, executor_id: str, info: ExecutorInfo | None) -> None:
        """The ExecutorInfo for all its tasks there, also those of the scheduler that comes next;
        None: it is over.
        """
        ...

    def executors(self) -> Iterable[tuple[str, str, ExecutorInfo]]:
        """What `save_executor` was told: agent id, executor id, ExecutorInfo."""
        ...

    def forget(self) -> None:
        """The framework is over: its id, its executors and its tasks."""
        ...

    def flush(self) -> None:
        """Raises StorageError if it cannot be made durable now; nothing that was saved is lost by
        that.
        """
        ...

    def tasks(self, now: float) -> Iterable[tuple[Entry, Task | None]]:
        """The tasks that had not ended; None where nothing is kept of one but its entry.

        `now` becomes the time of their phases: clocks start anew with a process.
        """
        ...


class Nowhere:
    """The storage of a scheduler that does not come back: keeps nothing, and has nothing."""

    def framework_id(self) -> str | None:
        return None

    def save_framework_id(self, framework_id: str) -> None:
        pass

    def save_task(self, entry: Entry, task: Task) -> None:
        pass

    def save_entry(self, entry: Entry) -> None:
        pass

    def save_executor(self, agent_id: str, executor_id: str, info: ExecutorInfo | None) -> None:
        pass

    def executors(self) -> Iterable[tuple[str, str, ExecutorInfo]]:
        return ()

    def forget(self) -> None:
        pass

    def flush(self) -> None:
        pass

    def tasks(self, now: float) -> Iterable[tuple[Entry, Task | None]]:  # noqa: ARG002 - the port's signature
        return ()
