"""A command with which somebody speaks: a process of this machine, as if it ran in a container."""
from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Sequence

from executor.engine.failures import CommandNotFound


class FakeInteraction:
    """Implements Interaction; stdin and stdout are one socket, as an engine's."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        self.sizes: list[tuple[int, int]] = []
        with theirs:
            try:
                self.process: subprocess.Popen[bytes] = subprocess.Popen(
                    argv, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=theirs.fileno(),
                    start_new_session=True)
            except FileNotFoundError as error:
                self._socket.close()
                raise CommandNotFound(str(error)) from error

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> list[tuple[int, bytes]] | None:
        try:
            data = self._socket.recv(64 * 1024)
        except BlockingIOError:
            return []
        except OSError:
            return None
        return [(1, data)] if data else None

    def write(self, data: bytes) -> int:
        try:
            return self._socket.send(data) if data else 0
        except BlockingIOError:
            return 0

    def close_input(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def resize(self, columns: int, rows: int) -> None:
        self.sizes.append((columns, rows))

    def signal(self, name: str) -> None:
        with contextlib.suppress(KeyError, ProcessLookupError):
            os.killpg(self.process.pid, signal.Signals[f"SIG{name.removeprefix('SIG')}"])

    def exit_status(self) -> int | None:
        status = self.process.poll()
        if status is None:
            return None
        return 128 - status if status < 0 else status

    def kill(self) -> None:
        self.signal("KILL")

    def close(self) -> None:
        self._socket.close()
        self.process.wait(30)
