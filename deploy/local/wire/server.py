"""HTTP as libprocess serves it, on aiohttp: the only file that knows aiohttp's server.

What differs from a usual web server, and is imitated because clients see it: routes are the longest
known *prefix* of the path; answers carry only Date, Content-Length and what the handler says (no
Server, no Content-Type without a body, no Connection); a body with a broken Content-Encoding is a
500; each record of a stream is one chunk.

Before a handler sees a request it has passed, in this order: it is no web page's of others (403),
the path is known (404), whoever the path's realm demands has asked (401), the body is of a bounded
size (413).

As Mesos: libprocess, process.cpp (`ProcessBase::consume`), http.cpp, encoder.hpp.
"""
from __future__ import annotations

import asyncio
import contextlib
import errno
import gzip
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from deploy.local.wire.authentication import Authenticator, Principal, Unauthorized
from deploy.local.wire.bodies import Bodies, BodyError
from deploy.local.wire.exchange import (
    JSON,
    Answer,
    Download,
    Ends,
    Handler,
    Request,
    Response,
    Streaming,
    not_found,
    text,
)
from deploy.local.wire.web_pages import is_function, refusal
from specs.network.address import HostPort

log = logging.getLogger(__name__)

Gate = Callable[[str], Authenticator | None]  # who may use a route; None: everybody

# Processes of their own beside master or agent: their paths do not begin with its name.
_PROCESSES: Final = frozenset({"version", "files", "metrics", "system", "containerizer"})

_PIECE: Final = 1 << 18  # bytes of a file at a time
_TYPED: Final = web.ResponseKey("typed", bool)  # whether the handler has said a Content-Type


class HttpServer:
    """Listens on one address and hands requests to the handler of the longest known prefix of their
    path.
    """

    def __init__(self, routes: Mapping[str, Handler], name: str, *, gate: Gate = lambda _: None,
                 names: Collection[str] = ()) -> None:
        """`name`: the process id that may stand before each path ("master", "slave(1)"). `names`:
        host names under which it may be asked, besides localhost and addresses."""
        self._routes = dict(routes)
        self._name = name
        self._gate = gate
        self._names = frozenset(each.lower() for each in names)
        self._bodies = Bodies()
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None

    def add_routes(self, routes: Mapping[str, Handler]) -> None:
        self._routes.update(routes)

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port (a free one for port 0). Raises OSError, with a text that names
        the address, when it cannot be had."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        app.on_response_prepare.append(_only_our_headers)
        # A day: Mesos never closes an idle connection, and a client's pool must not meet one that
        # just did.
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True,
                               keepalive_timeout=86400,
                               auto_decompress=False, shutdown_timeout=0.5, logger=_protocol_log())
        await runner.setup()
        server = cast(web.Server, runner.server)  # it is there after setup
        try:
            self._listener = await asyncio.get_running_loop().create_server(server, host, port,
                                                                            reuse_address=True,
                                                                            backlog=1024)
        except OSError as error:
            await runner.cleanup()
            number = error.errno or errno.EADDRNOTAVAIL  # for which asyncio gives no number since Python 3.12
            why = "is taken" if number == errno.EADDRINUSE else f"cannot be had: {os.strerror(number)}"
            raise OSError(number, f"{HostPort(host, port)} {why}") from error
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

    def _route(self, path: str) -> str | None:
        parts = [part for part in path.split("/") if part]
        named = bool(parts) and parts[0] == self._name
        if named:
            parts = parts[1:]
        if named and parts and parts[0] in _PROCESSES:
            return None
        for length in range(len(parts), -1, -1):
            route = "/" + "/".join(parts[:length])
            if route in self._routes:
                return route
        return None

    async def _serve(self, http: web.Request) -> web.StreamResponse:
        refused = refusal(http.method, http.headers, self._names)
        if refused is not None:
            return _whole(text(403, refused))
        route = self._route(http.path)
        if route is None:
            return _whole(not_found())
        try:
            principal = self._authenticated(route, http)
        except Unauthorized as error:
            return _whole(text(401, "401 Unauthorized.", **{"WWW-Authenticate": error.challenge}))
        if self._bodies.too_large(http.content_length):
            return _whole(text(413, "413 Request Entity Too Large."))
        try:
            body = await self._bodies.read(http.content.iter_any(),
                                           http.headers.get("Content-Encoding", ""))
        except BodyError as error:
            return _whole(text(error.status, str(error)))
        try:
            answer = self._routes[route](Request(http.method, http.path, http.query, http.headers,
                                                 body, principal, _ends(http.transport)))
            if isinstance(answer, Awaitable):
                answer = await answer
        finally:
            self._bodies.release(body)
        return await _answered(http, answer)

    def _authenticated(self, route: str, http: web.Request) -> Principal | None:
        authenticate = self._gate(route)
        return None if authenticate is None else authenticate(http.headers.get("Authorization"))


def _ends(transport: asyncio.Transport | None) -> Ends | None:
    peer, own = (transport.get_extra_info(name) if transport is not None else None
                 for name in ("peername", "sockname"))
    return Ends(peer[:2], own[:2]) if peer and own else None


async def _answered(http: web.Request, answer: Answer) -> web.StreamResponse:
    if isinstance(answer, Response):
        return _whole(_compressed(_padded(answer, http), http))
    if isinstance(answer, Download):
        return await _download(http, answer)
    return await _stream(http, answer)


def _padded(answer: Response, http: web.Request) -> Response:
    """JSON as a script, for browsers of old that ask for it with ?jsonp=."""
    function = http.query.get("jsonp")
    if function is None or answer.status != 200 or answer.content_type != JSON or http.path.startswith("/api/"):
        return answer
    if not is_function(function):
        return text(400, "Expecting 'jsonp' to be the name of a function")
    return Response(200, b"%s(%s)" % (function.encode(), answer.body), "text/javascript",
                    answer.headers)


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
    response = web.StreamResponse(headers={"Content-Type": answer.stream.content_type,
                                           **answer.headers})
    response[_TYPED] = True
    response.enable_chunked_encoding()
    await response.prepare(http)
    with contextlib.suppress(ConnectionError):
        await answer.stream.pump(response)
    return response


async def _download(http: web.Request, answer: Download) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": answer.content_type, **answer.headers})
    response[_TYPED] = True
    response.content_length = answer.size
    try:
        await response.prepare(http)
        missing = answer.size if http.method != "HEAD" else 0
        while missing and (piece := await answer.read(min(missing, _PIECE))):
            await response.write(piece)
            missing -= len(piece)
    finally:
        answer.close()
    if missing and http.transport is not None:
        http.transport.abort()  # the file has become shorter: better no end than a wrong one
    return response


async def _only_our_headers(_: web.Request, response: web.StreamResponse) -> None:
    for name in ("Server", "Connection"):
        response.headers.popall(name, None)
    if not response.get(_TYPED, True):
        response.headers.popall("Content-Type", None)


class _OneLine(logging.Filter):
    """What is no HTTP is its sender's fault, and worth a line; a stack of ours would say nothing.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.msg = f"{record.getMessage()}: {' '.join(str(error.message).split())[:200]!a}"
            record.args, record.exc_info = (), None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def own_names(hostname: str) -> set[str]:
    """What this machine is called, besides the name that it was told."""
    return {name for name in (hostname, socket.gethostname(), socket.getfqdn()) if name}


def _protocol_log() -> logging.Logger:
    protocol = logging.getLogger(f"{__name__}.protocol")
    if not protocol.filters:
        protocol.addFilter(_OneLine())
    return protocol
