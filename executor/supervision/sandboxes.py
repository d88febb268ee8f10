"""The sandboxes of tasks that have ended: how large they are, and which of them go."""
from __future__ import annotations

from collections.abc import Container
from functools import partial

from executor.admission.ended import Ended, next_due, remove, set_aside, size_of, superfluous
from executor.admission.sandbox import task_sandbox
from executor.settings.settings import Settings
from executor.supervision.blocking.workers import Workers
from executor.supervision.loop import Loop
from executor.supervision.timers import Sweep
from specs.errors import SpecError


class Sandboxes:
    """Belongs to the loop's thread; measuring and removing is done on one of its own."""

    def __init__(self, loop: Loop, settings: Settings, entries: Container[str]) -> None:
        """`entries`: the ids of tasks that live, and use theirs."""
        self._loop = loop
        self._settings = settings
        self._entries = entries
        self._known: list[Ended] = []  # in the order of their ends
        self._workers = Workers("sandboxes", 1)

    def keep(self, task_id: str) -> None:
        """A task has ended: one more is kept, others may go."""
        self._workers.submit(partial(self._measure, task_id, self._loop.now()))

    def sweep(self) -> None:
        """Remove what may go, and look again when something is too old."""
        now, limits = self._loop.now(), self._settings.sandboxes
        known = [each for each in self._known if each.task_id not in self._entries]
        gone = superfluous(known, now, limits)
        self._known = [each for each in known if each not in gone]
        if (due := next_due(self._known, now, limits)) is not None:
            self._loop.timers.start(Sweep(), due)
        for each in gone:
            aside = set_aside(task_sandbox(self._settings, each.task_id))
            if aside is not None:
                self._workers.submit(partial(remove, aside))

    def _measure(self, task_id: str, at: float) -> None:
        """On the other thread; what is found belongs to the loop."""
        try:
            size = size_of(task_sandbox(self._settings, task_id))
        except SpecError:
            return  # it was refused for its id, and has none
        self._loop.call(lambda: self._measured(Ended(task_id, at, size)))

    def _measured(self, ended: Ended) -> None:
        others = [each for each in self._known if each.task_id != ended.task_id]
        self._known = [*others, ended]
        self.sweep()
