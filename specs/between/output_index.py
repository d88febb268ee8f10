"""When which part of a task's output was written, and in which file it stands: the index beside
each stream of a sandbox, `stdout.index` beside `stdout`.

A text of lines, each a mark:

    UNIX_MS OFFSET            the byte OFFSET of the stream was written at that time
    UNIX_MS OFFSET new        ... and is the first of a file: the stream's, `stdout`, begins here

OFFSET counts all bytes of the stream from its beginning on, through all its files, from 0. The last
line with `new` tells where the file `stdout` begins, the one before it where `stdout.1`, the next
older file, does, and so on; how many older ones are kept is not said: they are there or not. Times
and offsets never go back. Marks are DENSE apart, or as far as the output is: what follows a mark was
written before the next one, and if that is more than SPARSE later, within DENSE. So a writer may
leave out marks between others that are at most SPARSE apart. It may leave out old ones altogether,
but for those with `new`, which then bear the time of the first one that is left.

A sandbox belongs to its task, and the machine may have lost power: what is no mark is skipped. An
index may have none: then nothing is known, and a reader takes the whole file.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final

SUFFIX: Final = ".index"
DENSE: Final = 1_000  # ms
SPARSE: Final = 60_000  # ms
MOST: Final = 1 << 20  # bytes of an index; a writer keeps it shorter, a reader need not read more

_MARK: Final = re.compile(r"([0-9]{1,16}) ([0-9]{1,18})( new)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mark:
    """One line. `at`: ms since the epoch; `offset`: bytes of the stream; `new`: begins a file."""

    at: int
    offset: int
    new: bool = False

    @property
    def line(self) -> str:
        """As it stands in the index, with its end."""
        return f"{self.at} {self.offset}{' new' if self.new else ''}\n"


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a byte of a stream stands: in which file, 0 for the newest, and where in that."""

    file: int
    offset: int


@dataclass(frozen=True, slots=True)
class OutputIndex:
    """What an index says."""

    marks: tuple[Mark, ...] = ()

    @property
    def begins(self) -> tuple[int, ...]:
        """Where each file begins, bytes of the stream, the newest first; empty if not known."""
        return tuple(mark.offset for mark in reversed(self.marks) if mark.new)

    def since(self, at: int) -> int | None:
        """The byte from which on stands all that was written at a time, ms, or later; what stands
        there may be a little older. None: nothing was, or nothing is known.
        """
        for mark, following in _pairs(self.marks):
            near = following is not None and following.at - mark.at <= SPARSE
            until = following.at if following is not None and near else mark.at + DENSE
            if until > at:
                return mark.offset
        return None

    def place(self, offset: int) -> FilePlace | None:
        """The file with this byte, which may be gone by now; None if it is older than all that are
        known. What was not written yet comes into the newest.
        """
        for file, begin in enumerate(self.begins):
            if offset >= begin:
                return FilePlace(file, offset - begin)
        return None

    def kept(self, files: int, size: int) -> OutputIndex:
        """What is worth keeping of it where so many files are: no marks before them, and of the
        others at most so many, those left out first that are closest together, then the oldest.
        """
        begins = self.begins
        first = begins[files - 1] if 0 < files <= len(begins) else 0
        marks = [mark for mark in self.marks if mark.offset >= first]
        if len(marks) > size:
            marks = _thinned(marks)
        if len(marks) > size:  # what begins a file stays, as if it was written as late as the first one left
            first_left = marks[-size]
            begun = [replace(mark, at=first_left.at) for mark in marks[:-size] if mark.new]
            marks = begun + marks[-size:]
        return OutputIndex(tuple(marks))


def file_name(stream: str, file: int) -> str:
    """Of a stream's files: `stdout`, `stdout.1`, …; as logrotate names them."""
    return f"{stream}.{file}" if file else stream


def parse(text: str) -> OutputIndex:
    """What an index says, as far as it can be believed."""
    marks: list[Mark] = []
    for line in text.split("\n")[:-1]:  # what has no end was cut
        found = _MARK.fullmatch(line)
        if found is None:
            continue
        mark = Mark(int(found[1]), int(found[2]), found[3] is not None)
        if not marks or (mark.at >= marks[-1].at and mark.offset >= marks[-1].offset):
            marks.append(mark)
    return OutputIndex(tuple(marks))


def render(marks: Iterable[Mark]) -> str:
    """The index with these marks."""
    return "".join(mark.line for mark in marks)


def _pairs(marks: Sequence[Mark]) -> Iterator[tuple[Mark, Mark | None]]:
    return zip_longest(marks, marks[1:])


def _thinned(marks: Sequence[Mark]) -> list[Mark]:
    """Without those whose neighbours stay within SPARSE of each other."""
    kept: list[Mark] = []
    for mark, following in _pairs(marks):
        if not kept or mark.new or following is None or following.at - kept[-1].at > SPARSE:
            kept.append(mark)
    return kept
