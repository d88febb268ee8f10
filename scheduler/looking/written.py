"""What a task has written to one of its streams, by positions that count through all its files.

Our executor begins another file when one is large, and keeps an index beside the stream: where each
file begins, and when what was written (`specs/between/output_index.py`). With it a position is a byte
of the stream from its beginning on, so it stays what it is when files change; without one there is
only one file, and a position is a byte of that.
"""
from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from scheduler.looking.agents import AgentError
from scheduler.looking.places import Spot
from scheduler.looking.sandboxes import LENGTH, Sandboxes
from specs.between.output_index import MOST, SUFFIX, OutputIndex, file_name, parse

TAIL_OF: Final = 1024 * 1024  # bytes among which the last lines are looked for


class NoIndexError(Exception):
    """When what was written is not known."""


class Written:
    """Of one stream of one task. All that is awaited may raise AgentError."""

    def __init__(self, sandboxes: Sandboxes, spot: Spot, name: str) -> None:
        """`name`: stdout or stderr."""
        self._sandboxes = sandboxes
        self._spot = spot
        self._name = name

    async def index(self) -> OutputIndex:
        """Empty where there is none."""
        path = self._name + SUFFIX
        try:
            data = b"".join([each async for each in self._sandboxes.pieces(self._spot, path, 0, MOST)])
        except AgentError as error:
            if error.missing or error.wrong:
                return OutputIndex()
            raise
        return parse(data.decode("ascii", "replace"))

    async def first(self) -> int:
        """The first position that can be read still."""
        begins = (await self.index()).begins
        if len(begins) < 2:
            return next(iter(begins), 0)
        there = {each.path for each in await self._sandboxes.entries(self._spot, "")}
        files = next((file for file in range(len(begins)) if file_name(self._name, file) not in there),
                     len(begins))
        return begins[max(0, files - 1)]

    async def end(self) -> int:
        """The position behind what is written now."""
        begins = (await self.index()).begins
        return next(iter(begins), 0) + await self._sandboxes.size(self._spot, self._name)

    async def since(self, at: float) -> int:
        """Where begins what was written at a time (seconds since 1970) or later. Raises
        NoIndexError.
        """
        index = await self.index()
        if not index.marks:
            raise NoIndexError
        position = index.since(int(at * 1000))
        return await self.end() if position is None else max(position, await self.first())

    async def last_lines(self, count: int, end: int) -> int:
        """Where the last `count` lines before a position begin, or as many of them as are not too long."""
        begin = end
        lowest = max(await self.first(), end - TAIL_OF)
        missing = count + 1  # ends of lines: the one before the first, too
        while count and begin > lowest:
            piece_end, begin = begin, max(lowest, begin - LENGTH)
            piece = b"".join([each async for each in self.pieces(begin, piece_end)])
            if piece_end == end and not piece.endswith(b"\n"):
                missing -= 1  # the last line has not ended
            for at in reversed([at for at, byte in enumerate(piece) if byte == 0x0A]):
                missing -= 1
                if not missing:
                    return begin + at + 1
        return begin

    async def pieces(self, begin: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from one position to another, as far as there are so many."""
        index = await self.index()
        while begin < end and (piece := await self._piece(index, begin, end)):
            yield piece
            begin += len(piece)

    async def read(self, begin: int, end: int) -> bytes:
        """A piece between two positions; empty where there is nothing."""
        return await self._piece(await self.index(), begin, end)

    async def _piece(self, index: OutputIndex, begin: int, end: int) -> bytes:
        place = index.place(begin)
        file, offset = (0, begin) if place is None else (place.file, place.offset)
        return await self._sandboxes.read(self._spot, file_name(self._name, file), offset,
                                          min(LENGTH, end - begin))
