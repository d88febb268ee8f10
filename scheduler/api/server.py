"""The HTTP server: one thread with a loop of its own, beside the framework's.

What holds for every request is here: who asks and may, how large a body may be, how long an answer
may take, which form errors have, what headers Marathon sends, and that a slash too many or too few
is none of anybody's business. Routes are tables of `routes.Route`; what they do is in the other
files of this room.
"""
from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from scheduler.api.access import Access, Caller, Role
from scheduler.api.errors import RefusedError, refused
from scheduler.api.gate import CSRF, Gate
from scheduler.api.pages import is_foreign, is_misdirected
from scheduler.api.routes import Route, find
from specs.marathon.errors import MarathonError
from specs.marathon.forms.text import Parsed, parse

log = logging.getLogger(__name__)

MAX_BODY: Final = 8 * 1024 * 1024  # bytes, also of what a compressed one inflates to
MAX_CONNECTIONS: Final = 2000  # those beyond are told so and closed
BODY_PATIENCE: Final = 60.0  # seconds for a body to arrive
GRACE: Final = 5.0  # seconds for requests that are being answered when the server stops
Found = tuple[Route | None, tuple[str, ...], tuple[str, ...]]  # what `routes.find` says
Measured = Callable[[str, str, int, float], None]  # a route's path, its method, the status, seconds
STREAMS: Final = web.AppKey("streams", set[asyncio.Task[Any]])  # answers without an end; the stop ends them
HEADERS: Final = {
    "Cache-Control": "no-cache, no-store, must-revalidate", "Pragma": "no-cache", "Expires": "0",
    "X-Frame-Options": "DENY", "X-XSS-Protection": "1; mode=block",
    "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and what was found out about it. `ids`: the parts of the path that its route
    leaves open; `repeated`: the paths of keys that its body says more than once, as far as it has
    been read: the last one counts."""

    request: web.Request
    caller: Caller
    ids: tuple[str, ...]
    gate: Gate
    repeated: list[str] = field(default_factory=list)

    @property
    def cookie(self) -> str | None:
        """The value of the page's cookie."""
        return self.request.cookies.get(cookie_name(self.request))

    def flag(self, name: str, default: bool = False) -> bool:
        """A query parameter that is true or false, in any case: `force`, `force=True`."""
        value = self.request.query.get(name)
        if value is None:
            return default
        if value.lower() in ("", "true", "1"):
            return True
        if value.lower() in ("false", "0"):
            return False
        raise RefusedError(400, f"{name} is true or false, not {value!r}")

    def texts(self, name: str) -> list[str]:
        """A query parameter that may be there several times, also as name[]."""
        return [*self.request.query.getall(name, ()), *self.request.query.getall(f"{name}[]", ())]

    async def json(self) -> Any:
        """The body. Raises RefusedError, in Marathon's words."""
        try:
            parsed = body_json(await asyncio.wait_for(self.request.read(), BODY_PATIENCE))
        except TimeoutError:
            raise RefusedError(408, f"The body has not come within {BODY_PATIENCE:g} s") from None
        except web.RequestPayloadError:
            raise RefusedError(400, "The body is not in the encoding that its headers name") from None
        self.repeated.extend(parsed.repeated)
        return parsed.value


def body_json(body: bytes) -> Parsed:
    """JSON out of a body. Raises RefusedError 400 in Marathon's words: its `details` is then a
    text.
    """
    try:
        return parse(body)
    except MarathonError as error:
        raise refused(error) from error


class Server:
    """`start` returns when it listens, `stop` when it does not any more. Both are called from
    outside its thread.
    """

    def __init__(self, routes: Sequence[Route], access: Access, *, leader: Callable[[], str],
                 prefix: str = "", tls: ssl.SSLContext | None = None,
                 measured: Measured = lambda *_: None) -> None:
        """`leader`: the URL that Marathon's header names; `prefix`: a path before all others, such
        as /service/marathon; `measured`: hears of each request but streams."""
        self.routes = tuple(routes)
        self._access = access
        self._gate = Gate(access)
        self._leader = leader
        self._prefix = prefix.rstrip("/")
        self._tls = tls
        self._measured = measured
        self._local = False  # whether it listens on loopback for everybody
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="api", daemon=True)
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def start(self, host: str, port: int) -> int:
        """Listen; the port. Raises OSError if it is taken."""
        self._thread.start()
        return asyncio.run_coroutine_threadsafe(self._listen(host, port), self._loop).result(30)

    def stop(self) -> None:
        """End all streams and answers within GRACE seconds."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(GRACE + 5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    async def _listen(self, host: str, port: int) -> int:
        logging.getLogger("aiohttp.server").addFilter(_OneLine())
        app = web.Application(client_max_size=MAX_BODY)
        app[STREAMS] = set()
        app.on_shutdown.append(_end_streams)
        app.router.add_route("*", r"/{path:[\s\S]*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, keepalive_timeout=75,
                                     shutdown_timeout=GRACE,
                                     max_line_size=16_384, max_field_size=16_384)
        await self._runner.setup()
        server = cast(web.Server, self._runner.server)  # it is there after setup
        self._listening = await self._loop.create_server(server, host, port, ssl=self._tls, backlog=1024)
        address, port = self._listening.sockets[0].getsockname()[:2]
        self._local = self._access.insecure and ipaddress.ip_address(address).is_loopback
        return int(port)

    async def _close(self) -> None:
        if self._listening is not None:
            for each in self._listening.sockets:
                self._loop.remove_reader(each)  # who is just coming in when it is closed would be closed by nobody
            await _turns()  # who has come in is known, before aiohttp closes those that it knows
            self._listening.close()
        if self._runner is not None:
            await self._runner.cleanup()
        for task in (left := asyncio.all_tasks() - {asyncio.current_task()}):  # of connections that never said all
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await _turns()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        began = time.monotonic()
        path = plain_path(request.path)
        if self._prefix and (path == self._prefix or path.startswith(self._prefix + "/")):
            path = path.removeprefix(self._prefix) or "/"
        found = find(self.routes, "GET" if request.method == "HEAD" else request.method, path)
        response = await self._answered(request, path, found)
        route = found[0]
        if route is None:
            self._measured("none", "any", response.status, time.monotonic() - began)
        elif route.media_type != "text/event-stream":
            self._measured(route.path, route.method, response.status, time.monotonic() - began)
        return response

    async def _answered(self, request: web.Request, path: str, found: Found) -> web.StreamResponse:
        try:
            response = await self._routed(request, path, found)
        except RefusedError as error:
            response = refusal(path, error)
        except MarathonError as error:
            response = refusal(path, refused(error))
        except web.HTTPRequestEntityTooLarge:
            response = refusal(path, RefusedError(413, f"The body is larger than {MAX_BODY} bytes"))
        except (web.HTTPException, ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("A fault in answering %s %s", request.method, path)
            response = refusal(path, RefusedError(500, "Internal Server Error"))
        if response.status == 401 and not _is_of_page(request):
            response.headers["WWW-Authenticate"] = 'Basic realm="Mesosphere"'
        if response.status in (408, 503) or request.content.exception() is not None:
            response.force_close()
        await self._finish(request, response)
        return response

    async def _finish(self, request: web.Request, response: web.StreamResponse) -> None:
        if not response.prepared:
            for name, value in self._headers().items():
                response.headers.setdefault(name, value)
            if (request.method in ("GET", "HEAD") and "Content-Encoding" not in response.headers
                    and getattr(response, "body", None) is not None):
                response.enable_compression()
        if "Content-Encoding" in request.headers and not request.content.is_eof():
            await _answered_last(request, response)

    async def _routed(self, request: web.Request, path: str, found: Found) -> web.StreamResponse:
        caller = self._gate.caller(request.method, request.headers,
                                   request.cookies.get(cookie_name(request)))
        if self._runner is not None and self._runner.server is not None and \
                len(self._runner.server.connections) > MAX_CONNECTIONS:
            raise RefusedError(503, f"There are {MAX_CONNECTIONS} connections already")
        route, ids, allowed = found
        if caller is None and (route is None or not route.open):
            raise RefusedError(401, "Invalid username or password.")
        if (self._local or (self._access.insecure and "Origin" in request.headers)) and is_misdirected(
                request.headers.get("Host", ""), self._names()):
            raise RefusedError(421, "The Host header names another service; --advertise says under which name "
                               "this one is reached")
        if route is None:
            if allowed:
                raise RefusedError(405, f"{request.method} is not for {path}", allow=", ".join(allowed))
            raise RefusedError(404, f"{path} is not found", ())
        if caller is not None and route.writes and not caller.role.may_write:
            raise RefusedError(403, "You are not authorized to perform this action!")
        if route.writes and request.method == "POST" and is_foreign(request.headers):
            raise RefusedError(403,
                               "Pages of other sites may not change anything: send Content-Type: application/json")
        if route.writes and not route.conditional and "If-Match" in request.headers:
            raise RefusedError(400, "If-Match is for changes of a single app or group")
        return await route.handler(Asked(request, caller or Caller("", Role.READ), ids,
                                         self._gate))

    def _names(self) -> set[str]:
        """How this machine and this service are called."""
        return {socket.gethostname().lower(), urlsplit(self._leader()).hostname or ""}

    def _headers(self) -> dict[str, str]:
        return {**HEADERS, "X-Marathon-Leader": self._leader()}


async def _answered_last(request: web.Request, response: web.StreamResponse) -> None:
    """The rest of a compressed body is not read: to drop it means to inflate it, which may be a
    gigabyte out of a megabyte, and of somebody who may not even ask.
    """
    response.force_close()
    await response.prepare(request)
    await response.write_eof()
    request.protocol.force_close()


class _OneLine(logging.Filter):
    """What is no HTTP is worth a line, and no traceback of the library's."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError | web.RequestPayloadError):
            record.msg, record.args = "%s: %.200r", (record.getMessage(), str(error))
            record.exc_info, record.levelno, record.levelname = None, logging.INFO, "INFO"
        return True


async def _turns() -> None:
    """A connection that is accepted, or closed, is so some turns of the loop later."""
    for _ in range(5):
        await asyncio.sleep(0)


async def _end_streams(app: web.Application) -> None:
    for task in app[STREAMS].copy():
        task.cancel()


def refusal(path: str, error: RefusedError) -> web.Response:
    """The answer of a refused request."""
    ours = not path.startswith("/v2")
    more = dict(error.more)
    allow = more.pop("allow", None)
    shown = RefusedError(error.status, error.message, error.details, **more)
    response = web.Response(
        status=error.status, content_type="application/problem+json" if ours
        else "application/json", text=json.dumps(shown.problem() if ours else shown.marathon()))
    if allow is not None:
        response.headers["Allow"] = allow
    return response


def cookie_name(request: web.Request) -> str:
    """Of the page's cookie: browsers do not tell the ports of a host apart."""
    address = request.transport.get_extra_info("sockname") if request.transport else None
    return f"mesos_docker_{address[1] if address else 0}"


def _is_of_page(request: web.Request) -> bool:
    """Whether it is the page that asks, which has a form of its own: the browser shall not ask for
    a password.
    """
    return CSRF in request.headers or cookie_name(request) in request.cookies


def plain_path(path: str) -> str:
    """One slash where there are several, none at the end: /v2/apps//a/ is /v2/apps/a."""
    return "/" + re.sub(r"/+", "/", path).strip("/")


def json_answer(value: Any, status: int = 200,
                headers: dict[str, str] | None = None) -> web.Response:
    """JSON, as short as it can be."""
    return text_answer(json.dumps(value, separators=(",", ":")), status, headers)


def text_answer(text: str, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON that is a text already."""
    return web.Response(status=status, headers=headers, content_type="application/json", text=text)
