"""What tasks write, followed: one reader for each file of a sandbox, shared by all who follow it.

Nothing tells when a file on an agent grows, so its reader asks, EVERY seconds while somebody
follows, and as long as there is more. It keeps the last bytes in a ring; who follows is no more than
a position, takes what is in the ring, and reads for himself what is not in it any more: a slow one
holds nothing up and costs nothing.

A task may truncate its file, and our executor begins another one (`stdout.1` is then the one
before). So each piece is asked for together with the last bytes before it: when they are not what
they were, the rest of the old file is looked for under its new name, and the new one is read from
its beginning, as `tail -F` does. Positions count on over all files (`Written`); where no index says
so to others, who is told a position is told that in the file.
"""
from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from scheduler.looking.agents import AgentError
from scheduler.looking.places import Spot
from scheduler.looking.sandboxes import LENGTH, Sandboxes
from scheduler.looking.written import Written

EVERY: Final = 0.25  # seconds between two rounds of one reader
ROUND: Final = 16  # pieces in one round, of a file that grows so fast
RING: Final = 512 * 1024  # bytes of a file that are kept
SEEN: Final = 256  # bytes by which a file is known again
LAST_LOOKS: Final = 2  # times that a file is read to its end after its task's: its output may come later
PAUSE: Final = 1.0  # seconds, where an agent does not give what was written earlier
GONE: Final = 5.0  # seconds without an answer, before people are told


@dataclass(frozen=True, slots=True)
class Piece:
    """What was written. `offset`: where it begins, bytes; empty: a sign of life. `trouble`: why nothing
    comes just now.
    """

    offset: int
    data: bytes
    trouble: str | None = None


class Outputs:
    """All readers. Used on one event loop."""

    def __init__(self, sandboxes: Sandboxes, lives: Callable[[Spot], bool]) -> None:
        """`lives`: whether a task may write still."""
        self._sandboxes = sandboxes
        self._lives = lives
        self._readers: dict[tuple[str, str], _Reader] = {}

    async def follow(self, spot: Spot, name: str, begin: int, alive: float) -> AsyncIterator[Piece]:
        """What was written from a position on, and what is, until the task has ended; a sign of life every
        `alive` seconds. Raises AgentError only before the first piece.
        """
        reader = self._readers.get((spot.task_id, name))
        if reader is None:
            reader = _Reader(self._sandboxes, spot, name, lambda: self._lives(spot), alive)
            await reader.begin()
            reader = self._readers.setdefault((spot.task_id, name), reader)
        reader.join()
        try:
            async for piece in reader.pieces(begin):
                yield piece
        finally:
            if reader.leave() and self._readers.get((spot.task_id, name)) is reader:
                del self._readers[spot.task_id, name]


class _Reader:
    """One file while it is followed."""

    def __init__(self, sandboxes: Sandboxes, spot: Spot, name: str, lives: Callable[[], bool],
                 alive: float) -> None:
        self._sandboxes = sandboxes
        self._spot = spot
        self._name = name
        self._lives = lives
        self._alive = alive
        self._written = Written(sandboxes, spot, name)
        self._indexed = False  # whether positions are the same for everybody
        self._ring = bytearray()
        self._end = 0  # the position behind the ring
        self._shift = 0  # the position at which the file begins
        self._shift_before = 0  # and the one before it
        self._over = False
        self._trouble: str | None = None
        self._trouble_since: float | None = None
        self._followers = 0
        self._changed = asyncio.Event()  # another one for each change: who waits is woken at once, and holds nobody up
        self._task: asyncio.Task[None] | None = None
        self._sign: asyncio.TimerHandle | None = None  # the next one of life: one clock for all who follow

    async def begin(self) -> None:
        """Where the file ends now; it may come later. Raises AgentError."""
        begins = (await self._written.index()).begins
        self._indexed = bool(begins)
        self._end = self._shift = next(iter(begins), 0)
        try:
            start = max(0, await self._sandboxes.size(self._spot, self._name) - SEEN)
            self._ring += await self._sandboxes.read(self._spot, self._name, start)
        except AgentError as error:
            if not error.missing:
                raise
        else:
            self._end += start + len(self._ring)

    def join(self) -> None:
        self._followers += 1
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
            self._give_signs()

    def leave(self) -> bool:
        """Whether nobody is left."""
        self._followers -= 1
        if self._followers == 0 and self._task is not None and self._sign is not None:
            self._task.cancel()
            self._sign.cancel()
        return self._followers == 0

    async def pieces(self, begin: int) -> AsyncIterator[Piece]:
        """For one follower."""
        position = begin if self._indexed else begin + self._shift  # a moment ahead of the reader, perhaps
        told: str | None = None
        while True:
            data = await self._at(position)
            if data is None:
                position = self._end - len(self._ring)  # what was before is gone
                continue
            if data:
                yield Piece(position - self._began(position), data)
                position += len(data)
                continue
            if self._over:
                return
            if self._trouble != told:
                told = self._trouble
                yield Piece(position - self._began(position), b"", told)
            if not await self._news(position):
                yield Piece(position - self._began(position), b"")

    def _began(self, position: int) -> int:
        """The position that is offset 0 for who is told."""
        if self._indexed:
            return 0
        return self._shift if position >= self._shift else self._shift_before

    async def _at(self, position: int) -> bytes | None:
        """Bytes from a position on, of one file; empty at the end; None if they are gone."""
        first = self._end - len(self._ring)
        if position >= first:
            until = self._shift - first if position < self._shift else len(self._ring)
            return bytes(self._ring[position - first:min(until, position - first + LENGTH)])
        if position < self._shift and not self._indexed:
            return None
        try:
            if not self._indexed:
                return await self._sandboxes.read(self._spot, self._name, position - self._shift,
                                                  min(LENGTH, first - position)) or None
            return await self._written.read(position, first) or None
        except AgentError as error:
            if error.missing:
                return None
            await asyncio.sleep(PAUSE)
            return b""

    async def _news(self, position: int) -> bool:
        """Wait for something new behind a position, or for a sign of life; whether there is."""
        told = self._trouble
        if self._end <= position and not self._over:
            await self._changed.wait()
        return self._end > position or self._over or self._trouble != told

    def _give_signs(self) -> None:
        self._tell()
        self._sign = asyncio.get_running_loop().call_later(self._alive, self._give_signs)

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _run(self) -> None:
        """Read until the task has ended and all is read."""
        looks = 0
        while looks < LAST_LOOKS:
            ended = not self._lives()  # looked at first: what is read after the end is all there is
            nothing = await self._round()
            looks = looks + 1 if ended and nothing else 0
            await asyncio.sleep(EVERY)
        self._over = True
        self._tell()

    async def _round(self) -> bool:
        """Read what is new; whether there is nothing, or nothing to be had."""
        nothing = True
        try:
            for _ in range(ROUND):
                piece = await self._piece()
                nothing = nothing and not piece
                if len(piece) < LENGTH // 2:
                    break
        except AgentError as error:
            return self._failed(error)
        self._trouble_since = None
        if self._trouble is not None:
            self._trouble = None
            self._tell()
        return nothing

    async def _piece(self) -> bytes:
        at = self._end - self._shift
        known = bytes(self._ring[-min(SEEN, at):]) if at else b""
        data = await self._sandboxes.read(self._spot, self._name, at - len(known))
        if data.startswith(known):
            self._add(data[len(known):])
            return data[len(known):]
        begins = (await self._written.index()).begins
        if begins and begins[0] >= self._end:  # who is not there yet reads the files between for himself
            self._indexed = True
            self._ring.clear()
            self._end = self._shift = begins[0]
        else:
            await self._rest_of_the_file_before(known, at)
            self._shift_before, self._shift = self._shift, self._end
        piece = await self._sandboxes.read(self._spot, self._name, 0)
        self._add(piece)
        return piece

    async def _rest_of_the_file_before(self, known: bytes, at: int) -> None:
        """What was still written before our executor began another file."""
        with contextlib.suppress(AgentError):
            for _ in range(ROUND):
                data = await self._sandboxes.read(self._spot, f"{self._name}.1", at - len(known))
                if not data.startswith(known) or len(data) == len(known):
                    return
                self._add(data[len(known):])
                at += len(data) - len(known)
                known = data[-SEEN:]

    def _add(self, data: bytes) -> None:
        if not data:
            return
        self._ring += data
        self._end += len(data)
        del self._ring[:max(0, len(self._ring) - RING)]
        self._tell()

    def _failed(self, error: AgentError) -> bool:
        """Whether there is nothing to wait for."""
        if error.missing and not self._ring:
            return True  # nothing was written yet
        now = time.monotonic()
        self._trouble_since = self._trouble_since or now
        if now > self._trouble_since + GONE and self._trouble is None:
            self._trouble = str(error)
            self._tell()
        return self._trouble is not None
