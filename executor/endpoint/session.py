"""One command in a container and the connection over which somebody speaks with it: what comes from
the one goes to the other, and both end together.

One thread, two sockets that never block, and two buffers of bounded size. While the connection takes
nothing, the command's output is not read; while the command takes nothing, what is for its stdin
waits here, at most a window of it, and signals and the end of the connection are heard all the same
(`specs/between/exec_frames.py` says how).
"""
from __future__ import annotations

import contextlib
import selectors
import time
from collections.abc import Callable
from typing import Final, assert_never

from executor.endpoint.dialing import dial
from executor.endpoint.frames import BINARY, CLOSE, TEXT, FrameError, WebSocketMessage
from executor.endpoint.link import ServiceLink
from executor.engine.failures import RuntimeFailure
from executor.engine.port import Interaction
from specs.between import exec_frames as x
from specs.between.executor_request import ExecRequest

UNSENT: Final = 256 * 1024  # bytes of output that may wait for the connection
FAREWELL: Final = 10.0  # seconds for the last frames to be sent, and answered
LOOK: Final = 0.02  # seconds between the first two looks whether a command whose output has ended has, too
LOOK_MOST: Final = 0.5  # and between later ones
NORMAL: Final = (1000).to_bytes(2, "big")  # of a close, as RFC 6455: 7.4.1
LONGEST: Final = x.LONGEST  # bytes of a frame from the service


def run(request: ExecRequest, begin: Callable[[], Interaction]) -> str:
    """The whole of it; how it ended, for the log. `begin` starts the command. Raises OSError if the
    service cannot be reached, or does not want it (any more).
    """
    link = ServiceLink(*dial(request), LONGEST)
    try:
        try:
            command = begin()
        except RuntimeFailure as failure:
            return _said(link, x.failed(str(failure)), "could not be run")
        try:
            with contextlib.suppress(RuntimeFailure):
                if request.size is not None:
                    command.resize(request.size.columns, request.size.rows)
            return Conversation(link, command).run()
        finally:
            command.close()
    finally:
        link.close()


def refuse(request: ExecRequest, why: str) -> None:
    """Say why there will be nothing. Raises OSError."""
    link = ServiceLink(*dial(request), LONGEST)
    try:
        _said(link, x.failed(why), why)
    finally:
        link.close()


class Conversation:
    """A command that runs, and its connection."""

    def __init__(self, link: ServiceLink, command: Interaction) -> None:
        self._link = link
        self._command = command
        self._stdin = bytearray()  # that the command has not taken
        self._taken = 0
        self._told = 0  # of those
        self._ends_input = False
        self._deaf = False  # it takes no more
        self._silent = False  # its output has ended
        self._pause = LOOK  # seconds until the next look whether it has, too

    def run(self) -> str:
        """Until the command or the connection ends; how it ended, for the log."""
        try:
            while (status := self._status()) is None:
                self._turn()
        except (OSError, FrameError) as error:
            self._command.kill()
            return f"ended with its connection: {error}"
        except RuntimeFailure as failure:
            self._command.kill()
            return _said(self._link, x.failed(str(failure)), str(failure))
        return _said(self._link, x.exited(status), f"status {status}")

    def _status(self) -> int | None:
        if not self._silent:
            return None
        self._pause = min(2 * self._pause, LOOK_MOST)
        return self._command.exit_status()

    def _turn(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._link, selectors.EVENT_READ | (
                selectors.EVENT_WRITE if self._link.unsent else 0))
            wanted = (0 if self._silent or self._link.unsent > UNSENT else selectors.EVENT_READ) | (
                selectors.EVENT_WRITE if self._stdin else 0)
            if wanted:
                selector.register(self._command, wanted)
            patience = 0 if self._link.has_read else self._pause if self._silent else None
            ready = {key.fileobj: events for key, events in selector.select(patience)}
        if self._link.has_read or ready.get(self._link, 0) & selectors.EVENT_READ:
            messages = self._link.read()
            if messages is None:
                raise ConnectionError("it was closed")
            for each in messages:
                self._heard(each)
        if ready.get(self._command, 0) & selectors.EVENT_READ:
            self._listen()
        self._feed()
        self._link.flush()

    def _heard(self, message: WebSocketMessage) -> None:
        if message.kind == BINARY and message.data[:1] == bytes([x.STDIN]):
            self._stdin += message.data[1:]
            if len(self._stdin) > x.WINDOW + LONGEST:
                raise ConnectionError(f"more than {x.WINDOW} bytes came that the command has not taken")
        elif message.kind == TEXT:
            said = x.control(message.data.decode(errors="replace"))
            match said:
                case x.Resize(columns, rows):
                    with contextlib.suppress(RuntimeFailure):
                        self._command.resize(columns, rows)
                case x.Signal(name):
                    self._command.signal(name)
                case x.CloseStdin():
                    self._ends_input = True
                case None:
                    pass
                case _:
                    assert_never(said)

    def _listen(self) -> None:
        pieces = self._command.read()
        if pieces is None:
            self._silent = True
            return
        for descriptor, data in pieces:
            for at in range(0, len(data), x.PIECE):
                self._link.send(BINARY, bytes([descriptor]) + data[at:at + x.PIECE])

    def _feed(self) -> None:
        """Give the command what it takes, and tell how much that was."""
        try:
            taken = len(self._stdin) if self._deaf else self._command.write(bytes(self._stdin[:x.PIECE]))
            if self._ends_input and taken == len(self._stdin) and not self._deaf:
                self._command.close_input()
                self._deaf = True
        except OSError:
            taken, self._deaf = len(self._stdin), True
        del self._stdin[:taken]
        self._taken += taken
        if self._taken - self._told >= x.PIECE or (self._told < self._taken and not self._stdin):
            self._told = self._taken
            self._link.send(TEXT, x.taken(self._taken).encode())


def _said(link: ServiceLink, text: str, ended: str) -> str:
    """Send the last word, and how it ended, as it was given.

    Until the service has answered that, all that comes is read: a socket that is closed over something
    unread resets the connection, and the last word with it.
    """
    link.send(TEXT, text.encode())
    link.send(CLOSE, NORMAL)
    until = time.monotonic() + FAREWELL
    with contextlib.suppress(OSError, FrameError):
        link.flush()
        while link.read() is not None and (left := until - time.monotonic()) > 0:
            with selectors.DefaultSelector() as selector:
                selector.register(link, selectors.EVENT_READ | (selectors.EVENT_WRITE if link.unsent else 0))
                selector.select(left)
            link.flush()
    return ended
