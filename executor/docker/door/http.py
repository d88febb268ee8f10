"""HTTP/1.1 over the engine's Unix socket: as much of it as every task needs, and in a tenth of the
memory and start of the Docker SDK, which is there for the rest (sdk.py).

A request is one write. An answer's head is read to its last byte and no further, so that the socket
of an answer that goes on can be handed out whole. Connections are kept and used again; one that the
engine has closed meanwhile is seen before it is used. Every read and write is bounded by the call
that the thread is in (calls.py).
"""
from __future__ import annotations

import json
import select
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from executor.docker.door.calls import BoundedSocket

UPGRADE: Final = {"Connection": "Upgrade", "Upgrade": "tcp"}  # asks for a raw connection: no chunks
MAX_IDLE: Final = 32  # connections kept open for the next request
MAX_HEAD: Final = 64 * 1024  # bytes of an answer's head
MAX_BODY: Final = 256 * 1024 * 1024  # and of its body, where it is read at once
_PIECE: Final = 64 * 1024


class EngineRefused(Exception):  # noqa: N818 - an answer, which becomes a failure of ours
    """An answer with a status of 400 or above, and the engine's words."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        self.text = text


class BadAnswerError(ValueError):
    """This is no HTTP."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. `path` begins with a slash; `params` that are None are left out."""

    method: str
    path: str
    params: Mapping[str, Any] | None = None
    body: Any = None  # sent as JSON
    headers: Mapping[str, str] | None = None

    def encoded(self, version: str | None) -> bytes:
        """As it is sent; `version`: of the API, in front of the path."""
        said = {name: _param(value) for name, value in (self.params or {}).items() if value is not None}
        query = f"?{urlencode(said, doseq=True)}" if said else ""
        prefix = f"/v{version}" if version else ""
        body = b"" if self.body is None else json.dumps(self.body).encode()
        headers = {"Host": "localhost", **(self.headers or {})}
        if self.body is not None:
            headers["Content-Type"] = "application/json"
        if body or self.method != "GET":
            headers["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {prefix}{self.path}{query} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def route(template: str, *names: str) -> str:
    """A path with names in it, each `{}` of the template, that mean nothing else there."""
    return template.format(*(quote(name, safe="/:") for name in names))


def _param(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers, their names in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return self.headers.get("transfer-encoding", "").lower() == "chunked"

    @property
    def keeps(self) -> bool:
        """Whether the connection can be used again."""
        return self.headers.get("connection", "").lower() != "close"

    @property
    def length(self) -> int | None:
        """Of the body; None: until the connection ends."""
        if self.status in {204, 304}:
            return 0
        said = self.headers.get("content-length")
        return None if said is None else int(said)


class EngineHttp:
    """Connections to one engine. Safe for threads."""

    def __init__(self, socket_path: str) -> None:
        self._path = socket_path
        self._idle: list[BoundedSocket] = []
        self._lock = threading.Lock()

    def ask(self, ask: Ask, version: str | None) -> bytes:
        """The answer's body. Raises EngineRefused, OSError, BadAnswerError."""
        return self._answer(ask, version)[1]

    def headers(self, ask: Ask, version: str | None) -> Mapping[str, str]:
        """The answer's headers, their names in lower case. Raises as `ask`."""
        return self._answer(ask, version)[0].headers

    def _answer(self, ask: Ask, version: str | None) -> tuple[Head, bytes]:
        connection = self._connection()
        try:
            head = _sent(connection, ask, version)
            body = _body(connection, head)
        except BaseException:
            connection.close()
            raise
        self._keep(connection, head)
        if head.status >= 400:
            raise EngineRefused(head.status, complaint(body, head.status, head.reason))
        return head, body

    def stream(self, ask: Ask, version: str | None) -> tuple[BoundedSocket, bool]:
        """The socket, from the body on, and whether that comes in chunks; it is the caller's. Raises as
        `ask`."""
        connection = self._connection()
        try:
            head = _sent(connection, ask, version)
            refusal = None if head.status < 400 else complaint(
                _body(connection, head), head.status, head.reason)
        except BaseException:
            connection.close()
            raise
        if refusal is not None:
            connection.close()
            raise EngineRefused(head.status, refusal)
        return connection, head.chunked

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for each in idle:
            each.close()

    def _connection(self) -> BoundedSocket:
        while True:
            with self._lock:
                found = self._idle.pop() if self._idle else None
            if found is None:
                return self._connected()
            if not _has_ended(found):
                return found
            found.close()

    def _connected(self) -> BoundedSocket:
        made = BoundedSocket()
        try:
            made.connect(self._path)
        except OSError as error:
            made.close()
            if error.errno is None:
                raise
            raise OSError(error.errno, error.strerror, self._path) from error
        return made

    def _keep(self, connection: BoundedSocket, head: Head) -> None:
        if head.keeps and (head.chunked or head.length is not None):
            with self._lock:
                if len(self._idle) < MAX_IDLE:
                    self._idle.append(connection)
                    return
        connection.close()


def _has_ended(connection: socket.socket) -> bool:
    """Whether there is something to read where nothing was asked: the end, as a rule."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def _sent(connection: BoundedSocket, ask: Ask, version: str | None) -> Head:
    connection.sendall(ask.encoded(version))
    return _head(connection)


def _head(connection: BoundedSocket) -> Head:
    """Read the answer's head, and nothing behind it."""
    head = bytearray()
    while len(head) < MAX_HEAD:
        seen = connection.recv(_PIECE, socket.MSG_PEEK)
        if not seen:
            raise ConnectionError("the Docker engine closed the connection without an answer")
        end = (head[-3:] + seen).find(b"\r\n\r\n")
        take = len(seen) if end < 0 else end + 4 - min(3, len(head))
        head += connection.recv(take)
        if head.endswith(b"\r\n\r\n"):
            return _parsed(head.decode("latin-1"))
    raise BadAnswerError("the head of the Docker engine's answer is too long")


def _parsed(text: str) -> Head:
    start, *lines = text.rstrip("\r\n").split("\r\n")
    protocol, _, rest = start.partition(" ")
    number, _, reason = rest.partition(" ")
    if not protocol.startswith("HTTP/1.") or not (number.isascii() and number.isdigit()):
        raise BadAnswerError(f"not an answer of an engine: {start[:80]!r}")
    pairs = (line.partition(":") for line in lines)
    return Head(int(number), reason, {name.strip().lower(): value.strip() for name, _, value in pairs})


def complaint(body: bytes, status: int, reason: str) -> str:
    """What the engine says is wrong."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if isinstance(said, dict):
        for name in ("message", "error"):  # the second is podman's, of some
            if isinstance(said.get(name), str):
                return str(said[name])
    return body.decode(errors="replace").strip() or reason or f"status {status}"


def _body(connection: BoundedSocket, head: Head) -> bytes:
    if head.chunked:
        return _chunks(connection)
    found = bytearray()
    while head.length is None or len(found) < head.length:
        wanted = _PIECE if head.length is None else min(_PIECE, head.length - len(found))
        piece = connection.recv(wanted)
        if not piece:
            if head.length is None:
                break
            raise ConnectionError("the Docker engine's answer broke off")
        found += piece
        _bounded(found)
    return bytes(found)


def _chunks(connection: BoundedSocket) -> bytes:
    """The body without its chunks' sizes. Nothing comes behind it: nothing else was asked."""
    raw, at, found = bytearray(), 0, bytearray()

    def line() -> bytes:
        nonlocal at
        while (end := raw.find(b"\r\n", at)) < 0:
            more()
        begun, at = at, end + 2
        return bytes(raw[begun:end])

    def more() -> None:
        piece = connection.recv(_PIECE)
        if not piece:
            raise ConnectionError("the Docker engine's answer broke off")
        raw.extend(piece)
        _bounded(raw)

    while True:
        said = line().partition(b";")[0].strip()
        try:
            size = int(said, 16)
        except ValueError:
            raise BadAnswerError(f"not a chunk's size: {said[:20]!r}") from None
        if size == 0:
            while line():
                pass  # what may stand behind the last chunk
            return bytes(found)
        while len(raw) < at + size + 2:
            more()
        found += raw[at:at + size]
        at += size + 2


def _bounded(found: bytearray) -> None:
    if len(found) > MAX_BODY:
        raise BadAnswerError("the Docker engine's answer is too long")
