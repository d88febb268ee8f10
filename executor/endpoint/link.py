"""A WebSocket on a socket that never blocks: what is to be sent waits in a buffer of known size."""
from __future__ import annotations

import os
import socket
import ssl
from typing import Final

from executor.endpoint.frames import CLOSE, PING, PONG, ExecFrameDecoder, WebSocketMessage, frame

READ_SIZE: Final = 64 * 1024
READS: Final = 8  # at a time: who sends without end must not fill the memory
_LATER: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class ServiceLink:
    """Used by one thread. All methods may raise OSError, when the connection is over."""

    def __init__(self, connected: socket.socket, came: bytes, longest: int) -> None:
        """`came`: what was read of it already; `longest`: bytes of a message, at most."""
        connected.setblocking(False)
        self._socket = connected
        self._decoder = ExecFrameDecoder(longest)
        self._came = came
        self._out = bytearray()

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def unsent(self) -> int:
        """Bytes that wait to be sent."""
        return len(self._out)

    @property
    def has_read(self) -> bool:
        """Whether there is something to read of which the socket knows nothing (any more)."""
        return bool(self._came) or self._pending()

    def send(self, kind: int, data: bytes) -> None:
        """Soon; `flush` does it."""
        self._out += frame(kind, data, os.urandom(4))

    def flush(self) -> None:
        """Send as much as goes."""
        try:
            while self._out:
                del self._out[:self._socket.send(self._out[:READ_SIZE])]
        except _LATER:
            return

    def read(self) -> list[WebSocketMessage] | None:
        """The messages that are there; None once the other side has closed. Raises FrameError, too."""
        found = self._decoder.feed(self._came)
        self._came = b""
        try:
            reads = 0
            while reads < READS or self._pending():
                data = self._socket.recv(READ_SIZE)
                if not data:
                    return None
                found += self._decoder.feed(data)
                reads += 1
        except _LATER:
            pass
        for each in found:
            if each.kind == PING:
                self.send(PONG, each.data)
        return None if any(each.kind == CLOSE for each in found) else found

    def _pending(self) -> bool:
        """Whether TLS has read more than it gave: that wakes up nobody."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def close(self) -> None:
        self._socket.close()
