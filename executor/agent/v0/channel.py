"""One TCP connection, plain or TLS, that never blocks: for a loop that waits on many of them.

A channel is told that its socket is ready (`ready`) and hands out what has come; what is to go out
is kept until the socket takes it. TLS is made on the way: a channel that has been dialled shakes
hands when it is connected; one that was accepted does, or, where plain HTTP is allowed too, looks
at the first byte (22: a TLS handshake) as libprocess does: openssl_socket.cpp, `accept`.
"""
from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ssl import SSLContext

_READ_BYTES: Final = 256 * 1024
_HANDSHAKE: Final = 0x16  # the first byte of a TLS connection
_CONNECTING: Final = frozenset({errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK})


class Channel:
    """Belongs to one thread."""

    def __init__(self, connection: socket.socket, *, tls: SSLContext | None = None,
                 accepted: bool = False, plain_too: bool = False,
                 server_name: str | None = None) -> None:
        connection.setblocking(False)
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.descriptor = connection.fileno()
        self._socket = connection
        self._tls = tls
        self._accepted = accepted
        self._peek = accepted and plain_too and tls is not None
        self._server_name = server_name
        self._connecting = not accepted
        self._shaking = False
        self._wants = 0  # what TLS waits for, whatever we would do
        self._out = bytearray()

    @property
    def open(self) -> bool:
        """Whether bytes can travel."""
        return not (self._connecting or self._peek or self._shaking) and (
            self._tls is None or self._secure)

    @property
    def shaking(self) -> bool:
        """Whether TLS is being made, or could not be."""
        return self._shaking

    @property
    def interest(self) -> int:
        """What the loop has to wait for, as selectors say it."""
        if self._wants:
            return self._wants
        if self._connecting:
            return selectors.EVENT_WRITE
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self._out and self.open else 0)

    @property
    def unsent(self) -> bytes:
        """What has not gone out."""
        return bytes(self._out)

    @property
    def waiting(self) -> int:
        """Bytes that have not gone out."""
        return len(self._out)

    def write(self, data: bytes) -> None:
        """Send these, now if it can be; that the connection is lost is said by the next `ready`."""
        self._out += data
        if self.open and not self._wants:
            with contextlib.suppress(OSError):
                del self._out[:self._send()]

    def ready(self) -> bytes | None:
        """Go on as far as it goes; what has come, None at the end.

        Raises OSError when the connection is lost.
        """
        self._wants = 0
        try:
            if not self.open:
                self._establish()
                if not self.open:
                    return b""
            return self._exchange()
        except BlockingIOError:
            return b""

    def close(self) -> None:
        """Close the socket."""
        with contextlib.suppress(OSError):
            self._socket.close()

    @property
    def _secure(self) -> bool:
        return hasattr(self._socket, "do_handshake")

    def _establish(self) -> None:
        if self._connecting:
            error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error in _CONNECTING:
                return
            if error:
                raise OSError(error, os.strerror(error))
            self._connecting = False
        if self._peek:
            first = self._socket.recv(1, socket.MSG_PEEK)
            self._peek = False
            if first[:1] != bytes([_HANDSHAKE]):
                self._tls = None
        if self._tls is not None:
            self._shake(self._tls)

    def _shake(self, context: SSLContext) -> None:
        from ssl import SSLSocket, SSLWantReadError, SSLWantWriteError

        if not isinstance(self._socket, SSLSocket):
            self._socket = context.wrap_socket(
                self._socket, server_side=self._accepted, do_handshake_on_connect=False,
                server_hostname=None if self._accepted else self._server_name)
            self._shaking = True
        try:
            self._socket.do_handshake()
            self._shaking = False
        except SSLWantReadError:
            self._wants = selectors.EVENT_READ
        except SSLWantWriteError:
            self._wants = selectors.EVENT_WRITE

    def _exchange(self) -> bytes | None:
        if self._out:
            del self._out[:self._send()]
        came = bytearray()
        while len(came) < _READ_BYTES or self._pending():
            data = self._receive()
            if data is None:
                return bytes(came)
            if not data:
                return bytes(came) or None
            came += data
        return bytes(came)

    def _pending(self) -> bool:
        """Whether TLS holds what the socket does not show any more."""
        return bool(self._secure and self._socket.pending())  # type: ignore[attr-defined] # SSLSocket's

    def _send(self) -> int:
        try:
            return self._socket.send(self._out)
        except OSError as error:
            if self._would_block(error):
                return 0
            raise

    def _receive(self) -> bytes | None:
        """None: nothing yet; b"": the end."""
        try:
            return self._socket.recv(_READ_BYTES)
        except OSError as error:
            if self._would_block(error):
                return None
            if getattr(error, "reason", "") == "UNEXPECTED_EOF_WHILE_READING":
                return b""
            raise

    def _would_block(self, error: OSError) -> bool:
        if isinstance(error, BlockingIOError):
            return True
        wanted = {"SSLWantReadError": selectors.EVENT_READ,
                  "SSLWantWriteError": selectors.EVENT_WRITE}.get(type(error).__name__)
        if wanted == selectors.EVENT_WRITE:
            self._wants = selectors.EVENT_READ | selectors.EVENT_WRITE
        return wanted is not None
