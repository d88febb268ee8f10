"""/v2/events and /api/v1/events: server-sent events, to Marathon's clients byte for byte as
Marathon sends them.

    event: TYPE\\r\\n
    data: {one line of JSON}\\r\\n
    \\r\\n

Lines end with CRLF, each event is one chunk, a lone CRLF keeps the connection alive. An `id:` line
is sent only to who asks for it (`Last-Event-ID`), or on /api/v1/events, which always has it:
clients of Marathon count bytes of lines. What is ours (types `mesos_docker_…`) goes only to streams
of /v2 that name it by `event_type=`, for clients of Marathon end at a type that they do not know.
On /api/v1/events each event is a CloudEvent, too (shown/cloud.py).

A client that lags LAG events behind is cut off. As Marathon:
core/event/impl/stream/HttpEventStreamHandle.scala.
"""
from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Final

from aiohttp import web

from scheduler.api.asking import Asking
from scheduler.api.errors import RefusedError
from scheduler.api.server import HEADERS, STREAMS, Asked
from scheduler.api.shown.cloud import cloud_event
from scheduler.api.shown.plans import Plans
from scheduler.service.news.events import Replay
from scheduler.storage.records import StoredEvent
from scheduler.tasks.timestamps import timestamp

LAG: Final = 4096  # events that may wait for a client
KEEP_ALIVE: Final = 10.0  # seconds between two signs of life
MAX_STREAMS: Final = 500
Shown = Callable[[StoredEvent], Awaitable[str]]
OURS: Final = "mesos_docker_"


class Streams:
    """Everybody who follows the events. Its methods are called on the server's loop."""

    def __init__(self, asking: Asking, loop: Callable[[], asyncio.AbstractEventLoop],
                 leader: Callable[[], str], clock: Callable[[], float] = time.time) -> None:
        self._asking = asking
        self._log = asking.service.events
        self._loop = loop
        self._leader = leader
        self._clock = clock
        self._plans = Plans()

    async def marathon(self, asked: Asked) -> web.StreamResponse:
        """GET /v2/events. Who does not accept the type is refused, as by Marathon; who takes anything gets it."""
        accept = asked.request.headers.get("Accept", "")
        if "text/event-stream" not in accept and "*/*" not in accept:
            raise RefusedError(405, "Events are sent to who accepts text/event-stream")
        light = asked.request.query.get("plan-format") == "light"
        return await self._stream(asked, numbered="Last-Event-ID" in asked.request.headers,
                                  data=_light if light else self._whole)

    async def ours(self, asked: Asked) -> web.StreamResponse:
        """GET /api/v1/events."""
        return await self._stream(asked, numbered=True, data=self._cloud, ours=True)

    async def _stream(self, asked: Asked, *, numbered: bool, data: Shown,
                      ours: bool = False) -> web.StreamResponse:
        open_streams = asked.request.app[STREAMS]
        if len(open_streams) >= MAX_STREAMS:
            raise RefusedError(503, f"{MAX_STREAMS} clients follow the events already")
        types = {name for each in asked.texts("event_type") for name in each.split(",")}
        after = _last_id(asked.request)
        response = web.StreamResponse(headers={
            **HEADERS, "X-Marathon-Leader": self._leader(), "Content-Type": "text/event-stream"})
        response.enable_chunked_encoding()
        task = _this_task()
        open_streams.add(task)
        follower = _Follower(types, numbered=numbered, data=data, ours=ours)

        def told(events: Sequence[StoredEvent]) -> None:
            self._loop().call_soon_threadsafe(follower.add, events)

        end = self._log.subscribe(told)
        try:
            await response.prepare(asked.request)
            if asked.request.method == "HEAD":
                return response
            if (attached := self._attached(asked.request, types, numbered=numbered)):
                await response.write(attached)
            if after is not None:
                replay = await self._missed(after)
                if not replay.complete:
                    await response.write(_gap(after, replay.events, self._clock()))
                for each in replay.events:
                    await follower.write(response, each)
                follower.skip_to(replay.events[-1].number if replay.events else 0)
            await follower.write_to(response)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            end()
            open_streams.discard(task)
        return response

    async def _missed(self, after: int) -> Replay:
        """Out of memory, or, if that does not reach back so far, out of the storage."""
        replay = self._log.replay(after)
        return replay if replay.complete else await self._asking.ask(
            lambda: self._log.stored(after))

    async def _cloud(self, event: StoredEvent) -> str:
        return cloud_event(event, self._asking.view.framework.id)

    async def _whole(self, event: StoredEvent) -> str:
        """The event's data; a plan with all that was there before, and will be."""
        if wanted := self._plans.missing(event):
            board = self._asking.service.board
            try:
                self._plans.learn(wanted, await self._asking.ask(lambda: {
                    version: board.tree_at(version) for version in wanted if version in board.trees}))
            except RefusedError:  # the state is in trouble: this is no time for long plans
                return event.data
        return self._plans.whole(event)

    def _attached(self, request: web.Request, types: Collection[str], *, numbered: bool) -> bytes:
        kind = "event_stream_attached"
        if types and kind not in types and not numbered:
            return b""
        data = {"remoteAddress": request.remote or "", "eventType": kind,
                "timestamp": timestamp(self._clock())}
        if numbered:
            data["last"] = str(self._log.last)
        return _event(kind, json.dumps(data, separators=(",", ":")), None)


class _Follower:
    """One client: what waits for it."""

    def __init__(self, types: Collection[str], *, numbered: bool, data: Shown,
                 ours: bool = False) -> None:
        """`data`: what is sent of an event; `ours`: who names no types gets ours, too."""
        self._ours = ours
        self._types = types
        self._data = data
        self._numbered = numbered
        self._waiting: deque[StoredEvent] = deque()
        self._seen = 0  # the highest number that was taken
        self._wake = asyncio.Event()
        self._lags = False

    def skip_to(self, number: int) -> None:
        """The events up to this one were written already."""
        self._waiting = deque(each for each in self._waiting if each.number > number)
        self._seen = max(self._seen, number)

    def add(self, events: Sequence[StoredEvent]) -> None:
        """On the server's loop."""
        for each in events:
            if each.number > self._seen and self._wants(each):
                self._waiting.append(each)
        if events:
            self._seen = max(self._seen, events[-1].number)
        if len(self._waiting) > LAG:
            self._lags = True
            self._waiting.clear()
        self._wake.set()

    async def write(self, response: web.StreamResponse, event: StoredEvent) -> None:
        """One event, if it is wanted."""
        if self._wants(event):
            await response.write(_event(event.type, await self._data(event),
                                        event.number if self._numbered else None))

    async def write_to(self, response: web.StreamResponse) -> None:
        """Until the client goes, or lags."""
        while not self._lags:
            while self._waiting:
                await self.write(response, self._waiting.popleft())
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), KEEP_ALIVE)
            except TimeoutError:
                await response.write(b"\r\n")

    def _wants(self, event: StoredEvent) -> bool:
        if self._types:
            return event.type in self._types
        return self._ours or not event.type.startswith(OURS)


async def _light(event: StoredEvent) -> str:
    return event.data


def _event(kind: str, data: str, number: int | None) -> bytes:
    number_line = "" if number is None else f"id: {number}\r\n"
    return f"{number_line}event: {kind}\r\ndata: {data}\r\n\r\n".encode()


def _gap(after: int, events: Sequence[StoredEvent], at: float) -> bytes:
    data = {"eventType": f"{OURS}gap", "timestamp": timestamp(at), "after": after,
            "next": events[0].number if events else None}
    return _event(f"{OURS}gap", json.dumps(data, separators=(",", ":")), None)


def _last_id(request: web.Request) -> int | None:
    text = request.headers.get("Last-Event-ID", "").strip()
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise RefusedError(400, f"Last-Event-ID is a number, not {text[:40]!r}")
    return int(text)


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("requests are answered by tasks")
    return task
