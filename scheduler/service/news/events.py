"""One numbered stream of events: stored first, then told; and replayed to whoever comes back.

Numbers count from 1 without a gap and outlive the process. The newest events are in memory, older
ones in the storage, and beyond KEPT none: who asks for those is told that there is a gap.

The names and fields of most events are Marathon's (docs/docs/event-bus.md); those of ours begin
with `mesos_docker_`.
"""
from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scheduler.storage.records import Records, StoredEvent
from scheduler.tasks.timestamps import timestamp

KEPT: Final = 20_000  # events in the storage; about 10 MB
IN_MEMORY: Final = 2_000
OF_ONE_APP: Final = 5_000
FLUSHED_PER_TURN: Final = 500  # old ones are removed so many at a time

_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)

Told = Callable[[Sequence[StoredEvent]], None]


@dataclass(frozen=True, slots=True)
class Replay:
    """What somebody has missed. `complete`: nothing between the asked number and the first of these
    was lost.
    """

    events: tuple[StoredEvent, ...]
    complete: bool


class EventLog:
    """`emit`, `store`, `tell`, `stored` and `of_app` are the loop's; `replay`, `subscribe` and `last` are anybody's."""

    def __init__(self, records: Records, clock: Callable[[], float]) -> None:
        self._records = records
        self._clock = clock
        self._lock = threading.Lock()
        self._last = records.last_event()
        self._recent: deque[StoredEvent] = deque(
            records.events(max(0, self._last - IN_MEMORY), IN_MEMORY), maxlen=IN_MEMORY)
        self._new: list[StoredEvent] = []
        self._stored: list[StoredEvent] = []
        self._listeners: list[Told] = []
        self._forgotten = max(0, self._last - KEPT)

    @property
    def last(self) -> int:
        """The number of the newest event that was told."""
        with self._lock:
            return self._recent[-1].number if self._recent else self._last

    def emit(self, kind: str, data: Mapping[str, Any], app_id: str = "") -> None:
        """An event of this turn; `data` is a JSON object without eventType and timestamp."""
        at = self._clock()
        self._last += 1
        whole = {**data, "eventType": kind, "timestamp": timestamp(at)}
        self._new.append(StoredEvent(self._last, at, kind, app_id,
                                     _ENCODER.encode(whole)))

    def mark(self) -> tuple[int, int]:
        """Where what is emitted from now on begins; after `store`."""
        return self._last, len(self._stored)

    def rewind(self, mark: tuple[int, int]) -> None:
        """Nothing was emitted since that mark; what the storage got since then is the caller's to rewind."""
        self._last, stored = mark
        self._new.clear()
        del self._stored[stored:]

    def store(self) -> None:
        """Hand the events of this turn to the storage; they are durable with its next flush."""
        if not self._new:
            return
        self._records.append(self._new)
        if self._last - KEPT > self._forgotten + FLUSHED_PER_TURN:
            self._forgotten = self._last - KEPT
            self._records.forget_events(self._forgotten)
        self._stored += self._new
        self._new = []

    def tell(self) -> None:
        """What was stored is durable: tell it."""
        if not self._stored:
            return
        told, self._stored = tuple(self._stored), []
        with self._lock:
            self._recent.extend(told)
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(told)

    def subscribe(self, listener: Told) -> Callable[[], None]:
        """Be told of events, on the loop's thread, from now on; the answer ends it. Must return at
        once.
        """
        with self._lock:
            self._listeners.append(listener)

        def end() -> None:
            with self._lock:
                self._listeners.remove(listener)
        return end

    def replay(self, after: int) -> Replay:
        """The events in memory whose numbers are above `after`."""
        with self._lock:
            recent = tuple(each for each in self._recent if each.number > after)
            first = self._recent[0].number if self._recent else self._last + 1
            last = self._recent[-1].number if self._recent else self._last
        return Replay(recent, first - 1 <= after <= last)

    def stored(self, after: int) -> Replay:
        """The events in the storage whose numbers are above `after`, as far as they were told; on the loop."""
        last = self.last
        found = tuple(each for each in self._records.events(after, KEPT + FLUSHED_PER_TURN) if each.number <= last)
        return Replay(found, bool(found) and found[0].number == after + 1)

    def of_app(self, app_id: str) -> Sequence[StoredEvent]:
        """The newest events about this app, as far as they were told; on the loop."""
        last = self.last
        return [each for each in self._records.events_of(app_id, OF_ONE_APP) if each.number <= last]
