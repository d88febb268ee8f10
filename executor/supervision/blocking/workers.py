"""A few threads for calls that block, started when they are first needed.

Not concurrent.futures: its threads hold up the process's end, and a call to an engine that hangs
may last for minutes.
"""
from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Workers:
    """Runs jobs in the order they come, at most `size` at once."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Condition()
        self._threads = 0
        self._unfinished = 0

    def submit(self, job: Callable[[], None]) -> None:
        """Run the job soon; what it raises is logged, so it had better post its failures."""
        with self._lock:
            self._unfinished += 1
            if self._unfinished > self._threads and self._threads < self._size:
                self._threads += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._threads}",
                                 daemon=True).start()
        self._jobs.put(job)

    def wait_idle(self, timeout: float) -> None:
        """Wait until there is nothing to do, at most `timeout` seconds."""
        with self._lock:
            self._lock.wait_for(lambda: not self._unfinished, timeout)

    @property
    def backlog(self) -> int:
        """Jobs that are not finished."""
        return self._unfinished

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except Exception:
                log.exception("A fault in a job of %s", self._name)
            finally:
                with self._lock:
                    self._unfinished -= 1
                    if not self._unfinished:
                        self._lock.notify_all()
