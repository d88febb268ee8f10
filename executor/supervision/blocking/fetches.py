"""The files of tasks that are being fetched, one program for each task, so many at once."""
from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from executor.admission.entry import Entry
from executor.admission.plan import Plan
from executor.admission.sandbox import give
from executor.admission.volumes import mounted_folders
from executor.engine.cancellation import Cancel, Cancellation
from executor.engine.failures import RuntimeFailure
from executor.fetching.job import FetchProgress, Job
from executor.life.events import Event, Fetched, FetchFailed, FetchProgressed
from executor.life.outcomes import Failure
from executor.node.fetcher import as_whom, has_logins, progress_text
from executor.node.output.sandbox_files import make_folders
from executor.settings.settings import FetchSettings
from executor.supervision.blocking.workers import Workers
from executor.supervision.loop import Loop
from executor.supervision.timers import Pace

AT_ONCE = 4


class Fetcher(Protocol):
    """Fetches all files of a job and returns, or raises a RuntimeFailure; see node/fetcher.py."""

    def __call__(self, job: Job, cancel: Cancel, tell: Callable[[FetchProgress], None],
                 /) -> None: ...


class Fetches:
    """Belongs to the loop's thread."""

    def __init__(self, loop: Loop, fetcher: Fetcher, settings: FetchSettings) -> None:
        self._loop = loop
        self._fetcher = fetcher
        self._settings = settings
        self._workers = Workers("fetch", AT_ONCE)
        self._under_way: dict[Entry, Cancellation] = {}

    def want(self, entry: Entry) -> None:
        """-> Fetched, FetchFailed or FetchProgressed, until `drop`."""
        assert entry.plan is not None  # noqa: S101 - dropped only after the start
        plan, cancel = entry.plan, Cancellation()
        self._under_way[entry] = cancel

        def work() -> None:
            event = self._fetched(plan, cancel, entry)
            logins = plan.sandbox if has_logins(plan.sandbox) else None
            self._loop.call(lambda: self._done(entry, cancel, event, logins))
        self._workers.submit(work)

    def drop(self, entry: Entry) -> None:
        """Its task needs them no more."""
        cancel = self._under_way.pop(entry, None)
        if cancel is not None:
            cancel.set()

    def _fetched(self, plan: Plan, cancel: Cancellation, entry: Entry) -> Event:
        whose = as_whom(plan.user)
        job = Job(plan.sandbox, plan.files, mapped=plan.mapped, caches=self._settings.caches,
                  cache_bytes=self._settings.cache_bytes, max_bytes=self._settings.max_bytes,
                  user=None if whose is None else whose.user,
                  group=None if whose is None else whose.group)
        pace = Pace(self._loop.now)

        def tell(progress: FetchProgress) -> None:
            text = progress_text(job, progress)
            if not cancel.is_set() and pace.tells(text):
                self._loop.tell(entry, FetchProgressed(text))
        try:
            if whose is not None:
                give(plan.theirs, whose)
            self._fetcher(job, cancel, tell)
            make_folders(plan.sandbox, mounted_folders(plan.payload, plan.sandbox))
        except RuntimeFailure as failure:
            return FetchFailed(Failure.of(failure))
        except OSError as error:
            return FetchFailed(Failure(RuntimeFailure, f"cannot make the sandbox {plan.sandbox}: "
                                                       f"{error.filename}: {error.strerror}"))
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not leave the task waiting
            return FetchFailed(Failure(RuntimeFailure, f"{type(error).__name__}: {error}"))
        return Fetched()

    def _done(self, entry: Entry, cancel: Cancellation, event: Event, logins: str | None) -> None:
        if self._under_way.get(entry) is cancel:
            del self._under_way[entry]
            entry.logins = logins
            self._loop.tell(entry, event)
