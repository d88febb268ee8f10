"""HTTP as libprocess serves it, on aiohttp: the only file that knows aiohttp's server.

Handlers take a `Request` value and return a `Response` value, or a `Streaming` one whose `EventStream` they keep and
feed. What differs from a usual web server, and is imitated because clients see it: routes are the longest known
*prefix* of the path; answers carry only Date, Content-Length and what the handler says (no Server, no Content-Type
without a body, no Connection); a body with a broken Content-Encoding is a 500; each record of a stream is one chunk.

As Mesos: libprocess, process.cpp (`ProcessBase::consume`), http.cpp, encoder.hpp.
"""
from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import logging
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from aiohttp import web

log = logging.getLogger(__name__)

TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"
PROTOBUF: Final = "application/x-protobuf"

# Processes of their own beside master or agent: their paths do not begin with its name.
_PROCESSES: Final = frozenset({"version", "files", "metrics", "system", "containerizer"})

_TYPED: Final = web.ResponseKey("typed", bool)  # whether the handler has said a Content-Type


@dataclass(frozen=True, slots=True)
class Request:
    """One request, its body read and decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # any case
    body: bytes


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
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape")


def method_not_allowed(request: Request, *allowed: str) -> Response:
    names = ", ".join(f"'{name}'" for name in allowed)
    return text(405, f"405 Method Not Allowed. Expecting one of {{ {names} }}, but received '{request.method}'.",
                Allow=", ".join(allowed))


class EventStream:
    """The answer that does not end: bytes go in from anywhere on the loop, the connection takes them in order.

    `on_closed` is called once, when the client has gone away; not after `close()`.
    """

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type
        self.on_closed: Callable[[], None] | None = None
        self.closed = False
        self._pieces: deque[bytes] = deque()
        self._wake = asyncio.Event()

    def write(self, piece: bytes) -> None:
        if not self.closed:
            self._pieces.append(piece)
            self._wake.set()

    def close(self) -> None:
        """End the answer once all that was written is out."""
        self.closed = True
        self._wake.set()

    async def pump(self, response: web.StreamResponse) -> None:
        """Carry pieces to the connection until the end of either side."""
        try:
            while True:
                while self._pieces:
                    await response.write(self._pieces.popleft())
                if self.closed:
                    break
                self._wake.clear()
                await self._wake.wait()
            await response.write_eof()
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


Handler = Callable[[Request], Awaitable[Response | Streaming] | Response | Streaming]


class HttpServer:
    """Listens on one address and hands requests to the handler of the longest known prefix of their path."""

    def __init__(self, routes: Mapping[str, Handler], name: str) -> None:
        """`name`: the process id that may stand before each path ("master", "slave(1)")."""
        self._routes = dict(routes)
        self._name = name
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None

    def add_routes(self, routes: Mapping[str, Handler]) -> None:
        self._routes.update(routes)

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port (a free one for port 0). Raises OSError when the address is taken."""
        app = web.Application(client_max_size=1 << 31)
        app.router.add_route("*", "/{path:.*}", self._serve)
        app.on_response_prepare.append(_only_our_headers)
        # A day: Mesos never closes an idle connection, and a client's pool must not meet one that just did.
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, keepalive_timeout=86400,
                               auto_decompress=False, shutdown_timeout=0.5)
        await runner.setup()
        server = cast(web.Server, runner.server)  # it is there after setup
        try:
            self._listener = await asyncio.get_running_loop().create_server(server, host, port, reuse_address=True,
                                                                            backlog=1024)
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        bound: int = self._listener.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Stop listening and break all connections."""
        runner, self._runner = self._runner, None
        server = runner.server if runner is not None else None
        if runner is None or server is None or self._listener is None:
            return
        for listening in self._listener.sockets:
            asyncio.get_running_loop().remove_reader(listening)
        await asyncio.sleep(0.01)  # what the loop has accepted arrives now; asyncio loses it if the listener is closed
        self._listener.close()
        transports = [connection.transport for connection in server.connections]  # aiohttp forgets what it closes
        await runner.cleanup()
        for transport in transports:
            if transport is not None:
                transport.abort()  # also where something is still to be written
        await asyncio.sleep(0)

    def _handler(self, path: str) -> Handler | None:
        parts = [part for part in path.split("/") if part]
        named = bool(parts) and parts[0] == self._name
        if named:
            parts = parts[1:]
        if named and parts and parts[0] in _PROCESSES:
            return None
        for length in range(len(parts), -1, -1):
            route = "/" + "/".join(parts[:length])
            if route in self._routes:
                return self._routes[route]
        return None

    async def _serve(self, http: web.Request) -> web.StreamResponse:
        handler = self._handler(http.path)
        if handler is None:
            return _whole(not_found())
        try:
            body = _decoded(await http.read(), http.headers.get("Content-Encoding", ""))
        except (OSError, EOFError, zlib.error):
            return _whole(text(500, "failed to decode body"))
        answer = handler(Request(http.method, http.path, http.query, http.headers, body))
        if isinstance(answer, Awaitable):
            answer = await answer
        if isinstance(answer, Response):
            return _whole(_compressed(_padded(answer, http), http))
        return await _stream(http, answer)


def _decoded(body: bytes, encoding: str) -> bytes:
    return gzip.decompress(body) if encoding == "gzip" else body


def _padded(answer: Response, http: web.Request) -> Response:
    """JSON as a script, for browsers of old that ask for it with ?jsonp=."""
    function = http.query.get("jsonp")
    if function is None or answer.status != 200 or answer.content_type != JSON or http.path.startswith("/api/"):
        return answer
    return Response(200, b"%s(%s)" % (function.encode(), answer.body), "text/javascript", answer.headers)


def _compressed(answer: Response, http: web.Request) -> Response:
    """As libprocess: bodies of 1 KiB and more are gzipped for those who take it."""
    if len(answer.body) < 1024 or "gzip" not in http.headers.get("Accept-Encoding", ""):
        return answer
    return Response(answer.status, gzip.compress(answer.body, 1), answer.content_type,
                    {**answer.headers, "Content-Encoding": "gzip"})


def _whole(answer: Response) -> web.Response:
    headers = dict(answer.headers)
    if answer.content_type:
        headers["Content-Type"] = answer.content_type
    response = web.Response(status=answer.status, body=answer.body, headers=headers)
    response[_TYPED] = answer.content_type is not None
    return response


async def _stream(http: web.Request, answer: Streaming) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": answer.stream.content_type, **answer.headers})
    response[_TYPED] = True
    response.enable_chunked_encoding()
    await response.prepare(http)
    with contextlib.suppress(ConnectionError):
        await answer.stream.pump(response)
    return response


async def _only_our_headers(_: web.Request, response: web.StreamResponse) -> None:
    for name in ("Server", "Connection"):
        response.headers.popall(name, None)
    if not response.get(_TYPED, True):
        response.headers.popall("Content-Type", None)
