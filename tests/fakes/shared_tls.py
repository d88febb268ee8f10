"""A TLS connection that one thread reads while others write: `SharedTlsSocket`.

OpenSSL's connections must not be used by two threads at once, not even for the two directions: bytes
are lost then, now and then. So a reader waits for the socket without TLS, and takes turns with the writers.
"""
from __future__ import annotations

import io
import select
import ssl
import threading
from typing import Any

_PATIENCE = 30.0  # seconds that a write may take


class SharedTlsSocket:
    """Of a socket whose handshake is done."""

    def __init__(self, connected: ssl.SSLSocket) -> None:
        self._socket = connected
        self._turn = threading.Lock()

    def sendall(self, data: bytes) -> None:
        with self._turn:
            self._socket.settimeout(_PATIENCE)
            self._socket.sendall(data)

    def recv(self, size: int) -> bytes:
        """Waits; b"" at the end."""
        while True:
            if not self._pending():
                select.select([self._socket], [], [])
            with self._turn:
                self._socket.setblocking(False)
                try:
                    return self._socket.recv(size)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    continue

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        return io.BufferedReader(_Reading(self))

    def shutdown(self, how: int) -> None:
        self._socket.shutdown(how)

    def close(self) -> None:
        self._socket.close()

    def _pending(self) -> int:
        with self._turn:
            return self._socket.pending()


class _Reading(io.RawIOBase):
    def __init__(self, connected: SharedTlsSocket) -> None:
        self._connected = connected

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._connected.recv(len(buffer))
        buffer[:len(data)] = data
        return len(data)
