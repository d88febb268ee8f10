"""What a driver tells, written down."""
from __future__ import annotations

import queue
from typing import Any

from tests.fakes.master import WAIT


class DriverEvents:
    """Writes down what the driver tells, in order."""

    def __init__(self) -> None:
        self.seen: queue.Queue[tuple[Any, ...]] = queue.Queue()

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.seen.put((name, *arguments))

    def next(self, name: str) -> tuple[Any, ...]:
        """The next event of this name; what comes before is dropped."""
        while True:
            seen = self.seen.get(timeout=WAIT)
            if seen[0] == name:
                return seen[1:]
