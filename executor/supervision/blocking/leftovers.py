"""Containers whose removal the engine did not confirm: tried again until it does."""
from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

PAUSE: Final = 5.0  # seconds until the next try: an engine that hung tells nobody that it goes on


class Leftovers:
    """Safe for threads."""

    def __init__(self, remove: Callable[[str], None], pause: float = PAUSE) -> None:
        """`remove` returns at once."""
        self._remove = remove
        self._pause = pause
        self._lock = threading.Lock()
        self._names: set[str] = set()
        self._next: threading.Timer | None = None

    def __bool__(self) -> bool:
        """Whether there are any."""
        with self._lock:
            return bool(self._names)

    def add(self, container: str) -> None:
        """It may be there."""
        with self._lock:
            self._names.add(container)
            if self._next is None:
                self._next = threading.Timer(self._pause, self.again)
                self._next.daemon = True
                self._next.start()

    def again(self) -> None:
        """Have all of them removed now."""
        with self._lock:
            names, self._names = self._names, set()
            if self._next is not None:
                self._next.cancel()
            self._next = None
        for container in names:
            self._remove(container)
