"""One inbox, and the one thread that empties it: the only place where the state of tasks changes.

Everybody else (the agent's driver, workers, the watcher, the engine's event stream) puts something
in and goes on: an event of a task, or a call. The loop takes them one after the other, and the
clocks that have come due in between. It waits in the inbox, for the next clock at the longest;
idle, it costs nothing.
"""
from __future__ import annotations

import contextlib
import logging
import queue
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

from executor.admission.entry import Entry
from executor.life.events import Event
from executor.life.task import ImpossibleEvent
from executor.supervision.timers import Clock, Timers

log = logging.getLogger(__name__)


class LoopOwner(Protocol):
    """Whose state it is; called on the loop's thread only."""

    def happened(self, entry: Entry, event: Event) -> None: ...

    def rang(self, clock: Clock) -> None: ...


class Loop:
    """`call`, `tell` and `ask` are for any thread; the rest, the timers too, is the loop's own."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now`: seconds of a clock that only goes forward."""
        self.now = now
        self.timers = Timers(now)
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._owner: LoopOwner  # from `run` on
        self._over = ""  # why it ends, once it does

    def call(self, what: Callable[[], None]) -> None:
        """Have this done when its turn comes."""
        self._inbox.put(what)

    def tell(self, entry: Entry, event: Event) -> None:
        """What happened to this entry's task; a later task of the same id does not hear of it."""
        self._inbox.put(lambda: self._owner.happened(entry, event))

    def ask(self, entry: Entry, what: Callable[[], Event | None]) -> None:
        """Have this asked when its turn comes; what it finds happens to the entry's task at once.
        """
        def asked() -> None:
            event = what()
            if event is not None:
                self._owner.happened(entry, event)
        self._inbox.put(asked)

    def end(self, why: str) -> None:
        """Let `run` return after this turn."""
        self._over = why

    def run(self, owner: LoopOwner) -> str:
        """Until `end`; what it was told. A fault with one task must not end the others."""
        self._owner, self._over = owner, ""
        for what in self._turns():
            _do(what)
        return self._over

    def work_off(self, owner: LoopOwner) -> bool:
        """After `run`, on the same thread: do what is in the inbox by now; whether anything was."""
        self._owner, found = owner, False
        with contextlib.suppress(queue.Empty):
            while True:
                what = self._inbox.get_nowait()
                found = True
                _do(what)
        return found

    def _turns(self) -> Iterator[Callable[[], None]]:
        """One thing from the inbox, or the time of the next clock; then all clocks that are due."""
        while not self._over:
            with contextlib.suppress(queue.Empty):
                yield self._inbox.get(timeout=self.timers.wait())
            for clock in self.timers.due():
                yield partial(self._owner.rang, clock)


def _do(what: Callable[[], None]) -> None:
    try:
        what()
    except ImpossibleEvent as impossible:
        log.error("%s", impossible)  # noqa: TRY400 - its story says more than a stack
    except Exception:
        log.exception("A fault in the supervisor")
