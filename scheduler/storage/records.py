"""The port for what a service keeps besides tasks: records by kind and key, and a numbered log of
events.

A record is any JSON value. What was put is durable when the storage's `flush` returns, all of it or
nothing.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event. Numbers count from 1 and are never given twice. `at`: seconds since 1970; `data`:
    a JSON object.
    """

    number: int
    at: float
    type: str
    app_id: str  # "" where it is of none
    data: str


class Records(Protocol):
    """Used by one thread."""

    def put(self, kind: str, key: str, value: Any) -> None: ...

    def drop(self, kind: str, key: str) -> None:
        """Forget it; what is not there is no error."""
        ...

    def records(self, kind: str) -> Iterator[tuple[str, Any]]:
        """All of one kind, in the order in which their keys were first put."""
        ...

    def append(self, events: Iterable[StoredEvent]) -> None:
        """Add events, whose numbers follow those that are there."""
        ...

    def events(self, after: int, limit: int) -> Sequence[StoredEvent]:
        """The first `limit` events whose numbers are above `after`."""
        ...

    def events_of(self, app_id: str, limit: int) -> Sequence[StoredEvent]:
        """The newest `limit` events about this app, in their order."""
        ...

    def last_event(self) -> int:
        """The highest number that was ever given; 0 if there is none."""
        ...

    def forget_events(self, up_to: int) -> None:
        """Those with this number and below go."""
        ...
