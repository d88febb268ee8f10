"""A task's stdout and stderr, read out of its sandbox through the agent that it runs on.

Agents serve the files of sandboxes over HTTP, on every cluster and without rights on the machine:
GET /files/read with a path, an offset and a length. The path is the one that Mesos attaches for an
executor's latest run. Nothing tells when a file grows, so one thread asks for all files in turn,
and once more after a task has ended, until there is no more.

A task may truncate or replace its file. So each piece is asked for together with the last bytes
before it: when they are not what they were the file is another one, and is read from its beginning,
as `tail -F` does; if it was rotated, what was not read of the older ones comes first. What cannot be
read is told of while it lasts, and at the end.

As Mesos: files/files.cpp, `_read`; slave/paths.cpp, `getExecutorVirtualPath`.
"""
from __future__ import annotations

import http.client
import itertools
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from deploy.run.agents import PATIENCE as GONE
from deploy.run.agents import Agents
from specs.between.output_index import file_name

LENGTH = 64 * 1024  # bytes per request; agents give no more than they like, which is at least a page
SEEN = 256  # bytes before a piece by which a file is known again
TAIL_OF = 1024 * 1024  # bytes of a file, of which the last lines are wanted
EVERY = 0.25  # seconds between rounds while there is nothing new


class Output(Protocol):
    """Where the pieces go; called on the follower's thread."""

    def __call__(self, data: bytes, descriptor: int, /) -> None: ...


def sandbox(framework_id: str, executor_id: str) -> str:
    """The path under which an agent serves the sandbox of an executor's latest run."""
    return f"/frameworks/{framework_id}/executors/{executor_id}/runs/latest"


def read(agents: Agents, address: str, path: str, offset: int, length: int = LENGTH) -> bytes | None:
    """A piece of a file, empty at its end; None if there is no such file (yet). Raises OSError or
    HTTPException. `address`: the agent's HOST:PORT.
    """
    answer = agents.read(address, {"path": path, "offset": offset, "length": length})
    return None if answer is None else answer["data"].encode("utf-8", "surrogateescape")


def size(agents: Agents, address: str, path: str) -> int | None:
    """A file's size in bytes, else as `read`. As Mesos: files.cpp, which answers to an offset of -1
    with it.
    """
    answer = agents.read(address, {"path": path, "offset": -1, "length": 0})
    return None if answer is None else int(answer["offset"])


def last_lines(agents: Agents, address: str, path: str, count: int) -> list[str]:
    """The end of a file that is not very long; empty if nothing of it can be had."""
    data = b""
    try:
        while (piece := read(agents, address, path, len(data))) and len(data) < TAIL_OF:
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
    seen: bytes = b""  # the last bytes before `offset`
    rest: bytes = b""  # of a line that has not ended, where lines are named
    there: bool = False
    found: bool = False  # whether it was ever there
    trouble: str | None = None  # why the last try to read it failed
    since: float | None = None  # when that began, monotonic seconds
    told: bool = False  # of this trouble
    done: bool = False


@dataclass(slots=True)
class _State:
    files: list[_File] = field(default_factory=list)
    ended: dict[str, float] = field(default_factory=dict)  # when a task ended, monotonic seconds
    never_began: set[str] = field(default_factory=set)  # task ids
    hurried: float = math.inf  # since when, monotonic seconds
    closing: bool = False


class Follower:
    """Copies what tasks write to `output`, from `start` until `drain` or `close`."""

    def __init__(self, output: Output, patience: float = GONE,
                 when_broken: Callable[[], None] = lambda: None, *,
                 told: Callable[[str], None] = lambda _sentence: None, named: bool = False,
                 agents: Agents | None = None) -> None:
        """`patience`: seconds for what does not come, before people are told, and after a task's
        end.

        `when_broken` is called once, on the follower's thread, when `output` fails; `told` there
        too, with sentences about what people do not see. `named`: whole lines, each behind its
        task's id, for more than one task; else bytes as they come. `agents`: how they are asked.
        """
        self._output = output
        self._named = named
        self._when_broken = when_broken
        self._patience = patience
        self._told = told
        self._agents = agents or Agents()
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

    def ended(self, task_id: str, *, began: bool = True) -> None:
        """Nothing more will be written; nothing at all where the task never began."""
        with self._change:
            if not began:
                self._state.never_began.add(task_id)
            self._state.ended[task_id] = time.monotonic()
            self._change.notify()

    def hurry(self) -> None:
        """People want the end: what is not read `patience` seconds after a task's end is not read.

        A task can make its output as long as it likes, without a disk that would hold it.
        """
        with self._change:
            self._state.hurried = min(time.monotonic(), self._state.hurried)
            self._change.notify()

    def drain(self, then: Callable[[], None]) -> None:
        """Call this when all is read of all tasks, which must have ended; on the follower's thread.
        """
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
        piece = self._read(file, ended is not None)
        if piece:
            self._write(_named(file, piece) if self._named else piece, file.descriptor)
            if ended is None or time.monotonic() <= max(ended, self._state.hurried) + self._patience:
                return True
            file.trouble = f"there is more than the {file.offset} bytes that were read in time"
        if ended is not None and (piece is not None or time.monotonic() > ended + self._patience):
            file.done = True
            trouble = file.trouble or self._missing(file)
            if trouble is not None:
                self.unread[file.task_id] = f"{file.address}: {trouble}"
            if file.rest:
                self._write(_named(file, b"\n"), file.descriptor)
        return False

    def _read(self, file: _File, ended: bool) -> bytes | None:
        """What is new in a file; None if it cannot be read (now)."""
        try:
            piece = self._piece(file)
        except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
            piece = None  # the agent is restarting, or does not let us, or the file is none
            file.trouble = str(error).strip() or type(error).__name__
        else:
            file.trouble = None
            file.there = piece is not None
            file.found = file.found or file.there
        if file.trouble is None:
            if file.told:
                self._told(f"the {_name(file)} of {file.task_id} can be read again")
            file.since, file.told = None, False
        elif file.since is None:
            file.since = time.monotonic()
        elif not (file.told or ended) and time.monotonic() > file.since + self._patience:
            file.told = True
            self._told(
                f"the {_name(file)} of {file.task_id} cannot be read from its agent, {file.address}:"
                       f" {file.trouble}; trying again")
        return piece

    def _piece(self, file: _File) -> bytes | None:
        begin = file.offset - len(file.seen)
        data = read(self._agents, file.address, file.path, begin)
        if data is None:
            return None
        piece: bytes | None = data[len(file.seen):]
        changed = not data.startswith(file.seen[:len(data)])
        if file.seen and not changed and len(data) <= len(file.seen) and len(data) < SEEN:
            length = size(self._agents, file.address, file.path)
            changed = length is not None and length < file.offset  # else its agent gives little at once
            piece = read(self._agents, file.address, file.path, file.offset)
        if changed:
            piece = self._rest(file)
            if piece is None:
                self._begin_anew(file)
            if not piece:
                file.offset, file.seen = 0, b""
                piece = read(self._agents, file.address, file.path, 0)
        if piece:
            file.offset += len(piece)
            file.seen = (file.seen + piece)[-SEEN:]
        return piece

    def _rest(self, file: _File) -> bytes | None:
        """What we have not read of a file that was rotated away, and of those between it and the
        newest; empty: we have all. None: it was not rotated.
        """
        begin = file.offset - len(file.seen)
        for number in itertools.count(1):
            older = file_name(file.path, number)
            data = read(self._agents, file.address, older, begin)
            if data is None:
                return None
            if not data or not data.startswith(file.seen[:len(data)]):
                continue
            piece = data[len(file.seen):] or read(self._agents, file.address, older, file.offset)
            if piece or number == 1:
                return piece or b""
            file.offset, file.seen = 0, b""
            return read(self._agents, file.address, file_name(file.path, number - 1), 0)
        raise AssertionError("there is no last number")

    def _begin_anew(self, file: _File) -> None:
        self._told(
            f"the {_name(file)} of {file.task_id} was truncated; going on from its beginning")
        if file.rest:
            self._write(_named(file, b"\n"), file.descriptor)

    def _missing(self, file: _File) -> str | None:
        """Why it matters that there is no such file in the end, if it does: it was there before, or
        nothing of its task ever was."""
        if file.task_id in self._state.never_began:
            return None
        others = [each.found for each in self._state.files if each.task_id == file.task_id
                  and each is not file]
        gone = file.found and not file.there
        return "404: there is no such file" if gone or not (file.found or any(others)) else None

    def _write(self, piece: bytes, descriptor: int) -> None:
        """Nobody reads any more: the first error is kept and told, and what is still waited for
        comes to its end.
        """
        if self.broken is not None or not piece:
            return
        try:
            self._output(piece, descriptor)
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            self.broken = error
            self._when_broken()


def _name(file: _File) -> str:
    return file.path.rpartition("/")[2]


def _named(file: _File, piece: bytes) -> bytes:
    """The lines that are whole now, each behind the task's id; one of more than LENGTH bytes is
    cut.
    """
    *lines, rest = (file.rest + piece).split(b"\n")
    file.rest = rest
    if len(rest) > LENGTH:
        lines, file.rest = [*lines, rest], b""
    name = file.task_id.encode()
    return b"".join(b"%b  %b\n" % (name, line) for line in lines)
