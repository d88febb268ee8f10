"""Output as the engine sends it: frames inside a raw connection, or inside HTTP chunks.

Without a terminal each piece comes in a frame: one byte for the descriptor (1 stdout, 2 stderr),
three zero bytes, the length as four bytes, big end first, then the text. With a terminal there are
no frames and all is stdout. The decoders are pure: bytes in, pieces out, cut anywhere.
`SocketStream` joins one to a socket that never blocks.
"""
from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Protocol

READ_SIZE = 64 * 1024
HEADER_SIZE = 8
STDOUT = 1
SYSTEM_ERROR = 3  # the engine's own complaint (Docker 28), shown on stderr
STDERR = 2

Piece = tuple[int, bytes]


class Decoder(Protocol):
    """Turns bytes into pieces."""

    def feed(self, data: bytes) -> list[Piece]: ...


class RawDecoder:
    """A terminal's output: all of it stdout."""

    def feed(self, data: bytes) -> list[Piece]:
        return [(STDOUT, data)] if data else []


class FrameDecoder:
    """Output in frames. A frame is handed on piece by piece, so a large one is never held."""

    def __init__(self) -> None:
        self._header = b""
        self._descriptor = STDOUT
        self._left = 0  # bytes of the current frame that have not come yet

    def feed(self, data: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        at = 0
        while at < len(data):
            if self._left == 0:
                take = HEADER_SIZE - len(self._header)
                self._header += data[at:at + take]
                at += take
                if len(self._header) == HEADER_SIZE:
                    self._descriptor = STDERR if self._header[0] in {STDERR,
                                                                     SYSTEM_ERROR} else STDOUT
                    self._left = int.from_bytes(self._header[4:], "big")
                    self._header = b""
                continue
            piece = data[at:at + self._left]
            pieces.append((self._descriptor, piece))
            self._left -= len(piece)
            at += len(piece)
        return pieces


class ChunkError(ValueError):
    """The bytes are not HTTP chunks."""


class ChunkDecoder:
    """HTTP/1.1 chunks, wrapped around another decoder; `ended` once the last chunk has come."""

    def __init__(self, inner: Decoder) -> None:
        self._inner = inner
        self._line = b""
        self._left = 0  # of the chunk's text, then of the line end behind it
        self.ended = False

    def feed(self, data: bytes) -> list[Piece]:
        pieces: list[Piece] = []
        at = 0
        while at < len(data) and not self.ended:
            if self._left > 2:
                text = data[at:at + self._left - 2]
                pieces += self._inner.feed(text)
                self._left -= len(text)
                at += len(text)
            elif self._left:
                self._left -= 1
                at += 1
            else:
                at = self._size(data, at)
        return pieces

    def _size(self, data: bytes, at: int) -> int:
        """Read the line with the chunk's size, or what there is of it; the position behind."""
        end = data.find(b"\n", at)
        if end < 0:
            self._line += data[at:]
            if len(self._line) > 64:
                raise ChunkError("a chunk's size is too long")
            return len(data)
        line = (self._line + data[at:end]).split(b";")[0].strip()
        self._line = b""
        if not re.fullmatch(rb"[0-9a-fA-F]{1,16}", line):
            raise ChunkError(f"not a chunk's size: {line[:20]!r}")
        size = int(line, 16)
        self.ended = size == 0
        self._left = size + 2
        return end + 1


class LineDecoder:
    """Lines, for streams of JSON objects; handed on as pieces, without their ends, empty ones left
    out.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Piece]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [(STDOUT, line) for line in lines if line.strip()]


def pieces(sock: socket.socket, decoder: Decoder) -> Iterator[Piece]:
    """All pieces of a blocking socket; raises ConnectionError if it ends before its last chunk."""
    while True:
        data = sock.recv(READ_SIZE)
        yield from decoder.feed(data)
        if getattr(decoder, "ended", not data):
            return
        if not data:
            raise ConnectionError("the Docker engine's answer broke off")


class SocketStream:
    """A container's output on a socket of its own. Implements `OutputStream`."""

    def __init__(self, sock: socket.socket, decoder: Decoder) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._decoder = decoder
        self._open = True

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> list[Piece] | None:
        if not self._open:
            return None
        try:
            data = self._socket.recv(READ_SIZE)
            pieces = self._decoder.feed(data)
        except BlockingIOError:
            return []
        except (OSError, ChunkError):
            data, pieces = b"", []  # reset by the engine's death: the end, as far as this stream goes
        if not data or getattr(self._decoder, "ended", False):
            self._open = False
            return pieces or None
        return pieces

    def close(self) -> None:
        self._open = False
        self._socket.close()
