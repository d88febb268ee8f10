"""Faults of ours, contained: what goes wrong with one app keeps that app waiting for a while, and nobody else.

A fault is an exception that nobody expected: in deciding about an app, in making its tasks, in
hearing a status of one. It is logged once, with its trace, told by `why`, and what failed is tried
again after a pause that grows. A status that could not be heard is kept and heard again then; the
newest of a task is enough, for each says how it is now.
"""
from __future__ import annotations

import enum
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

log = logging.getLogger(__name__)

FIRST = 5.0  # seconds until it is tried again, then doubled
LONGEST = 300.0
_MOST = 1000  # characters of what an exception says


class Doing(enum.Enum):
    """What failed, for people."""

    DECIDING = "deciding what follows for"
    PLACING = "looking for places for"
    LAUNCHING = "making a task of"
    HEARING = "hearing a status of"


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong with an app. Times are seconds since 1970."""

    doing: Doing
    text: str
    since: float
    until: float  # not tried again before
    times: int = 1


class Faults:
    """The loop's alone."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[tuple[str, Doing], Fault] = {}
        self._unheard: dict[str, tuple[str, Callable[[], None]]] = {}  # by task: its app, its newest status

    @contextmanager
    def contained(self, app_id: str, doing: Doing) -> Iterator[None]:
        """What is raised inside ends here, as a fault of this app."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is: that is what this is for
            self.note(app_id, doing, error)
        else:
            self.clear(app_id, doing)

    def note(self, app_id: str, doing: Doing, error: Exception) -> None:
        """It happened."""
        now, text = self._clock(), f"{type(error).__name__}: {error}"[:_MOST]
        before = self._known.get((app_id, doing))
        if before is None or before.text != text:
            log.error("A fault in %s %s: it waits, the other apps go on", doing.value, app_id,
                      exc_info=error, extra={"app": app_id})
        if before is None:
            self._known[app_id, doing] = Fault(doing, text, now, now + FIRST)
        elif now >= before.until:
            pause = min(LONGEST, FIRST * 2.0 ** min(before.times, 10))
            self._known[app_id, doing] = Fault(doing, text, before.since, now + pause,
                                               before.times + 1)
        else:
            self._known[app_id, doing] = replace(before, text=text)

    def clear(self, app_id: str, doing: Doing) -> None:
        """It went well."""
        if self._known:
            self._known.pop((app_id, doing), None)

    def hear(self, app_id: str, task: str, call: Callable[[], None]) -> None:
        """Hear the newest status of a task, now or, if that goes wrong, again later."""
        self._unheard[task] = app_id, call
        with self.contained(app_id, Doing.HEARING):
            call()
            del self._unheard[task]

    def hear_again(self) -> None:
        """What could not be heard, and may be tried again."""
        now = self._clock()
        for task, (app_id, call) in list(self._unheard.items()):
            if not self.holds(app_id, Doing.HEARING, now):
                self.hear(app_id, task, call)

    def holds(self, app_id: str, doing: Doing, now: float) -> bool:
        """Whether this is not tried now."""
        fault = self._known.get((app_id, doing)) if self._known else None
        return fault is not None and now < fault.until

    def until(self, app_id: str, doing: Doing) -> float | None:
        """When it is tried again; None if nothing is wrong."""
        fault = self._known.get((app_id, doing))
        return None if fault is None else fault.until

    def next_due(self, now: float) -> float | None:
        """When something may be tried again."""
        return min((each.until for each in self._known.values() if each.until > now), default=None)

    def of_apps(self) -> dict[str, tuple[Fault, ...]]:
        """All that is wrong, by app."""
        found: dict[str, tuple[Fault, ...]] = {}
        for (app_id, _), fault in self._known.items():
            found[app_id] = (*found.get(app_id, ()), fault)
        return found

    def forget(self, app_id: str) -> None:
        """The app is gone, or another: what was wrong with it may be so no more."""
        for doing in Doing if self._known else ():
            self._known.pop((app_id, doing), None)
