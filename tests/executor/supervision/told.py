"""A loop whose turns a test takes, and whose owner only notes what it is told."""
from __future__ import annotations

import time
from collections.abc import Callable

from executor.admission.agreement import Agreement
from executor.admission.entry import Entry
from executor.life.events import Event
from executor.life.task import Phase, Task, Terms
from executor.supervision.loop import Loop
from executor.supervision.timers import Clock


class Told:
    """`events` are those that happened, `clocks` those that rang; `now` is the time, which only a test changes."""

    def __init__(self) -> None:
        self.now = 0.0
        self.loop = Loop(lambda: self.now)
        self.events: list[tuple[str, Event]] = []
        self.clocks: list[Clock] = []

    def happened(self, entry: Entry, event: Event) -> None:
        self.events.append((entry.task.id, event))

    def rang(self, clock: Clock) -> None:
        self.clocks.append(clock)

    def settle(self) -> None:
        """Take turns until the inbox is empty."""
        for _ in range(2):  # what is done in a turn may put something in
            self.loop.call(lambda: self.loop.end("settled"))
            self.loop.run(self)

    def until(self, reached: Callable[[], bool]) -> None:
        """Take turns until it is so: other threads have something to tell."""
        while not reached():
            time.sleep(0.001)
            self.settle()


def entry(task_id: str, phase: Phase = Phase.PULLING) -> Entry:
    """An entry as it is kept in this phase."""
    terms = Terms()
    return Entry(Task(task_id, terms, phase), Agreement(terms), f"mdx-{task_id}")
