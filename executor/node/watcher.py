"""One thread that waits for everything that can be read: the output of all containers, the ends of
their processes.

Waiting is the kernel's work: a thousand idle containers cost nothing. A handler is called on the
thread when its descriptor can be read, and again until it answers False; it must not block.
"""
from __future__ import annotations

import logging
import os
import queue
import select
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

Handler = Callable[[], bool]  # whether to go on watching


class Watcher:
    """Thread-safe; the thread starts with the first descriptor."""

    def __init__(self, name: str = "watcher") -> None:
        self._name = name
        self._lock = threading.Lock()
        self._handlers: dict[int, Handler] = {}
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._alarm = -1  # an eventfd
        self._epoll: select.epoll | None = None

    def add(self, descriptor: int, handler: Handler) -> None:
        """Watch until the handler answers False, which must be before the descriptor is closed."""
        with self._lock:
            self._watching().register(descriptor, select.EPOLLIN)  # may be done while the thread waits
            self._handlers[descriptor] = handler

    def call(self, what: Callable[[], None]) -> None:
        """Have the thread do this, between two handlers."""
        self._calls.put(what)
        with self._lock:
            self._watching()
            os.eventfd_write(self._alarm, 1)

    def remove(self, descriptor: int, handler: Handler | None = None) -> None:
        """Watch no more; a handler that is running now may end after this.

        With `handler`, only if it is still this one's: a closed descriptor's number may be somebody
        else's by now.
        """
        with self._lock:
            if handler is not None and self._handlers.get(descriptor) is not handler:
                return
            if self._handlers.pop(descriptor, None) is not None and self._epoll is not None:
                self._epoll.unregister(descriptor)

    def _watching(self) -> select.epoll:
        if self._epoll is None:
            self._epoll = select.epoll()
            self._alarm = os.eventfd(0, os.EFD_CLOEXEC)
            self._handlers[self._alarm] = self._called
            self._epoll.register(self._alarm, select.EPOLLIN)
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return self._epoll

    def _called(self) -> bool:
        os.eventfd_read(self._alarm)
        while not self._calls.empty():
            try:
                self._calls.get()()
            except Exception:
                log.exception("A fault on the watcher's thread")
        return True

    def _run(self) -> None:
        assert self._epoll is not None  # noqa: S101 - the thread is started after it is set
        while True:
            for descriptor, _ in self._epoll.poll():
                with self._lock:
                    handler = self._handlers.get(descriptor)
                if handler is not None and not self._ask(handler):
                    self.remove(descriptor, handler)

    def _ask(self, handler: Handler) -> bool:
        try:
            return handler()
        except Exception:
            log.exception("A fault while reading")
            return False
