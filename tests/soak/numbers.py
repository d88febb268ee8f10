"""Follows all events, over every end of the service; each number must come once."""
from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable


class Numbers:
    """A thread. `target`: the service's HOST:PORT and token, whenever it is asked."""

    def __init__(self, target: Callable[[], tuple[str, str]]) -> None:
        self.seen: list[int] = []
        self._target = target
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(30)

    def broken(self) -> list[str]:
        """What is wrong with the numbers that came."""
        pairs = zip(self.seen, self.seen[1:], strict=False)
        return [f"event {second} came after {first}" for first, second in pairs if second != first + 1]

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._follow()
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)

    def _follow(self) -> None:
        address, token = self._target()
        connection = http.client.HTTPConnection(address, timeout=15)
        try:
            connection.request("GET", "/api/v1/events", None, {
                "Authorization": f"Bearer {token}", "Accept": "text/event-stream",
                "Last-Event-ID": str(self.seen[-1] if self.seen else 0)})
            response = connection.getresponse()
            while not self._over.is_set() and (line := response.readline()):
                if line.startswith(b"id: "):
                    self.seen.append(int(line[4:]))
        finally:
            connection.close()
