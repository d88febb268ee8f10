"""What a handler gets and what it gives: values, and a stream that it keeps and feeds. No server
knows better.

As Mesos: libprocess http.hpp (`Request`, `Response` and its kinds).
"""
from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from deploy.local.wire.authentication import Principal

MAX_UNSENT: Final = 64 << 20  # bytes of a stream that its client has not taken; beyond, it is cut off

TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"
PROTOBUF: Final = "application/x-protobuf"


@dataclass(frozen=True, slots=True)
class Ends:
    """A TCP connection: who dialled, and what was dialled, as host and port."""

    peer: tuple[str, int]
    own: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Request:
    """One request, its body read and decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # any case
    body: bytes
    principal: Principal | None = None  # None: nobody has to prove who they are
    ends: Ends | None = None  # of its connection


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. Without `content_type` there is no such header."""

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def text(status: int, message: str, **headers: str) -> Response:
    """An answer in words; Mesos's errors are such."""
    return Response(status, message.encode("utf-8", "surrogateescape"), TEXT, headers)


def not_found() -> Response:
    return text(404, "404 Not Found.")


def not_implemented() -> Response:
    return text(501, "501 Not Implemented.")


def accepted() -> Response:
    return Response(202)


def json_response(value: Any, status: int = 200) -> Response:
    return Response(status, dump_json(value), JSON)


def dump_json(value: Any) -> bytes:
    """JSON without blanks, as Mesos writes it."""
    return json.dumps(value, separators=(",", ":"),
                      ensure_ascii=False).encode("utf-8", "surrogateescape")


def method_not_allowed(request: Request, *allowed: str) -> Response:
    names = ", ".join(f"'{name}'" for name in allowed)
    return text(405,
                f"405 Method Not Allowed. Expecting one of {{ {names} }}, but received '{request.method}'.",
                Allow=", ".join(allowed))


class Connection(Protocol):
    """What takes the pieces of a stream."""

    async def write(self, data: bytes) -> None: ...
    async def write_eof(self) -> None: ...


class EventStream:
    """The answer that does not end: bytes go in from anywhere on the loop, the connection takes
    them in order.

    `on_closed` is called once, when the client has gone away, or has not read for too long; not
    after `close()`.
    """

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type
        self.on_closed: Callable[[], None] | None = None
        self.closed = False
        self._pieces: deque[bytes] = deque()
        self._unsent = 0  # bytes of them
        self._pump: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    def write(self, piece: bytes) -> None:
        if self.closed:
            return
        self._pieces.append(piece)
        self._unsent += len(piece)
        self._wake.set()
        if self._unsent > MAX_UNSENT and self._pump is not None:
            self._pump.cancel()

    def close(self) -> None:
        """End the answer once all that was written is out."""
        self.closed = True
        self._wake.set()

    async def pump(self, connection: Connection) -> None:
        """Carry pieces to the connection until the end of either side."""
        self._pump = asyncio.current_task()
        try:
            while True:
                while self._pieces:
                    await connection.write(self._pieces[0])
                    self._unsent -= len(self._pieces.popleft())
                if self.closed:
                    break
                self._wake.clear()
                await self._wake.wait()
            await connection.write_eof()
        except (ConnectionError, asyncio.CancelledError):
            self._lost()
            raise

    def _lost(self) -> None:
        if not self.closed:
            self.closed = True
            if self.on_closed is not None:
                self.on_closed()


@dataclass(frozen=True, slots=True)
class Streaming:
    """200 and an event stream."""

    stream: EventStream
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Download:
    """200 and a file, piece by piece."""

    size: int  # bytes that there are to read; where a file gives less its connection is cut off
    read: Callable[[int], Awaitable[bytes]]  # at most so many bytes, empty at the end
    close: Callable[[], None]
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Response | Streaming | Download
Handler = Callable[[Request], Awaitable[Answer] | Answer]
