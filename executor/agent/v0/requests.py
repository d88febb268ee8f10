"""libprocess messages as HTTP/1.1: a POST per message, "/ID/NAME", answered by 202 without a body.

As Mesos: libprocess's encoder.hpp, decoder.hpp and process.cpp (`libprocess`, `parse`). What comes
is read once, within limits that nobody who merely found the port can exceed; a reader that has
raised reads no more, and its connection is to be closed.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from executor.agent.first_call import letter
from specs.network.pid import Pid

MAX_HEAD: Final = 16 * 1024  # bytes of request line and headers, and of trailers
MAX_BODY: Final = 64 * 1024 * 1024  # bytes; a RunTask carries the TaskInfo, and that what a framework put into it
_MAX_CHUNK_LINE: Final = 256  # bytes of a chunk's length with its extensions
_LINE: Final = re.compile(rb"([A-Z]+) (/[!-~]*) HTTP/1\.[01]")
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_HEX: Final = re.compile(rb"[0-9a-fA-F]{1,8}")


class BadRequest(ValueError):  # noqa: N818 - named after the answer that it gets
    """What came is no HTTP request, or a larger one than any agent sends."""


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` by their names in lower case; of several of a name the last."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def sender(self) -> str | None:
        """The sender's pid as it is claimed; None: no libprocess message. As Mesos: process.cpp, `parse`."""
        if self.method != "POST":
            return None
        claimed = self.headers.get("libprocess-from")
        if claimed is not None:
            return claimed
        agent = self.headers.get("user-agent", "")
        return agent.removeprefix("libprocess/") if agent.startswith("libprocess/") else None

    @property
    def target(self) -> tuple[str, str]:
        """Whom it is for, and the message's name."""
        actor, _, name = self.path[1:].partition("/")
        return unquote(actor), name


def message(sender: Pid, to: Pid, name: str, body: bytes) -> bytes:
    """The request that carries a message."""
    return letter(str(sender), to.id, str(to.address), name, body)


def answer(status: int, reason: str, date: str) -> bytes:
    """An answer without a body; `date` as HTTP writes it."""
    return f"HTTP/1.1 {status} {reason}\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n".encode()


class RequestReader:
    """The requests of one connection, out of bytes cut anywhere."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._request: Request | None = None  # whose body is being read
        self._body = bytearray()
        self._missing = 0  # bytes of the body, or of its current chunk, that have not come
        self._chunked = False
        self._trailers = False

    @property
    def halfway(self) -> bool:
        """Whether a part of a request has come, and not the whole."""
        return self._request is not None or bool(self._buffer)

    def feed(self, data: bytes) -> list[Request]:
        """The requests that are complete now; BadRequest if there is none to be read."""
        self._buffer += data
        done: list[Request] = []
        while self._advance():
            if self._request is not None and not self._missing and not self._chunked:
                whole = Request(self._request.method, self._request.path, self._request.headers,
                                bytes(self._body))
                done.append(whole)
                self._request = None
                self._body = bytearray()
        return done

    def _advance(self) -> bool:
        """Read one part; False if it has not come as a whole."""
        if self._request is None:
            return self._read_head()
        if self._missing:
            return self._read_body()
        return self._read_trailer() if self._trailers else self._read_chunk_line()

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n", 0, MAX_HEAD)
        if end < 0:
            if len(self._buffer) >= MAX_HEAD:
                raise BadRequest(f"no end of the headers in {MAX_HEAD} bytes")
            first = bytes(self._buffer.split(b"\r\n", 1)[0])
            if b"\r\n" in self._buffer and not _LINE.fullmatch(first):
                raise BadRequest(f"no request line: {first[:60]!r}")
            return False
        line, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[:end + 4]
        match = _LINE.fullmatch(line)
        if match is None:
            raise BadRequest(f"no request line: {line[:60]!r}")
        headers = _headers(lines)
        self._chunked, self._missing = _framing(headers)
        self._request = Request(match[1].decode(), match[2].decode(), headers)
        return True

    def _read_body(self) -> bool:
        if not self._buffer:
            return False
        taken = min(self._missing, len(self._buffer))
        self._body += self._buffer[:taken]
        del self._buffer[:taken]
        self._missing -= taken
        return True

    def _read_chunk_line(self) -> bool:
        """A chunk's length; the line's end behind the chunk before it comes first."""
        start = 2 if self._body else 0
        if start and len(self._buffer) >= start and self._buffer[:start] != b"\r\n":
            raise BadRequest("a chunk is longer than it says")
        end = self._buffer.find(b"\r\n", start, start + _MAX_CHUNK_LINE)
        if end < 0:
            if len(self._buffer) >= start + _MAX_CHUNK_LINE:
                raise BadRequest("no length of a chunk")
            return False
        digits = bytes(self._buffer[start:end]).split(b";")[0].strip()
        if not _HEX.fullmatch(digits):
            raise BadRequest(f"no length of a chunk: {digits[:20]!r}")
        del self._buffer[:end + 2]
        self._missing = int(digits, 16)
        self._trailers = self._missing == 0
        if len(self._body) + self._missing > MAX_BODY:
            raise BadRequest(f"a body of more than {MAX_BODY} bytes")
        return True

    def _read_trailer(self) -> bool:
        end = self._buffer.find(b"\r\n", 0, MAX_HEAD)
        if end < 0:
            if len(self._buffer) >= MAX_HEAD:
                raise BadRequest(f"no end of the trailers in {MAX_HEAD} bytes")
            return False
        del self._buffer[:end + 2]
        if end == 0:
            self._trailers = self._chunked = False
        return True


def _headers(lines: list[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise BadRequest(f"no header: {line[:60]!r}")
        name, value = match[1].decode().lower(), match[2].decode("latin-1")
        if headers.get(name, value) != value and name in {"content-length", "transfer-encoding"}:
            raise BadRequest(f"{name} is said twice")
        headers[name] = value
    return headers


def _framing(headers: Mapping[str, str]) -> tuple[bool, int]:
    """Whether the body comes in chunks, and how many bytes it has if not."""
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked" or length is not None:
            raise BadRequest(f"a body coded as {coding[:40]!r}")
        return True, 0
    if length is None:
        return False, 0
    if not (length.isascii() and length.isdigit() and len(length) <= 12
            and int(length) <= MAX_BODY):
        raise BadRequest(f"a body of {length[:20]!r} bytes")
    return False, int(length)
