"""What other threads ask of the loop: taken out in the order in which it came, many at a time.

With `contains` an exception of what was asked ends here, logged once for each place that raises it:
for a service, whose other tasks must not end with a fault about one. Without it the loop ends, as
for a command, whose user sees it.
"""
from __future__ import annotations

import logging
import queue
import traceback
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)

_BATCH = 500  # facts before the loop looks at what follows; what more at a time leaves behind in memory stays there
_PLACES = 100  # of faults that are remembered


class Inbox:
    """`put` is anybody's, all else is the loop's."""

    def __init__(self, *, contains: bool) -> None:
        self._queue: queue.SimpleQueue[tuple[Callable[..., None],
                                             tuple[Any, ...]]] = queue.SimpleQueue()
        self._contains = contains
        self._told: set[str] = set()

    def put(self, handler: Callable[..., None], *arguments: Any) -> None:
        """Have this called on the loop's thread."""
        self._queue.put((handler, arguments))

    def work_off(self, timeout: float | None) -> None:
        """Call what is there, after waiting up to so many seconds for something."""
        try:
            handler, arguments = self._queue.get(timeout=timeout)
            self.call(handler, *arguments)
            for _ in range(_BATCH):
                handler, arguments = self._queue.get_nowait()
                self.call(handler, *arguments)
        except queue.Empty:
            pass

    def call(self, handler: Callable[..., None], *arguments: Any) -> bool:
        """Whether it went well. Raises what the handler raises, unless that is contained."""
        try:
            handler(*arguments)
        except Exception as error:
            if not self._contains:
                raise
            place = f"{type(error).__name__} {traceback.extract_tb(error.__traceback__)[-1]}"
            if place not in self._told and len(self._told) < _PLACES:
                self._told.add(place)
                log.exception("A fault in the loop, which goes on")
            return False
        return True
