"""Many clocks in one loop: which is due, and how long to wait for the next.

A clock is a value; of equal ones at most one runs. What each means when it rings is
`Supervisor.rang`'s to say; a clock of a task's life carries the event that it is (`effects.Timer`).
"""
from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from executor.life.effects import Timer

LONGEST_WAIT = 3600.0  # seconds of one wait: a lock cannot wait for the 292 years of a task
_SLACK = 64  # cancelled ones that may stand in the heap whatever its size


@dataclass(frozen=True, slots=True)
class TaskClock:
    """One of a task's life."""

    task_id: str
    timer: Timer


@dataclass(frozen=True, slots=True)
class CheckClock:
    """A task's next health check is due, or its next general check; `place` counts its checks."""

    task_id: str
    health: bool
    place: int = 0


@dataclass(frozen=True, slots=True)
class Idle:
    """The executor has waited long enough for its first task."""

    task_id: str = ""  # nobody's


@dataclass(frozen=True, slots=True)
class Sweep:
    """The sandbox of an ended task has become too old."""

    task_id: str = ""  # nobody's: all are looked at


@dataclass(frozen=True, slots=True)
class ReportDue:
    """What is measured shall be told."""

    task_id: str = ""  # nobody's


Clock = TaskClock | CheckClock | Idle | Sweep | ReportDue


class Pace:
    """When progress is told: what is new, once a second; of what takes long less often, for each word
    is an update that agent and master keep until it is acknowledged.
    """

    QUICKEST, SLOWEST = 1.0, 5.0  # seconds between two words
    PART = 0.1  # of the time that it has taken

    def __init__(self, now: Callable[[], float]) -> None:
        """`now`: seconds of a clock that only goes forward; it begins now."""
        self._now = now
        self._began = self._told = now()
        self._text = ""

    def tells(self, text: str) -> bool:
        """Whether this is told now."""
        now = self._now()
        pause = min(self.SLOWEST, max(self.QUICKEST, self.PART * (now - self._began)))
        if text == self._text or now - self._told < pause:
            return False
        self._told, self._text = now, text
        return True


class Timers:
    """Belongs to one thread. Cancelled clocks leave the heap when their time comes, or when they
    are most of it.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now`: seconds of a clock that only goes forward."""
        self._now = now
        self._heap: list[tuple[float, int, Clock]] = []
        self._running: dict[str, dict[Clock, tuple[float, int]]] = {}  # of each task
        self._cancelled = 0  # in the heap
        self._count = itertools.count()

    def start(self, clock: Clock, seconds: float, *, keep_earlier: bool = False) -> None:
        """Ring in so many seconds, instead of any earlier setting; with `keep_earlier` an earlier
        ring stays.

        What is no time at all (NaN) rings at once.
        """
        at = -math.inf if math.isnan(seconds) else self._now() + seconds
        clocks = self._running.setdefault(clock.task_id, {})
        running = clocks.get(clock)
        if running is not None:
            if keep_earlier and running[0] <= at:
                return
            self._cancelled += 1
        clocks[clock] = (at, next(self._count))
        heapq.heappush(self._heap, (*clocks[clock], clock))
        self._tidy()

    def cancel(self, clock: Clock) -> None:
        """Do not ring."""
        self._cancelled += self._stop(clock)

    def forget(self, task_id: str) -> None:
        """None of this task's clocks shall ring."""
        self._cancelled += len(self._running.pop(task_id, ()))

    def wait(self) -> float | None:
        """Seconds to wait before `due` is to be asked again, LONGEST_WAIT at most.

        None if no clock runs.
        """
        at = self._next()
        return None if at is None else min(max(0.0, at - self._now()), LONGEST_WAIT)

    def due(self) -> Iterator[Clock]:
        """Those that ring by now, in order, each once.

        What is done about one may start or cancel others.
        """
        now = self._now()
        while (at := self._next()) is not None and at <= now:
            clock = heapq.heappop(self._heap)[2]
            self._stop(clock)
            yield clock

    def _stop(self, clock: Clock) -> bool:
        """Whether it ran."""
        clocks = self._running.get(clock.task_id, {})
        ran = clocks.pop(clock, None) is not None
        if ran and not clocks:
            del self._running[clock.task_id]
        return ran

    def _next(self) -> float | None:
        while self._heap:
            at, number, clock = self._heap[0]
            if self._running.get(clock.task_id, {}).get(clock) == (at, number):
                return at
            heapq.heappop(self._heap)
            self._cancelled -= 1
        return None

    def _tidy(self) -> None:
        if self._cancelled > len(self._heap) // 2 + _SLACK:
            self._heap = [(*ring, clock) for clocks in self._running.values()
                          for clock, ring in clocks.items()]
            heapq.heapify(self._heap)
            self._cancelled = 0
