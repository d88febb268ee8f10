"""Containers whose removal the engine did not confirm: tried again until it does. One that it may make only now is
asked for again and again for a while, also where there is none yet.
"""
from __future__ import annotations

import threading
import time
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
        self._names: dict[str, float] = {}  # until when each is asked for again, whatever comes of it
        self._next: threading.Timer | None = None

    def __bool__(self) -> bool:
        """Whether there are any."""
        with self._lock:
            return bool(self._names)

    def add(self, container: str, lasting: float = 0.0) -> None:
        """It may be there, or come within `lasting` seconds."""
        with self._lock:
            self._names[container] = max(self._names.get(container, 0.0), time.monotonic() + lasting)
            self._plan()

    def again(self) -> None:
        """Have all of them removed now."""
        now = time.monotonic()
        with self._lock:
            names = list(self._names)
            self._names = {name: until for name, until in self._names.items() if until > now}
            if self._next is not None:
                self._next.cancel()
            self._next = None
            if self._names:
                self._plan()
        for container in names:
            self._remove(container)

    def _plan(self) -> None:
        if self._next is None:
            self._next = threading.Timer(self._pause, self.again)
            self._next.daemon = True
            self._next.start()
