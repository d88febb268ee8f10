"""WebSocket's frames, as a client sends and reads them. Pure: bytes in, messages out, cut anywhere.

As RFC 6455: 5.2 (frames), 5.3 (masks: whatever a client sends has one), 5.4 (messages in several
frames), 5.5 (control frames).
"""
from __future__ import annotations

import base64
import hashlib
import struct
from typing import Final, NamedTuple

TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10

_CONTINUED: Final = 0
_FINAL: Final = 0x80
_MASKED: Final = 0x80
_MAGIC: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class FrameError(ValueError):
    """What came is no WebSocket, or more than is wanted."""


class WebSocketMessage(NamedTuple):
    """`kind`: TEXT, BINARY, CLOSE, PING or PONG."""

    kind: int
    data: bytes


def accepted(key: str) -> str:
    """What a server answers to a key."""
    return base64.b64encode(hashlib.sha1(key.encode() + _MAGIC).digest()).decode()  # noqa: S324 - the protocol's


def frame(kind: int, data: bytes, mask: bytes) -> bytes:
    """A message in one frame; `mask`: four bytes that nobody can guess."""
    if len(data) < 126:
        head = struct.pack("!BB", _FINAL | kind, _MASKED | len(data))
    elif len(data) < 1 << 16:
        head = struct.pack("!BBH", _FINAL | kind, _MASKED | 126, len(data))
    else:
        head = struct.pack("!BBQ", _FINAL | kind, _MASKED | 127, len(data))
    return head + mask + _masked(data, mask)


class ExecFrameDecoder:
    """Reads what a server sends; `longest`: bytes of a message, at most."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._bytes = bytearray()
        self._kind = 0  # of a message whose end has not come
        self._parts = bytearray()

    def feed(self, data: bytes) -> list[WebSocketMessage]:
        """The messages that are whole now. Raises FrameError."""
        self._bytes += data
        found = []
        while (message := self._next()) is not None:
            if message.data is not None:
                found.append(WebSocketMessage(message.kind, message.data))
        return found

    def _next(self) -> _Part | None:
        if len(self._bytes) < 2:
            return None
        first, length, at = self._bytes[0], self._bytes[1], 2
        if length & _MASKED or first & 0x70:
            raise FrameError("a frame as no server sends it")
        if length > 125:
            at = 4 if length == 126 else 10
            if len(self._bytes) < at:
                return None
            length = int.from_bytes(self._bytes[2:at], "big")
        if length + len(self._parts) > self._longest:
            raise FrameError(f"a message of more than {self._longest} bytes")
        if len(self._bytes) < at + length:
            return None
        data = bytes(self._bytes[at:at + length])
        del self._bytes[:at + length]
        return self._whole(first & 0x0F, data, last=bool(first & _FINAL))

    def _whole(self, kind: int, data: bytes, *, last: bool) -> _Part:
        if kind >= CLOSE:  # it may stand between the parts of a message
            return _Part(kind, data)
        if (kind == _CONTINUED) != bool(self._kind):
            raise FrameError("parts of messages that do not belong together")
        self._kind = self._kind or kind
        self._parts += data
        if not last:
            return _Part(self._kind, None)
        whole = _Part(self._kind, bytes(self._parts))
        self._kind = 0
        self._parts.clear()
        return whole


class _Part(NamedTuple):
    kind: int
    data: bytes | None  # None: more of it comes


def _masked(data: bytes, mask: bytes) -> bytes:
    """Each byte by the one of the mask at its place; all at once, as one large number."""
    size = len(data)
    long = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(long, "big")).to_bytes(size, "big")
