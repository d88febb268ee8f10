"""What is logged about strangers, who could otherwise fill the log: so many lines a minute, and how many more."""
from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

log = logging.getLogger(__name__)

MOST: Final = 20  # lines
PERIOD: Final = 60.0  # seconds


class Complaints:
    """Belongs to one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._said = 0

    def say(self, text: str, *arguments: object) -> None:
        """Log a warning, or count it."""
        now = self._clock()
        if now - self._since >= PERIOD:
            if self._said > MOST:
                log.warning("Strangers at the port gave cause for %s more warnings",
                            self._said - MOST)
            self._since, self._said = now, 0
        self._said += 1
        if self._said <= MOST:
            log.warning(text, *arguments)
