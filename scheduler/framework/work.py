"""The port to what waits for a place: `Queue` for tasks that were submitted, the service's own for
apps.

All methods are called on the loop's thread. What a match came to is launched in the turns that
follow, and no other match comes between. In each turn the framework takes in what came, calls
`settle`, makes durable what the storage was told, and only then acknowledges, launches and kills.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from scheduler.placement.matching import Launch, Match, Placement
from scheduler.tasks.launching import CustomExecutor, Task
from scheduler.tasks.ledger import Entry
from specs.messages.offer import Offer
from specs.messages.task import ExecutorInfo, TaskInfo


class Work(Protocol):
    """What is to be launched, and how."""

    def adopt(self, entry: Entry, task: Task | None) -> None:
        """A task of a scheduler before us; `task` is None where the storage keeps no more than the
        entry.
        """
        ...

    def settle(self) -> None:
        """Everything that came in this turn was told: decide what follows."""
        ...

    def waits(self) -> bool:
        """Whether offers are wanted."""
        ...

    def match(self, offers: Sequence[Offer]) -> Match:
        """Places for what waits. What finds none is waiting on, with the match's reasons."""
        ...

    def executor(self, task_id: str) -> CustomExecutor | None:
        """The executor of ours that this task of the match needs; None: the agent brings one along.
        """
        ...

    def info(self, launch: Launch, placement: Placement,
             executor: ExecutorInfo | None) -> TaskInfo | None:
        """What to launch; its task is launched with it, and waits no more. None: it waits on, or was
        given up since the match.
        """
        ...

    def requeued(self, entry: Entry) -> None:
        """The offers were gone: the task was not launched, and waits again."""
        ...

    def ended(self, task_id: str) -> None:
        """There will be nothing more of this task."""
        ...
