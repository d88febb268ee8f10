"""Many clocks in one loop: which is due, and how long to wait for the next. Times are of one monotonic clock."""
from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


LONGEST_WAIT = 3600.0  # seconds of one wait: a lock cannot wait for 292 years, which a task may well ask for
_SLACK = 64  # cancelled ones that may stand in the heap whatever its size


class Timers(Generic[Key]):
    """At most one clock per key. Cancelled ones leave the heap when their time comes, or when they are most of it."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Key]] = []
        self._running: dict[Key, tuple[float, int]] = {}
        self._count = itertools.count()

    def start(self, key: Key, at: float, *, keep_earlier: bool = False) -> None:
        """Ring at `at`, instead of any earlier setting; with `keep_earlier` an earlier ring stays.

        What is no time at all (NaN) rings at once.
        """
        at = -math.inf if math.isnan(at) else at
        running = self._running.get(key)
        if keep_earlier and running is not None and running[0] <= at:
            return
        entry = (at, next(self._count))
        self._running[key] = entry
        heapq.heappush(self._heap, (*entry, key))
        if len(self._heap) > 2 * len(self._running) + _SLACK:
            self._heap = [(*entry, key) for key, entry in self._running.items()]
            heapq.heapify(self._heap)

    def cancel(self, key: Key) -> None:
        """Do not ring."""
        self._running.pop(key, None)

    def next(self) -> float | None:
        """When the next one rings; None if none will."""
        while self._heap and self._running.get(self._heap[0][2]) != self._heap[0][:2]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def wait(self, now: float) -> float | None:
        """Seconds to wait before `due` is to be asked again, LONGEST_WAIT at most; None if no clock runs."""
        at = self.next()
        return None if at is None else min(max(0.0, at - now), LONGEST_WAIT)

    def due(self, now: float) -> Iterator[Key]:
        """Those that ring by `now`, in order, each once; what is done about one may start or cancel others."""
        while (at := self.next()) is not None and at <= now:
            key = heapq.heappop(self._heap)[2]
            del self._running[key]
            yield key
