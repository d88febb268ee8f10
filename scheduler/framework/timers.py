"""The clocks of the framework's loop: what rings when, and how long to wait for the next.

What has to be asked of the master again, and when, is the ledger's to say; here is what the loop
itself waits for. (The executor's loop has clocks of its own: its are cancelled and set anew, these
only ring.)
"""
from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FirstSubscription:
    """It should have been there by now."""


@dataclass(frozen=True, slots=True)
class StorageAgain:
    """What a storage did not take may be tried again."""


@dataclass(frozen=True, slots=True)
class Later:
    """Somebody wanted to be called."""

    call: Callable[[], None]


Ring = FirstSubscription | StorageAgain | Later


class Timers:
    """Belongs to one thread."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now`: seconds of a clock that only goes forward."""
        self._now = now
        self._heap: list[tuple[float, int, Ring]] = []
        self._count = itertools.count()

    def start(self, ring: Ring, seconds: float) -> None:
        """Ring once, in so many seconds."""
        heapq.heappush(self._heap, (self._now() + seconds, next(self._count), ring))

    @property
    def next(self) -> float | None:
        """When one rings; None if none will."""
        return self._heap[0][0] if self._heap else None

    def due(self) -> Iterator[Ring]:
        """Those that ring by now, in order; what is started meanwhile without delay is among them.
        """
        now = self._now()
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[2]
