"""Tasks that were submitted: they wait in the order in which they came, and the first agent that
fits gets them.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from scheduler.placement.matching import Launch, Match, Placement, match
from scheduler.tasks.launching import CustomExecutor, Task, placed
from scheduler.tasks.ledger import Entry, Phase
from specs.messages.offer import Offer
from specs.messages.task import ExecutorInfo, TaskInfo


class Queue:
    """`Work` for a framework whose tasks are known one by one."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}  # those that have not ended
        self._waiting: dict[str, None] = {}

    def __iter__(self) -> Iterator[str]:
        """The ids of the tasks that have not ended."""
        return iter(list(self._tasks))

    def add(self, task: Task) -> None:
        """A task that wants to run."""
        self._tasks[task.wish.task_id] = task
        self._waiting[task.wish.task_id] = None

    def adopt(self, entry: Entry, task: Task | None) -> None:
        if task is None:
            return
        self._tasks[entry.task_id] = task
        if entry.phase is Phase.QUEUED:
            self._waiting[entry.task_id] = None

    def settle(self) -> None:
        pass  # tasks come and go only by what is asked

    def waits(self) -> bool:
        return bool(self._waiting)

    def match(self, offers: Sequence[Offer]) -> Match:
        return match(offers, [self._tasks[task_id].wish for task_id in self._waiting])

    def executor(self, task_id: str) -> CustomExecutor | None:
        return self._tasks[task_id].executor

    def info(self, launch: Launch, placement: Placement, executor: ExecutorInfo | None) -> TaskInfo:
        del self._waiting[placement.task_id]
        return placed(self._tasks[placement.task_id], launch, placement, executor)

    def requeued(self, entry: Entry) -> None:
        self._waiting[entry.task_id] = None

    def ended(self, task_id: str) -> None:
        self._tasks.pop(task_id, None)
        self._waiting.pop(task_id, None)
