"""/api/v1/instances/ID/logs and …/files: what an instance has written, and what lies in its sandbox;
also of those that have ended, while their sandboxes are there.

Offsets are bytes of the stream through all its files, where our executor keeps an index of it, else
of the file. Followed output comes as server-sent events, `{"offset": …, "data": …}` each: text of at
most 64 KiB, and where it begins; its `id` is where it ends, and who comes back with that as
Last-Event-ID goes on from there. Bytes that are no UTF-8 are shown as U+FFFD. Two kinds of events
have names: `trouble` (`{"detail": …}`, null when it is over) while the agent gives nothing,
and `end`, the last one, when the task has ended and all was sent.
"""
from __future__ import annotations

import asyncio
import codecs
import functools
import json
from collections.abc import Awaitable
from typing import Any, Final, TypeVar
from urllib.parse import quote

from aiohttp import web

from scheduler.api.asking import Asking
from scheduler.api.errors import RefusedError, not_found
from scheduler.api.server import HEADERS, STREAMS, Asked, json_answer
from scheduler.looking.agents import AgentError
from scheduler.looking.outputs import Outputs, Piece
from scheduler.looking.places import NowhereError, Spot, find, inside
from scheduler.looking.sandboxes import LENGTH, FileEntry, Sandboxes
from scheduler.looking.written import NoIndexError, Written
from scheduler.tasks.timestamps import seconds, timestamp
from specs.errors import SpecError

T = TypeVar("T")

MOST_AT_ONCE: Final = 1024 * 1024  # bytes in one answer; headers say where to go on, and how far
MOST_LINES: Final = 100_000
MAX_FOLLOWERS: Final = 500
LARGEST: Final = 2**53  # bytes: of an offset
KEEP_ALIVE: Final = 10.0  # seconds between two signs of life
STREAM_NAMES: Final = ("stdout", "stderr")


class Looking:
    """Handlers."""

    def __init__(self, asking: Asking, sandboxes: Sandboxes, outputs: Outputs) -> None:
        self._asking = asking
        self._sandboxes = sandboxes
        self._outputs = outputs
        self._followers = 0

    async def logs(self, asked: Asked) -> web.StreamResponse:
        """GET /api/v1/instances/ID/logs."""
        spot = self._spot(asked)
        name = asked.request.query.get("stream", "stdout")
        if name not in STREAM_NAMES:
            raise RefusedError(400, f"stream is stdout or stderr, not {name!r}")
        follow = asked.flag("follow")
        end = await _answered(self._end(spot, name))  # what is written from now on is not asked for
        begin = await _answered(self._begin(asked, spot, name, end))
        if follow:
            return await self._follow(asked, spot, name, begin)
        data = await _answered(self._read(spot, name, begin, end))
        return web.Response(body=data, content_type="text/plain", charset="utf-8",
                            headers={"X-Mesos-Docker-Offset": str(begin + len(data)),
                                     "X-Mesos-Docker-End": str(end)})

    async def files(self, asked: Asked) -> web.Response:
        """GET /api/v1/instances/ID/files?path=: what is in a folder of the sandbox."""
        found = await _answered(self._sandboxes.entries(self._spot(asked), _path(asked)))
        return json_answer([_shown(each) for each in found])

    async def read(self, asked: Asked) -> web.Response:
        """GET /api/v1/instances/ID/files/read?path=&offset=&length=: a text, and how many bytes it was."""
        spot, path = self._spot(asked), _file(asked)
        offset, length = _number(asked, "offset", LARGEST) or 0, _number(asked, "length", LENGTH)
        data = await _answered(self._sandboxes.read(spot, path, offset,
                                                    LENGTH if length is None else length))
        data = whole_characters(data)
        return json_answer({"offset": offset, "length": len(data),
                            "data": data.decode(errors="replace")})

    async def download(self, asked: Asked) -> web.StreamResponse:
        """GET /api/v1/instances/ID/files/download?path=: the file as it was when it was asked for."""
        spot, path = self._spot(asked), _file(asked)
        size = await _answered(self._sandboxes.size(spot, path))
        response = web.StreamResponse(headers={
            **HEADERS, "Content-Type": "application/octet-stream", "Content-Length": str(size),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(path.rpartition('/')[2], safe='')}"})
        await response.prepare(asked.request)
        if asked.request.method == "HEAD":
            return response
        sent = 0
        try:
            async for piece in self._sandboxes.pieces(spot, path, 0, size):
                await response.write(piece)
                sent += len(piece)
        except AgentError as error:
            raise ConnectionError(str(error)) from error
        if sent < size:
            raise ConnectionError(f"{path} has become shorter")  # what was promised does not come
        return response

    # ---- inside

    def _spot(self, asked: Asked) -> Spot:
        try:
            return find(self._asking.view, asked.ids[0], self._asking.service.history.past)
        except NowhereError as error:
            raise not_found(str(error)) from error

    async def _end(self, spot: Spot, name: str) -> int:
        try:
            return await Written(self._sandboxes, spot, name).end()
        except AgentError as error:
            if error.missing and spot.lives:
                return 0  # it has written nothing yet
            raise

    async def _begin(self, asked: Asked, spot: Spot, name: str, end: int) -> int:
        """Where the answer begins, as one of three parameters says."""
        offset, tail = _number(asked, "offset", LARGEST), _number(asked, "tail", MOST_LINES)
        last = asked.request.headers.get("Last-Event-ID", "")
        if last.isascii() and last.isdecimal() and len(last) < 17:
            offset, tail = int(last), None
        since, written = _time(asked), Written(self._sandboxes, spot, name)
        try:
            if since is not None:
                return max(await written.since(since),
                           0 if tail is None else await written.last_lines(tail, end))
            if tail is not None:
                return await written.last_lines(tail, end)
            first = await written.first()
            return min(max(first, offset), end) if offset else first
        except NoIndexError:
            raise RefusedError(422,
                               f"When the {name} of {spot.task_id} was written is not known: its executor keeps "
                                    "no index") from None
        except AgentError as error:
            if error.missing and spot.lives:
                return 0  # it has written nothing yet
            raise

    async def _read(self, spot: Spot, name: str, begin: int, end: int) -> bytes:
        written = Written(self._sandboxes, spot, name)
        try:
            return b"".join([each async for each in written.pieces(begin, min(begin + MOST_AT_ONCE, end))])
        except AgentError as error:
            if error.missing and spot.lives:
                return b""
            raise

    async def _follow(self, asked: Asked, spot: Spot, name: str, begin: int) -> web.StreamResponse:
        if self._followers >= MAX_FOLLOWERS:
            raise RefusedError(503, f"{MAX_FOLLOWERS} clients follow output already")
        task, streams = asyncio.current_task(), asked.request.app[STREAMS]
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        if task is not None:
            streams.add(task)
        self._followers += 1
        try:
            await response.prepare(asked.request)
            if asked.request.method != "HEAD":
                await self._sent(response, spot, name, begin)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._followers -= 1
            streams.discard(task)
        return response

    async def _sent(self, response: web.StreamResponse, spot: Spot, name: str, begin: int) -> None:
        texts = OutputTexts()
        try:
            async for piece in self._outputs.follow(spot, name, begin, KEEP_ALIVE):
                await response.write(texts.event(piece))
        except AgentError as error:
            await response.write(_event({"detail": str(error)}, "trouble"))
            return
        await response.write(_event({"offset": texts.end}, "end"))


class OutputTexts:
    """Pieces of one follower as events: no character is cut in two."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._troubled = False
        self.end = 0  # behind the last byte that came

    def event(self, piece: Piece) -> bytes:
        """The bytes to send."""
        if not piece.data:
            if piece.trouble is None and not self._troubled:
                return b":\n\n"
            self._troubled = piece.trouble is not None
            return _event({"detail": piece.trouble}, "trouble")
        if piece.offset != self.end:
            self._decoder.reset()  # another file
        if self._decoder.getstate()[0] == b"" and (whole := _whole(piece.offset, piece.data)):
            self.end = piece.offset + len(piece.data)
            return whole
        offset = piece.offset - len(self._decoder.getstate()[0])
        text = self._decoder.decode(piece.data)
        self.end = piece.offset + len(piece.data)
        number = self.end - len(self._decoder.getstate()[0])
        return f"id: {number}\n".encode() + _event({"offset": offset,
                                                    "data": text}) if text else b":\n\n"


@functools.lru_cache(maxsize=8)
def _whole(offset: int, data: bytes) -> bytes | None:
    """The event of whole characters, the same for all who follow; None if they are not whole."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return f"id: {offset + len(data)}\n".encode() + _event({"offset": offset, "data": text})


def whole_characters(data: bytes) -> bytes:
    """Without the beginning of a character of UTF-8 at its end; all of it where there is nothing else."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return (data[:-back] or data) if back < size else data
        if byte < 0x80:
            return data
    return data


async def _answered(call: Awaitable[T]) -> T:
    try:
        return await call
    except AgentError as error:
        if error.missing:
            raise not_found(str(error)) from error
        raise RefusedError(400 if error.wrong else 503, str(error)) from error


def _time(asked: Asked) -> float | None:
    text = asked.request.query.get("since")
    try:
        return None if text is None else seconds(text)
    except (ValueError, OverflowError):
        raise RefusedError(400, "since is a time, as 2026-01-31T12:00:00Z") from None


def _event(data: dict[str, Any], kind: str | None = None) -> bytes:
    name = "" if kind is None else f"event: {kind}\n"
    return f"{name}data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def _path(asked: Asked) -> str:
    try:
        return inside(asked.request.query.get("path", ""))
    except SpecError as error:
        raise RefusedError(400, str(error)) from error


def _file(asked: Asked) -> str:
    path = _path(asked)
    if not path:
        raise RefusedError(400, "path names a file in the sandbox")
    return path


def _number(asked: Asked, name: str, most: int) -> int | None:
    text = asked.request.query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= most):
        raise RefusedError(400, f"{name} is a whole number from 0 to {most}")
    return int(text)


def _shown(entry: FileEntry) -> dict[str, Any]:
    return {"path": entry.path, "size": entry.size, "mode": entry.mode,
            "mtime": timestamp(entry.mtime), "isDirectory": entry.is_folder}
