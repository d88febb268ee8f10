"""Bodies of requests: read with bounds, unpacked with the same bounds.

A body is refused (413) as soon as it is known to be too large, packed or unpacked; so a small one
that unpacks to a gigabyte costs no more than a large one. All bodies together have a limit as well
(503), and a sender that falls silent is not waited for (408).

As Mesos: libprocess http.cpp knows gzip; the bounds are ours, Mesos has none.
"""
from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Final

MAX_BODY: Final = 16 << 20  # bytes of one body, unpacked; an ACCEPT of some thousand tasks has a few million
MAX_BODIES: Final = 64 << 20  # bytes of all bodies that are being read or have not been answered
SILENCE: Final = 60.0  # seconds without a byte
_GZIP: Final = 16 + zlib.MAX_WBITS


class BodyError(Exception):
    """It cannot be had; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Bodies:
    """The bodies of one server."""

    def __init__(self, most: int = MAX_BODY, together: int = MAX_BODIES,
                 silence: float = SILENCE) -> None:
        self._most = most
        self._together = together
        self._silence = silence
        self._held = 0

    def too_large(self, length: int | None) -> bool:
        """Whether a body of this Content-Length need not be read at all."""
        return length is not None and length > self._most

    async def read(self, pieces: AsyncIterator[bytes], encoding: str) -> bytes:
        """A whole body, unpacked if `encoding` is gzip; raises BodyError. `release` it when it is
        done with.
        """
        body = bytearray()
        unpacker = _Unpacker() if encoding == "gzip" else None
        try:
            while (piece := await self._next(pieces)) is not None:
                room = self._most - len(body) + 1  # one more than fits tells that it does not
                plain = piece[:room] if unpacker is None else unpacker.feed(piece, room)
                self._check(len(body) + len(plain), self._held + len(plain))
                self._held += len(plain)
                body += plain
            if unpacker is not None:
                unpacker.finish()
        except BaseException:
            self.release(body)
            raise
        return bytes(body)

    def release(self, body: bytes | bytearray) -> None:
        self._held -= len(body)

    def _check(self, length: int, together: int) -> None:
        if length > self._most:
            raise BodyError(413, f"The body is larger than {self._most} bytes")
        if together > self._together:
            raise BodyError(503, "Too many large requests at once")

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        try:
            async with asyncio.timeout(self._silence):
                return await anext(pieces, None)
        except TimeoutError:
            raise BodyError(408, f"Nothing came for {self._silence:g} seconds") from None


class _Unpacker:
    """gzip, one member after the other, never more than was asked for."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._began = False  # whether a byte has come

    def feed(self, packed: bytes, most: int) -> bytes:
        plain = bytearray()
        self._began = self._began or bool(packed)
        try:
            while packed and len(plain) < most:
                if self._member.eof:
                    packed = packed.lstrip(b"\0")  # padding
                    self._member = zlib.decompressobj(_GZIP) if packed else self._member
                    continue
                plain += self._member.decompress(packed, most - len(plain))
                packed = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        except zlib.error:
            raise BodyError(500, "failed to decode body") from None
        return bytes(plain)

    def finish(self) -> None:
        if self._began and not self._member.eof:
            raise BodyError(500, "failed to decode body")
