"""Measures what steps of tasks take, and has a report made now and then.

A report costs what it costs, and may take SHARE of a processor in all: after one that took long the
next one waits longer. It is made on a worker, as it reads files of every container. Whether the
framework wants it as a message our settings say, or the framework itself, later: who does not ask
is not written to.
"""
from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, Protocol

from executor.admission.entry import Entry
from executor.life.task import Phase, Task
from executor.settings.settings import ReportSettings, Settings
from executor.supervision.blocking.workers import Workers
from executor.supervision.loop import Loop
from executor.supervision.timers import ReportDue
from executor.telemetry.counts import Counts
from executor.telemetry.stages import has_started, stage, why_over

log = logging.getLogger(__name__)

SOON: Final = 2.0  # seconds until the first one
NONE: Final = ReportSettings()
SHARE: Final = 0.0004  # of a core; the whole executor's budget is 0.001 with 100 idle containers


class Tells(Protocol):
    """Who makes reports: `telemetry.reporter.Reporter`."""

    def report(self, running: dict[str, int], /, *, as_message: bool) -> None: ...

    def clean(self) -> None: ...


def later(settings: Settings, counts: Counts, send: Callable[[bytes], None], run: str) -> Callable[[], Tells]:
    """Builds who makes reports when the first one is due: a start waits for nothing of it. `send`
    takes a framework message; `run` names this process.
    """
    def make() -> Tells:
        from executor.telemetry.reporter import reporter

        return reporter(settings, counts, send, run)
    return make


class Reports:
    """Belongs to the loop's thread."""

    def __init__(self, loop: Loop, counts: Counts, wanted: ReportSettings = NONE,
                 make: Callable[[], Tells] | None = None,
                 updates: Callable[[], tuple[int, int]] = lambda: (0, 0)) -> None:
        """`make`: who makes them, built with the first one, when nobody waits for our start any
        more; `updates`: how many are not acknowledged, and how many were sent again."""
        self._loop = loop
        self._interval, self._messages = wanted.interval, wanted.messages
        self._make = make
        self._reporter: Tells | None = None  # the worker's
        self._updates = updates
        self._workers = Workers("report", 1)
        self.counts = counts

    def start(self) -> None:
        """From now on: soon, as somebody may wait to hear which process this is, and then now and then."""
        if self._interval is not None and self._make is not None:
            self._loop.timers.start(ReportDue(), min(SOON, self._interval))

    def ask(self, interval: float) -> None:
        """The framework wants messages, with so many seconds between two at the least."""
        self._interval, self._messages = interval, True
        self._loop.timers.start(ReportDue(), min(SOON, interval), keep_earlier=True)

    def moved(self, entry: Entry, before: Task) -> None:
        """A task was `before`, and is what its entry says now; the first time both are the same."""
        after, now = entry.task, self._loop.now()
        if entry.launched is None:
            entry.launched = entry.since = now
        done, begun = stage(before), stage(after)
        if has_started(before, after):
            self.counts.observe("task_phase_seconds", now - entry.launched, "running_report")
        if done != begun:
            if done is not None:
                self.counts.observe("task_phase_seconds", now - entry.since, done)
            entry.since = now
        if after.phase is Phase.DONE:
            self.counts.add("container_exits_total", why_over(after))

    def due(self, entries: Iterable[Entry]) -> None:
        """Make one of how it is now."""
        tasks = [each.task for each in entries]
        self.counts.drop("tasks")
        for phase, count in Counter(task.phase for task in tasks).items():
            self.counts.set("tasks", count, phase.value)
        pending, resent = self._updates()
        self.counts.set("status_updates_pending", pending)
        self.counts.set("status_updates_resent_total", resent)
        running = {task.id: task.run.pid for task in tasks
                   if task.run.pid is not None and task.phase is Phase.RUNNING}
        self._workers.submit(partial(self._report, running, as_message=self._messages))

    def close(self) -> None:
        """The executor ends."""
        if self._reporter is not None:
            self._reporter.clean()

    def _report(self, running: dict[str, int], *, as_message: bool) -> None:
        began = time.thread_time()
        try:
            if self._reporter is None and self._make is not None:
                self._reporter = self._make()
                began = time.thread_time()  # to load it is paid once, and the next report need not wait for that
            if self._reporter is not None:
                self._reporter.report(running, as_message=as_message)
        except Exception:
            log.exception("A fault in a report")
        pause = max(self._interval or 0.0, (time.thread_time() - began) / SHARE)
        self._loop.call(lambda: self._loop.timers.start(ReportDue(), pause))
