"""Which task waits for which image: one pull per image, its result for all."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from executor.admission.entry import Entry
from executor.engine.cancellation import Cancellation
from executor.engine.port import PullProgress
from executor.life.events import Pulled, PullFailed, PullProgressed
from executor.life.outcomes import Failure
from executor.supervision.loop import Loop
from executor.supervision.timers import Pace
from executor.telemetry.counts import Counts


class ImagePuller(Protocol):
    """Who gets an image on a worker, where `listener` and `done` are called too: the engine."""

    def pull(self, image: str, platform: str | None, sandbox: str, *, force: bool,
             cancel: Cancellation, listener: Callable[[PullProgress], None],
             done: Callable[[Failure | None], None]) -> None: ...


_Key = tuple[str, str | None, str]  # image, platform, where credentials may lie


@dataclass(slots=True)
class _Pull:
    """A pull that goes on, and all who wait for it."""

    entries: list[Entry]
    cancel: Cancellation = field(default_factory=Cancellation)
    size: int = 0  # bytes that it has downloaded so far; the worker's


class Pulls:
    """Belongs to the loop's thread."""

    def __init__(self, loop: Loop, puller: ImagePuller, sandbox: str,
                 counts: Counts | None = None) -> None:
        """`sandbox`: the executor's, where credentials may lie for tasks that fetch none; `counts`:
        where pulls are counted."""
        self._loop = loop
        self._puller = puller
        self._sandbox = sandbox
        self._counts = counts or Counts()
        self._pulls: dict[_Key, _Pull] = {}

    def want(self, entry: Entry, image: str, platform: str | None, *, force: bool) -> None:
        """-> Pulled, PullFailed or PullProgressed, until `drop`.

        A pull under way serves for a forced one too.
        """
        sandbox = entry.logins or self._sandbox
        key = image, platform, sandbox
        pull = self._pulls.get(key)
        if pull is not None:
            pull.entries.append(entry)
            return
        pull = self._pulls[key] = _Pull([entry])
        pace = Pace(self._loop.now)

        def progressed(progress: PullProgress) -> None:
            pull.size = max(pull.size, progress.bytes_done)
            text = progress_text(progress)
            if pace.tells(text):
                self._loop.call(lambda: self._progressed(pull, text))

        def done(failure: Failure | None) -> None:
            self._loop.call(lambda: self._done(key, pull, failure))

        self._puller.pull(image, platform, sandbox, force=force, cancel=pull.cancel,
                          listener=progressed, done=done)

    def drop(self, entry: Entry) -> None:
        """Its task needs no image any more; the last one cancels."""
        for key, pull in list(self._pulls.items()):
            if entry in pull.entries:
                pull.entries.remove(entry)
                if not pull.entries:
                    del self._pulls[key]
                    pull.cancel.set()

    def _progressed(self, pull: _Pull, text: str) -> None:
        for entry in pull.entries:
            self._loop.tell(entry, PullProgressed(text))

    def _done(self, key: _Key, pull: _Pull, failure: Failure | None) -> None:
        self._counts.add("pulls_total", "done" if failure is None else failure.kind.__name__)
        self._counts.add("pull_bytes_total", by=pull.size)
        if self._pulls.get(key) is pull:
            del self._pulls[key]
        for entry in pull.entries:
            self._loop.tell(entry, Pulled() if failure is None else PullFailed(failure))


def progress_text(progress: PullProgress) -> str:
    """How far it is, for people."""
    done = f"{progress.layers_done} of {progress.layers} layers"
    if progress.bytes:
        done += f", {progress.bytes_done / 1e6:.1f} of {progress.bytes / 1e6:.1f} MB"
    return f"Pulling image {progress.image}: {done}"
