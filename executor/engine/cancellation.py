"""A call to the engine that may be given up from another thread."""
from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol


class Cancel(Protocol):
    """How a caller gives up a long call, which then ends with `Cancelled`; `Cancellation` is one.
    """

    def is_set(self) -> bool: ...

    def on_set(self, wake: Callable[[], None], /) -> Callable[[], None]:
        """Have `wake` called once on giving up (at once if that has happened); the answer takes it
        back.
        """
        ...


class Cancellation:
    """An event that wakes whoever waits on the network: no call has to ask every now and then."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._wakes: dict[object, Callable[[], None]] = {}

    def is_set(self) -> bool:
        return self._event.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for it, at most `timeout` seconds; whether it is set."""
        return self._event.wait(timeout)

    def set(self) -> None:
        with self._lock:
            self._event.set()
            wakes, self._wakes = list(self._wakes.values()), {}
        for wake in wakes:
            wake()

    def on_set(self, wake: Callable[[], None], /) -> Callable[[], None]:
        key = object()
        with self._lock:
            if not self._event.is_set():
                self._wakes[key] = wake
                return lambda: self._forget(key)
        wake()
        return lambda: None

    def _forget(self, key: object) -> None:
        with self._lock:
            self._wakes.pop(key, None)
