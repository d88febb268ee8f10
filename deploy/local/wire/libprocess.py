"""A connection to a libprocess actor: messages go out in order, the answers are read and thrown away.

As Mesos: libprocess, encoder.hpp (`MessageEncoder`), process.cpp (`SocketManager::send`).
"""
from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from typing import Final

from specs.forms import Json
from specs.forms.wire import encode
from specs.network.pid import Pid

log = logging.getLogger(__name__)

PACKAGE: Final = "mesos.internal."


class LibprocessLink:
    """`sender` is who speaks, as "slave(1)@127.0.0.1:5051". Connects with its first message."""

    def __init__(self, sender: str, to: Pid) -> None:
        self._sender = sender
        self._to = to
        self._waiting: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._closed = False
        self._pump = asyncio.get_running_loop().create_task(self._run())

    def send(self, name: str, message: Json) -> None:
        """A message of mesos.internal; nothing comes of it if the actor is gone."""
        if not self._closed:
            self._waiting.append(self._request(name, encode(PACKAGE + name, message)))
            self._wake.set()

    def close(self) -> None:
        """End the connection once all that was sent is out."""
        self._closed = True
        self._wake.set()

    def _request(self, name: str, body: bytes) -> bytes:
        head = (f"POST /{self._to.id}/{PACKAGE}{name} HTTP/1.1\r\nUser-Agent: libprocess/{self._sender}\r\n"
                f"Libprocess-From: {self._sender}\r\nConnection: Keep-Alive\r\nHost: {self._to.address}\r\n")
        if not body:
            return f"{head}\r\n".encode()
        chunked = f"{head}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n"
        return chunked.encode() + body + b"\r\n0\r\n\r\n"

    async def _run(self) -> None:
        try:
            reader, writer = await asyncio.open_connection(self._to.address.host, self._to.address.port)
        except OSError as error:
            log.info("The executor at %s cannot be reached: %s", self._to, error)
            self._closed = True
            return
        answers = asyncio.get_running_loop().create_task(_read_all(reader))
        try:
            await self._write(writer)
        finally:
            answers.cancel()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _write(self, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while self._waiting or not self._closed:
                if not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                writer.write(self._waiting.popleft())
                await writer.drain()


async def _read_all(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(1 << 16):
            pass
