"""What a container says again or further, from the engine's log: after the engine was away, and of
each run that a restart policy begins. The first run's output comes from the attach of its start.
"""
from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from executor.engine.failures import RuntimeFailure
from executor.engine.inspection import has_terminal, log_kept
from executor.engine.port import ContainerRuntime, Inspection
from executor.engine.silence import Asked, Meaning, meaning
from executor.node.output.logs import Logs
from executor.node.output.reading import Moment, Reading, RunTold
from executor.node.output.seam import How, counts, dropped, held, holds, missing_most
from executor.node.shim import whole, written_at_most
from executor.supervision.blocking.workers import Workers

log = logging.getLogger(__name__)

T = TypeVar("T")

HELD = 2.0  # seconds, at most
LAST = 9.0  # seconds for which the output of what has ended is asked for: its last word waits for ten
TRIES, PAUSE = 2, 1.0  # to read output again from an engine that does not answer; seconds in between


class _NothingKept:
    """An OutputStream that has ended: of what was written there is nothing to be had any more."""

    def __init__(self) -> None:
        self._end, writer = os.pipe()
        os.close(writer)  # so that it is readable at once

    def fileno(self) -> int:
        return self._end

    def read(self) -> list[tuple[int, bytes]] | None:
        return None

    def close(self) -> None:
        os.close(self._end)


class Outputs:
    """Methods return at once; the engine is called on `workers`."""

    def __init__(self, runtime: Callable[[], ContainerRuntime], logs: Logs,
                 workers: Workers) -> None:
        self._runtime = runtime
        self._logs = logs
        self._workers = workers
        self._lock = threading.Lock()
        self._held: list[Callable[[], None]] | None = None  # until it is known how all containers are

    def hold(self) -> None:
        """What is to be followed waits: the engine has more important things to say first."""
        with self._lock:
            self._held = []
        longest = threading.Timer(HELD, self.go_on)
        longest.daemon = True
        longest.start()

    def go_on(self) -> None:
        """It waits no more; may be said twice."""
        with self._lock:
            held, self._held = self._held or [], None
        for job in held:
            self._workers.submit(job)

    def reread(self, task_id: str, container: str, *, follow: bool, done: Callable[[], None],
               missed: bool = True) -> None:
        """Bring the output that was missed while the engine was gone, or an executor before us.

        `missed`: whether something is known to be; else there is perhaps nothing more. `done` comes
        on a worker.
        """
        until = time.monotonic() + (0.0 if follow else LAST)

        def job() -> None:
            opening, begin = time.time_ns(), self._logs.since(task_id)
            containers = self._runtime().containers
            known = self._had(task_id, lambda: containers.inspect(container))
            tty = None if known is None else has_terminal(known.raw)
            how, since = (How.SKIP, begin) if known is None else self._how(task_id, known, begin)
            stream, silent = self._again(task_id, lambda: containers.logs(
                container, follow=follow, since=since, tty=tty), TRIES if follow else 1)
            if silent and time.monotonic() < until:  # it has ended, and its log goes with it
                self._later(job)
                return
            if stream is None and not silent and follow and not self._logs.following(task_id):
                how = How.GAP  # a log driver that cannot be read: what comes from now on
                stream = self._had(task_id, lambda: containers.attach(container, tty=tty))
            ran = silent or (known is not None and known.started)
            if stream is None and not follow and ran and missed:  # what it wrote last is nowhere: that is one line, too
                how, stream = How.GAP, _NothingKept()
            if stream is not None:
                missing = self._missing(task_id, container, begin) if how is How.GAP else None
                self._logs.follow_again(task_id, stream, Moment(opening, time.time_ns()), how,
                                        missing)
            done()
        with self._lock:
            waits = follow and self._held is not None
            if waits and self._held is not None:
                self._held.append(job)
        if not waits:
            self._workers.submit(job)

    def _later(self, job: Callable[[], None]) -> None:
        """No worker waits for that: others have work for them when the engine is back."""
        again = threading.Timer(PAUSE, lambda: self._workers.submit(job))
        again.daemon = True
        again.start()

    def _how(self, task_id: str, known: Inspection, begin: int) -> tuple[How, int]:
        """In which way the log goes on with what was written, and from when on: ns since the epoch."""
        written, containers = self._logs.written(task_id), self._runtime().containers
        kept = None if whole(known.raw) else log_kept(known.raw)
        in_all = written_at_most(known.pid)
        if counts(written, kept, in_all) or (not written.recent and in_all is None):
            return How.SKIP, begin
        since = max(begin, written.since) if written.recent else begin
        try:
            kept_log = containers.logs(known.id, follow=False, since=since, tty=has_terminal(known.raw))
            if not written.recent:
                return How.GAP if dropped(kept, held(kept_log), in_all) else How.SKIP, begin
            found = holds(kept_log, written.recent)
        except RuntimeFailure:
            return How.SKIP, begin
        return How.SEAM if found else How.GAP, since

    def _missing(self, task_id: str, container: str, begin: int) -> int | None:
        """Of a gap, bytes at most. Of a container that has run more than once the shim knows the last
        run only.
        """
        try:
            found = self._runtime().containers.inspect(container)
        except RuntimeFailure:
            return None
        if begin or found.raw.get("RestartCount"):
            return None
        return missing_most(self._logs.written(task_id), written_at_most(found.pid))

    def follow_run(self, task_id: str, container: str, run: RunTold) -> None:
        """Bring the output of a further run of the container, behind that of the one before."""
        def reopen(part: Reading) -> None:
            opened = self._close_part if part.until else self._open_part
            self._workers.submit(lambda: opened(task_id, container, part))
        self._logs.hear_of_run(task_id, run, reopen)

    def _close_part(self, task_id: str, container: str, part: Reading) -> None:
        """What is left of a run that has ended; without it, the next one is read."""
        opening, containers = time.time_ns(), self._runtime().containers
        known = self._had(task_id, lambda: containers.inspect(container))
        how, since = (How.GAP, 0) if known is None else self._how(task_id, known, part.since)
        stream = None if how is How.GAP else self._had(task_id, lambda: containers.logs(
            container, follow=False, since=since, until=part.until))
        self._logs.go_on(task_id, stream or _NothingKept(), Moment(opening, time.time_ns()),
                         How.SKIP if stream is None else how)

    def _open_part(self, task_id: str, container: str, part: Reading) -> None:
        """A log driver that cannot be read, as `none`, leaves what comes from now on."""
        opening = time.time_ns()
        containers = self._runtime().containers
        stream = (self._had(task_id, lambda: containers.logs(container, since=part.since))
                  or self._had(task_id, lambda: containers.attach(container)))
        if stream is None:
            self._logs.give_up(task_id)
        else:
            self._logs.go_on(task_id, stream, Moment(opening, time.time_ns()))

    def _again(self, task_id: str, asked: Callable[[], T], tries: int) -> tuple[T | None, bool]:
        """Asked a few times, as the engine may be just coming back; and whether it was silent."""
        for turn in range(tries):
            time.sleep(PAUSE if turn else 0.0)
            try:
                return asked(), False
            except RuntimeFailure as failure:
                log.warning("Some output of task %s may be missing: %s", task_id, failure)
                if meaning(Asked.OUTPUT, type(failure)) is not Meaning.AT_THE_END:
                    return None, False
        return None, True

    def _had(self, task_id: str, asked: Callable[[], T]) -> T | None:
        try:
            return asked()
        except RuntimeFailure as failure:
            log.warning("Some output of task %s may be missing: %s", task_id, failure)
            return None
