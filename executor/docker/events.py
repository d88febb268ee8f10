"""What the engine tells unasked: one subscription that survives the engine.

The engine keeps its last 256 events and replays those since a given time to a new subscriber. So a
broken stream is opened again from a little before the last event seen, what comes twice is dropped,
and RESYNC tells the reader that something may be missing: after a restart the engine remembers
nothing. A line that cannot be read is counted and logged; the stream goes on.
"""
from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Final, TypeVar

from executor.docker.door.api import Api
from executor.docker.door.calls import Call
from executor.docker.door.http import Ask
from executor.engine.cancellation import Cancel
from executor.engine.failures import RuntimeFailure
from executor.engine.port import ContainerAction, ContainerEvent

log = logging.getLogger(__name__)

T = TypeVar("T")

RECORD: Final = b"\x1e"  # begins each record of application/json-seq
OVERLAP: Final = 1_000_000_000  # ns; the engine stamps an event before it queues it, so order and time can differ
REMEMBERED: Final = 1024  # more than the engine replays
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds between two tries to reach an engine that is gone

ACCEPT: Final = "application/x-ndjson, application/jsonl;q=0.9, application/json;q=0.8"  # else the engine chooses
SHOWN: Final = 200  # bytes of an unreadable line

_ACTIONS: Final = {
    **{action.value: action for action in ContainerAction if action is not ContainerAction.RESYNC},
    "remove": ContainerAction.DESTROY,  # podman's word
    "cleanup": ContainerAction.DESTROY,  # podman's, too: it is over, and no policy begins another run
}
_NOT_LABELS: Final = frozenset({"name", "image", "exitCode", "signal"})

Subscribe = Callable[[str], Iterator[bytes]]
"""Opens the stream from a time on; yields an empty line once it is open, then its lines; raises
when it breaks.
"""


def filters(labels: Mapping[str, str], container: str | None = None) -> dict[str, list[str]]:
    """The engine's filters for what `event` understands. Commands run inside containers would be
    most of the rest.
    """
    return {"type": ["container"], "event": list(_ACTIONS),
            "label": [f"{key}={labels[key]}" for key in labels],
            **({"container": [container]} if container is not None else {})}


def event(line: bytes) -> ContainerEvent | None:
    """One line of the stream; None if it tells of nothing that we follow. Raises ValueError if it
    cannot be read.
    """
    message = _read(json.loads(line.lstrip(RECORD)), dict, "it is no object")
    said = _read(message.get("Action", message.get("status")), str, "it names no action")
    name, _, more = said.partition(": ")
    action = _ACTIONS.get(name)
    return None if action is None else _event(action, more, message)


def _event(action: ContainerAction, more: str, message: Mapping[str, Any]) -> ContainerEvent:
    actor = _read(message.get("Actor", {}), dict, "its actor is no object")
    attributes = _read(actor.get("Attributes") or {}, dict, "its attributes are no object")
    container = _read(actor.get("ID", message.get("id")) or None, str, "it names no container")
    time_nano = _read(message.get("timeNano") or 0, int, "its time is no number")
    return ContainerEvent(
        action=action, id=container, time_nano=time_nano,
        exit_code=_number(attributes.get("exitCode")), signal=_number(attributes.get("signal")),
        labels={key: str(value) for key, value in attributes.items() if key not in _NOT_LABELS},
        healthy={"healthy": True, "unhealthy": False}.get(more) if action is ContainerAction.HEALTH
        else None,
    )


def _read(value: Any, kind: type[T], problem: str) -> T:
    if not isinstance(value, kind):
        raise ValueError(problem)  # noqa: TRY004 - the engine's text is wrong, not a type of ours
    return value


def _number(text: object) -> int | None:
    return int(text) if isinstance(text, str) and re.fullmatch(r"-?[0-9]{1,9}", text) else None


class Cursor:
    """How far the stream was read: where to go on from, and what was seen already."""

    def __init__(self, since: int) -> None:
        """`since` is ns since the epoch."""
        self._start = since
        self._last = since
        self._seen: OrderedDict[tuple[str, ContainerAction, int], None] = OrderedDict()

    @property
    def since(self) -> str:
        """The time to subscribe from, as the engine reads it: seconds, a dot, nanoseconds."""
        at = max(self._start, self._last - OVERLAP)
        return f"{at // 1_000_000_000}.{at % 1_000_000_000:09d}"

    def new(self, seen: ContainerEvent) -> bool:
        """Whether it is the first time that this one comes."""
        key = (seen.id, seen.action, seen.time_nano)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        self._last = max(self._last, seen.time_nano)
        return True


class Unreadable:
    """Counts the lines that cannot be read; logs the first, the second, the fourth, the eighth …:
    there may be many.
    """

    def __init__(self) -> None:
        self.count = 0

    def read(self, line: bytes) -> ContainerEvent | None:
        """What the line tells, if anything."""
        try:
            return event(line)
        except (ValueError, RecursionError) as error:
            self.count += 1
            if self.count & (self.count - 1) == 0:
                log.warning("An event of the engine cannot be read (%s so far): %s: %r",
                            self.count, error, line[:SHOWN])
            return None


def follow(subscribe: Subscribe, cancel: Cancel, since: int,
           until: float | None = None) -> Generator[ContainerEvent]:
    """The events since a time (ns since the epoch), across breaks, until cancel, or until a
    monotonic time.
    """
    cursor, unreadable = Cursor(since), Unreadable()
    cancelled = threading.Event()
    forget = cancel.on_set(cancelled.set)
    pause = FIRST_PAUSE
    broken = False
    try:
        while not cancelled.is_set() and (until is None or time.monotonic() < until):
            try:
                for line in subscribe(cursor.since):
                    if broken:
                        broken, pause = False, FIRST_PAUSE
                        yield _resync()
                    found = unreadable.read(line) if line else None
                    if found is not None and cursor.new(found):
                        yield found
            except RuntimeFailure:
                pass  # the engine is gone or going; what matters is when it is back
            broken = True
            cancelled.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
    finally:
        forget()


def _resync() -> ContainerEvent:
    return ContainerEvent(ContainerAction.RESYNC, "", time.time_ns())


class DockerEvents:
    """The events of one engine."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def follow(self, labels: Mapping[str, str], cancel: Cancel, *, container: str | None = None,
               seconds: float | None = None) -> Generator[ContainerEvent]:
        """See the port; also for one container alone, and for some seconds only."""
        api, wanted = self._api, filters(labels, container)
        until = None if seconds is None else time.monotonic() + seconds

        def subscribe(since: str) -> Iterator[bytes]:
            api.agree()
            call = Call("events", None if until is None else max(0.0, until - time.monotonic()))
            params = {"since": since, "filters": json.dumps(wanted)}
            with call.cancelled_by(cancel):
                yield from api.lines(call, Ask("GET", "/events", params, headers={"Accept": ACCEPT}))

        return follow(subscribe, cancel, time.time_ns(), until)
