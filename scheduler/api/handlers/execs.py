"""/api/v1/instances/ID/exec and /api/v1/exec/…: commands in containers. Who asked for one, and the
executor that runs it, are each connected by a WebSocket; what the one says goes to the other
(`specs/between/exec_frames.py`), and who goes takes the other along.

Each command is two events, when it begins and how it ended, and a line of the log: who, what,
where. None begins that cannot be told of.
"""
from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import WSMessage, WSMsgType, web

from scheduler.api.asking import Asking
from scheduler.api.errors import RefusedError, not_found
from scheduler.api.server import STREAMS, Asked, json_answer
from scheduler.looking.agents import AgentError
from scheduler.looking.execs import Exec, Execs, NoExecError
from scheduler.looking.places import NowhereError, find
from specs.between.exec_frames import LONGEST, STDIN, failed
from specs.between.executor_request import ExecCommand, TerminalSize
from specs.errors import SpecError
from specs.forms.codec import read
from specs.marathon.errors import Detail
from specs.words.printable import printable

log = logging.getLogger(__name__)

GONE: Final = "whoever asked for it has gone"
MOST_WORDS: Final = 64 * 1024  # bytes of a command
MOST_CHARACTERS: Final = 10_000  # of a line, or a column, of a terminal
IDLE, EVERY, MISSED = 30, 10, 3  # seconds of silence before TCP asks, between two questions; answers that may fail


class ExecHandlers:
    """Handlers."""

    def __init__(self, asking: Asking, execs: Execs) -> None:
        self._asking = asking
        self._execs = execs

    async def create(self, asked: Asked) -> web.Response:
        """POST /api/v1/instances/ID/exec: {command, tty?, columns?, rows?}."""
        wanted = await _body(asked)
        view = self._asking.view
        try:
            spot = find(view, asked.ids[0], self._asking.service.history.past)
            size = None if wanted.columns is None or wanted.rows is None else TerminalSize(wanted.columns, wanted.rows)
            found = self._execs.open(view, spot, wanted.command, size, tty=bool(wanted.tty),
                                     user=asked.caller.name, address=asked.request.remote or "")
        except NowhereError as error:
            raise not_found(str(error)) from error
        except NoExecError as error:
            raise RefusedError(503 if error.busy else 409, str(error)) from error
        return json_answer({"id": found.id, "url": f"/api/v1/exec/{found.id}"}, 201)

    async def attach(self, asked: Asked) -> web.StreamResponse:
        """GET /api/v1/exec/EXECID: the WebSocket of who asked for it."""
        _check_upgrade(asked.request)
        found = self._execs.taken(asked.ids[0], asked.caller.name)
        if found is None:
            raise not_found("There is no such command, or somebody is connected to it")
        connection = _websocket()
        ended = "the service ended"
        with counted(asked.request), contextlib.ExitStack() as stack:
            stack.callback(self._execs.end, found)
            await self._told(found, "started")
            try:
                await connection.prepare(asked.request)
                _keep_alive(asked.request)
                ended = await self._conversation(found, connection)
            except ConnectionError:
                ended = GONE
            finally:
                self._log_end(found, ended)
            with contextlib.suppress(RefusedError):
                await self._told(found, "ended", how=ended)
        await connection.close()
        return connection

    async def answer(self, asked: Asked) -> web.StreamResponse:
        """GET /api/v1/exec/EXECID/executor: the WebSocket of the executor."""
        _check_upgrade(asked.request)
        connection = _websocket()
        token = asked.request.headers.get("Authorization", "").removeprefix("Bearer ")
        found = self._execs.answered(asked.ids[0], token)
        if found is None:
            raise not_found("There is no such command")
        with counted(asked.request):
            await connection.prepare(asked.request)
            _keep_alive(asked.request)
            if not found.executor.done():
                found.executor.set_result(connection)
            await found.over.wait()
        await connection.close()
        return connection

    # ---- inside

    async def _conversation(self, found: Exec, person: web.WebSocketResponse) -> str:
        """How it ended."""
        try:
            executor = await self._execs.executor(found, f"/api/v1/exec/{found.id}/executor")
        except (NoExecError, AgentError) as error:
            return await _said(person, str(error))
        there, back = (asyncio.create_task(each) for each in (_to_executor(person, executor),
                                                              _to_person(executor, person)))
        try:
            done, _ = await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
            if back not in done:
                return GONE
            return back.result() or await _said(person, "the connection to its executor broke")
        finally:
            for each in (there, back):
                each.cancel()
            await asyncio.gather(there, back, return_exceptions=True)

    async def _told(self, found: Exec, phase: str, **more: str) -> None:
        """One event. Raises RefusedError where it cannot be stored."""
        data = {"execId": found.id, "appId": found.spot.app_id, "instanceId": found.spot.instance_id,
                "taskId": found.spot.task_id, "agentId": found.spot.agent_id, "host": found.spot.host,
                "user": found.user, "address": found.address, "command": list(found.command), "tty": found.tty, **more}
        events = self._asking.service.events
        await self._asking.ask(lambda: events.emit(f"mesos_docker_exec_{phase}", data, found.spot.app_id))

    def _log_end(self, found: Exec, ended: str) -> None:
        log.info("Exec %s by %s from %s in %s on %s: %s: %s", found.id, found.user or "somebody", found.address,
                 found.spot.task_id, found.spot.host, printable(" ".join(found.command))[:200], printable(ended))


async def _to_executor(person: web.WebSocketResponse, executor: web.WebSocketResponse) -> None:
    async for message in person:
        with contextlib.suppress(ConnectionError):  # it has ended, and its last word may be on its way
            if message.type is WSMsgType.BINARY and message.data[:1] == bytes([STDIN]):
                await executor.send_bytes(message.data)
            elif message.type is WSMsgType.TEXT:
                await executor.send_str(message.data)


async def _to_person(executor: web.WebSocketResponse, person: web.WebSocketResponse) -> str:
    """How the command ended; empty if that was not said."""
    async for message in executor:
        if message.type is WSMsgType.BINARY:
            await person.send_bytes(message.data)
        elif message.type is WSMsgType.TEXT:
            await person.send_str(message.data)
            if (last := _last_word(message)) is not None:
                return last
    return ""


def _last_word(message: WSMessage) -> str | None:
    with contextlib.suppress(ValueError, RecursionError):
        match json.loads(message.data):
            case {"exitCode": int(status)}:
                return f"exit status {status}"
            case {"error": str(why)}:
                return why
    return None


async def _said(person: web.WebSocketResponse, why: str) -> str:
    """Tell who asked that it does not go on, and why."""
    with contextlib.suppress(ConnectionError):
        await person.send_str(failed(why))
    return why


async def _body(asked: Asked) -> ExecCommand:
    try:
        found = read(ExecCommand, await asked.json(), strict=True)
    except SpecError as error:
        raise RefusedError(422, "Invalid JSON", [Detail(f"/{error.path}", (error.problem,))]) from error
    if not found.command or not found.command[0] or any("\0" in each for each in found.command):
        raise RefusedError(422, "Invalid JSON", [Detail("/command", ("is a program and its arguments",))])
    if sum(len(each.encode(errors="replace")) for each in found.command) > MOST_WORDS:
        raise RefusedError(422, "Invalid JSON", [Detail("/command", (f"has more than {MOST_WORDS} bytes",))])
    if not all(each is None or 0 < each <= MOST_CHARACTERS for each in (found.columns, found.rows)):
        raise RefusedError(422, "Invalid JSON", [Detail("/columns", (f"and rows are from 1 to {MOST_CHARACTERS}",))])
    return found


def _check_upgrade(request: web.Request) -> None:
    """Refuse what is no WebSocket, or one of another site's page."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise RefusedError(400, "This is for a WebSocket")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
        raise RefusedError(403, "Pages of other sites may not run commands")


def _websocket() -> web.WebSocketResponse:
    return web.WebSocketResponse(max_msg_size=LONGEST, compress=False, timeout=5)


def _keep_alive(request: web.Request) -> None:
    """Who is gone without a word is missed within a minute: who stands still is not."""
    transport = request.transport
    connected: Any = None if transport is None else transport.get_extra_info("socket")
    if connected is not None and connected.family in (socket.AF_INET, socket.AF_INET6):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in ((socket.TCP_KEEPIDLE, IDLE), (socket.TCP_KEEPINTVL, EVERY),
                              (socket.TCP_KEEPCNT, MISSED)):
            connected.setsockopt(socket.IPPROTO_TCP, option, value)


@contextlib.contextmanager
def counted(request: web.Request) -> Iterator[None]:
    """The server's stop ends it."""
    task, streams = asyncio.current_task(), request.app[STREAMS]
    if task is not None:
        streams.add(task)
    try:
        yield
    finally:
        streams.discard(task)
