"""Speaking with a command in a container: this process's streams over a WebSocket of the service.

stdin is read by a thread, as a file or a pipe may block; no more of it is sent than the command can
take (`specs/between/exec_frames.py`). Without a terminal of ours that is raw, a signal to this process
goes on to the command.
"""
from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import ssl
import threading
from collections.abc import Callable
from typing import Any, Final

import aiohttp

from deploy.client.looking.terminal import Terminal
from deploy.client.service import Service
from specs.between.exec_frames import LONGEST, PIECE, STDERR, STDIN, WINDOW

PASSED_ON: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class NotRunError(Exception):
    """The command could not be run, or its end not be seen."""


class NobodyReadsError(Exception):
    """What our stdout or stderr leads to has gone."""


class UnwrittenError(Exception):
    """What our stdout or stderr leads to takes nothing; the text says why."""


class Conversation:
    """One command. `hold` is the whole of it."""

    def __init__(self, service: Service, terminal: Terminal, *, interactive: bool, tty: bool) -> None:
        self._service = service
        self._terminal = terminal
        self._interactive = interactive
        self._tty = tty
        self._unsent = asyncio.Condition()
        self._sent = self._taken = 0  # bytes of stdin

    async def hold(self, path: str) -> int:
        """The exit status. Raises NotRunError, NobodyReadsError, UnwrittenError."""
        tls = ssl.create_default_context() if self._service.url.startswith("https") else False
        try:
            async with aiohttp.ClientSession() as session, session.ws_connect(
                    self._service.url + path, headers=self._service.authorization, ssl=tls, autoclose=True,
                    max_msg_size=2 * LONGEST, compress=0, timeout=aiohttp.ClientWSTimeout(ws_close=5)) as link:
                return await self._with(link)
        except aiohttp.WSServerHandshakeError as error:
            raise NotRunError(f"{self._service.url}: {error.status} {error.message}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise NotRunError(f"{self._service.url} does not answer: {error}") from error

    async def _with(self, link: aiohttp.ClientWebSocketResponse) -> int:
        loop = asyncio.get_running_loop()
        self._watch_signals(loop, link)
        talking = asyncio.create_task(self._talk(link))
        try:
            async for message in link:
                if message.type is aiohttp.WSMsgType.BINARY:
                    await loop.run_in_executor(None, _write, message.data)
                elif message.type is aiohttp.WSMsgType.TEXT:
                    status = await self._heard(json.loads(message.data))
                    if status is not None:
                        return status
        finally:
            talking.cancel()
        raise NotRunError("the connection to the service broke; the command is ended")

    async def _heard(self, said: dict[str, Any]) -> int | None:
        """The exit status, once it is said. Raises NotRunError."""
        if "exitCode" in said:
            return int(said["exitCode"])
        if "error" in said:
            raise NotRunError(str(said["error"]))
        if "taken" in said:
            async with self._unsent:
                self._taken = int(said["taken"])
                self._unsent.notify_all()
        return None

    async def _talk(self, link: aiohttp.ClientWebSocketResponse) -> None:
        """What is in stdin, to its end, or that of the command; at once its end where it is not passed on."""
        with contextlib.suppress(ConnectionError):
            await self._pass_on(link)

    async def _pass_on(self, link: aiohttp.ClientWebSocketResponse) -> None:
        if self._interactive:
            pieces: asyncio.Queue[bytes] = asyncio.Queue()
            room = threading.Semaphore(4)
            loop = asyncio.get_running_loop()
            threading.Thread(target=_read, args=(room, lambda piece: loop.call_soon_threadsafe(
                pieces.put_nowait, piece)), daemon=True).start()
            while piece := await pieces.get():
                room.release()
                async with self._unsent:
                    await self._unsent.wait_for(lambda: self._sent - self._taken < WINDOW - PIECE)
                    self._sent += len(piece)
                await link.send_bytes(bytes([STDIN]) + piece)
        if self._interactive or not self._tty:
            await link.send_str('{"closeStdin":true}')

    def _watch_signals(self, loop: asyncio.AbstractEventLoop, link: aiohttp.ClientWebSocketResponse) -> None:
        kept: set[asyncio.Task[None]] = set()

        def tell(said: dict[str, Any]) -> None:
            task = loop.create_task(_sent(link, json.dumps(said)))
            kept.add(task)
            task.add_done_callback(kept.discard)

        def resized() -> None:
            if size := self._terminal.size():
                tell({"resize": size})

        if self._tty:
            loop.add_signal_handler(signal.SIGWINCH, resized)
        for number in PASSED_ON:
            if not (self._terminal.is_raw and number is signal.SIGHUP):  # a terminal that is gone ends it all
                loop.add_signal_handler(number, tell, {"signal": number.name})


async def _sent(link: aiohttp.ClientWebSocketResponse, text: str) -> None:
    with contextlib.suppress(ConnectionError):
        await link.send_str(text)


def _read(room: threading.Semaphore, put: Callable[[bytes], object]) -> None:
    """On a thread: stdin, piece by piece, and an empty one at its end."""
    piece = b" "
    while piece:
        room.acquire()
        try:
            piece = os.read(0, PIECE)
        except OSError:
            piece = b""
        try:
            put(piece)
        except RuntimeError:
            return  # the loop is over


def _write(frame: bytes) -> None:
    """To stdout or stderr, all of it. Raises NobodyReadsError, UnwrittenError."""
    descriptor, rest = (2 if frame[:1] == bytes([STDERR]) else 1), memoryview(frame)[1:]
    try:
        while rest:
            rest = rest[os.write(descriptor, rest):]
    except BrokenPipeError as error:
        raise NobodyReadsError from error
    except OSError as error:
        raise UnwrittenError(f"its output cannot be written: {error.strerror}") from error
