"""A task's stdout and stderr, read out of its sandbox through the agent that it runs on.

Agents serve the files of sandboxes over HTTP, on every cluster and without rights on the machine: GET /files/read with
a path, an offset and a length. The path is the one that Mesos attaches for an executor's latest run. Nothing tells when
a file grows, so one thread asks for all files in turn, and once more after a task has ended, until there is no more.

As Mesos: files/files.cpp, `_read`; slave/paths.cpp, `getExecutorVirtualPath`.
"""
from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode

LENGTH = 64 * 1024  # bytes per request; agents give no more than they like, which is at least a page
TAIL_OF = 1024 * 1024  # bytes of a file, of which the last lines are wanted
EVERY = 0.25  # seconds between rounds while there is nothing new
GONE = 5.0  # seconds after a task's end for a file that does not come or an agent that does not answer


class Output(Protocol):
    """Where the pieces go; called on the follower's thread."""

    def __call__(self, data: bytes, descriptor: int, /) -> None: ...


def sandbox(framework_id: str, executor_id: str) -> str:
    """The path under which an agent serves the sandbox of an executor's latest run."""
    return f"/frameworks/{framework_id}/executors/{executor_id}/runs/latest"


def read(address: str, path: str, offset: int, length: int = LENGTH) -> bytes | None:
    """A piece of a file, empty at its end; None if there is no such file (yet). Raises OSError or HTTPException.

    `address`: the agent's HOST:PORT. Agents put the file's bytes into their JSON as they are, valid UTF-8 or not.
    """
    connection = http.client.HTTPConnection(address, timeout=GONE)
    try:
        connection.request("GET", f"/files/read?{urlencode({'path': path, 'offset': offset, 'length': length})}")
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status == http.client.NOT_FOUND:
        return None
    if response.status != http.client.OK:
        raise http.client.HTTPException(f"{response.status} {response.reason}")
    data: str = json.loads(body.decode("utf-8", "surrogateescape"))["data"]
    return data.encode("utf-8", "surrogateescape")


def last_lines(address: str, path: str, count: int) -> list[str]:
    """The end of a file that is not very long; empty if nothing of it can be had."""
    data = b""
    try:
        while (piece := read(address, path, len(data))) and len(data) < TAIL_OF:
            data += piece
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        pass  # what has come is better than nothing
    return data.decode(errors="replace").splitlines()[-count:]


@dataclass(slots=True)
class _File:
    task_id: str
    address: str
    path: str
    descriptor: int
    offset: int = 0
    rest: bytes = b""  # of a line that has not ended, where lines are named
    trouble: str | None = None  # why the last try to read it failed
    done: bool = False


@dataclass(slots=True)
class _State:
    files: list[_File] = field(default_factory=list)
    ended: dict[str, float] = field(default_factory=dict)  # when a task ended, monotonic seconds
    closing: bool = False


class Follower:
    """Copies what tasks write to `output`, from `start` until `drain` or `close`."""

    def __init__(self, output: Output, patience: float = GONE, when_broken: Callable[[], None] = lambda: None, *,
                 named: bool = False) -> None:
        """`patience`: seconds after a task's end for what does not come.

        `when_broken` is called once, on the follower's thread, when `output` fails. `named`: whole lines, each behind
        its task's id, for more than one task; else bytes as they come.
        """
        self._output = output
        self._named = named
        self._when_broken = when_broken
        self._patience = patience
        self._state = _State()
        self.unread: dict[str, str] = {}  # why the output of a task, by its id, could not be read to its end
        self.broken: Exception | None = None  # why `output` takes no more: a closed pipe, a full disk
        self._change = threading.Condition()
        self._when_drained: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._run, name="task output", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def follow(self, task_id: str, address: str, folder: str) -> None:
        """Follow the task's two files in this folder of the agent."""
        with self._change:
            self._state.files += [_File(task_id, address, f"{folder}/stdout", 1),
                                  _File(task_id, address, f"{folder}/stderr", 2)]
            self._change.notify()

    def ended(self, task_id: str) -> None:
        """Nothing more will be written."""
        with self._change:
            self._state.ended[task_id] = time.monotonic()
            self._change.notify()

    def drain(self, then: Callable[[], None]) -> None:
        """Call this when all is read of all tasks, which must have ended; on the follower's thread."""
        with self._change:
            self._when_drained = then
            self._change.notify()

    def close(self) -> None:
        with self._change:
            self._state.closing = True
            self._change.notify()
        if self._thread.is_alive():
            self._thread.join(GONE)

    def _run(self) -> None:
        while True:
            with self._change:
                if self._state.closing:
                    return
                files = [file for file in self._state.files if not file.done]
                then = self._when_drained if not files else None
                if then is not None:
                    self._when_drained = None
                elif not files:
                    self._change.wait()
            if then is not None:
                then()
            elif files and not sum(self._advance(file) for file in files):
                with self._change:
                    self._change.wait(EVERY)

    def _advance(self, file: _File) -> bool:
        """Whether there was anything new."""
        ended = self._state.ended.get(file.task_id)  # looked at first: what is read after the end is all there is
        try:
            piece = read(file.address, file.path, file.offset)
            file.trouble = None
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            piece = None  # the agent is restarting, or does not let us
            file.trouble = str(error).strip() or type(error).__name__
        if piece:
            file.offset += len(piece)
            self._write(_named(file, piece) if self._named else piece, file.descriptor)
            return True
        if ended is not None and (piece is not None or time.monotonic() > ended + self._patience):
            file.done = True
            if file.trouble is not None:
                self.unread[file.task_id] = f"{file.address}: {file.trouble}"
            if file.rest:
                self._write(_named(file, b"\n"), file.descriptor)
        return False

    def _write(self, piece: bytes, descriptor: int) -> None:
        """Nobody reads any more: the first error is kept and told, and what is still waited for comes to its end."""
        if self.broken is not None or not piece:
            return
        try:
            self._output(piece, descriptor)
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            self.broken = error
            self._when_broken()


def _named(file: _File, piece: bytes) -> bytes:
    """The lines that are whole now, each behind the task's id; one of more than LENGTH bytes is cut."""
    *lines, rest = (file.rest + piece).split(b"\n")
    file.rest = rest
    if len(rest) > LENGTH:
        lines, file.rest = [*lines, rest], b""
    name = file.task_id.encode()
    return b"".join(b"%b  %b\n" % (name, line) for line in lines)
