"""The port to whoever follows a framework's tasks: a display, a service, a test."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from scheduler.placement.matching import Launch, Misfit
from scheduler.tasks.ledger import Entry
from specs.messages.status import TaskStatus
from specs.messages.task import TaskInfo


class Listener(Protocol):
    """Whoever follows the framework's tasks. Called on the loop's thread; must return soon."""

    def subscribed(self, framework_id: str, master: str) -> None: ...

    def disconnected(self, why: str) -> None: ...

    def launched(self, entry: Entry, launch: Launch, info: TaskInfo) -> None:
        """The task is about to be launched on the launch's agent, as `info` says."""
        ...

    def updated(self, entry: Entry, status: TaskStatus) -> None:
        """Something new about a task."""
        ...

    def waiting(self, misfits: Mapping[str, tuple[Misfit, ...]]) -> None:
        """These tasks found no place among the offers that just came."""
        ...

    def messaged(self, agent_id: str, executor_id: str, data: bytes) -> None: ...

    def failed(self, why: str) -> None:
        """The framework cannot go on; the loop ends after this."""
        ...
