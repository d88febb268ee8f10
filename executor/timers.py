"""Many clocks in one loop: which is due, and how long to wait for the next. Times are of one monotonic clock."""
from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Timers(Generic[Key]):
    """At most one clock per key. Cancelled ones leave the heap when their time comes."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Key]] = []
        self._running: dict[Key, tuple[float, int]] = {}
        self._count = itertools.count()

    def start(self, key: Key, at: float, *, keep_earlier: bool = False) -> None:
        """Ring at `at`, instead of any earlier setting; with `keep_earlier` an earlier ring stays."""
        running = self._running.get(key)
        if keep_earlier and running is not None and running[0] <= at:
            return
        entry = (at, next(self._count))
        self._running[key] = entry
        heapq.heappush(self._heap, (*entry, key))

    def cancel(self, key: Key) -> None:
        """Do not ring."""
        self._running.pop(key, None)

    def next(self) -> float | None:
        """When the next one rings; None if none will."""
        while self._heap and self._running.get(self._heap[0][2]) != self._heap[0][:2]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Iterator[Key]:
        """Those that ring by `now`, in order, each once; what is done about one may start or cancel others."""
        while (at := self.next()) is not None and at <= now:
            key = heapq.heappop(self._heap)[2]
            del self._running[key]
            yield key
