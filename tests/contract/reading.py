"""Waiting for what a runtime tells: output until its end, events until the one wanted."""
from __future__ import annotations

import queue
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from executor.engine.cancellation import Cancellation
from executor.engine.port import ContainerAction, ContainerEvent, ContainerRuntime, Interaction, OutputStream
from tests.patience import SLOW

PATIENCE = 60.0 * SLOW  # seconds; nothing is expected to take a tenth of it


def read_all(stream: OutputStream) -> dict[int, bytes]:
    """All output until the stream ends, by descriptor."""
    found = {1: b"", 2: b""}
    while (pieces := stream.read()) is not None:
        for descriptor, text in pieces:
            found[descriptor] += text
        if not pieces:
            assert select.select([stream], [], [], PATIENCE)[0], "no output and no end"
    stream.close()
    return found


def read_until(stream: OutputStream, wanted: bytes) -> bytes:
    """Output until this text has come."""
    found = b""
    while wanted not in found:
        assert select.select([stream], [], [], PATIENCE)[0], f"only {found!r} came"
        pieces = stream.read()
        assert pieces is not None, f"it ended after {found!r}"
        found += b"".join(text for _, text in pieces)
    return found


def heard_from(command: Interaction) -> tuple[bytes, int]:
    """All that a command writes, and its exit status."""
    output = b"".join(each for _, each in read_pieces(command))
    until = time.monotonic() + PATIENCE
    while (status := command.exit_status()) is None:
        assert time.monotonic() < until, "no end"
        time.sleep(0.02)
    return output, status


def read_pieces(stream: Interaction) -> list[tuple[int, bytes]]:
    """In the order in which they came, until there are no more."""
    found = []
    while (pieces := stream.read()) is not None:
        found += pieces
        if not pieces:
            assert select.select([stream], [], [], PATIENCE)[0], "no output and no end"
    return found


class Heard:
    """Events as they come, on a thread."""

    def __init__(self, events: Iterator[ContainerEvent]) -> None:
        self.all: list[ContainerEvent] = []
        self._queue: queue.Queue[ContainerEvent] = queue.Queue()
        self._thread = threading.Thread(target=self._listen, args=(events,))
        self._thread.start()

    def _listen(self, events: Iterator[ContainerEvent]) -> None:
        for event in events:
            self._queue.put(event)

    def until(self, action: ContainerAction, container: str = "") -> ContainerEvent:
        """Wait for an event; those before it are kept in `all`."""
        while True:
            event = self._queue.get(timeout=PATIENCE)
            self.all.append(event)
            if event.action is action and (not container or event.id == container):
                return event

    def ended(self) -> bool:
        self._thread.join(PATIENCE)
        return not self._thread.is_alive()


@contextmanager
def listening(runtime: ContainerRuntime, labels: dict[str, str], **more: Any) -> Iterator[Heard]:
    cancel = Cancellation()
    heard = Heard(runtime.events.follow(labels, cancel, **more))
    try:
        yield heard
    finally:
        cancel.set()
        assert heard.ended()
