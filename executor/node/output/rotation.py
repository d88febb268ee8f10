"""One stream of a task's output in its sandbox: a file, the older ones beside it, and their index.

When the file is full it becomes NAME.1, that NAME.2 and so on, as with logrotate, and the last one
goes: who reads with `tail -F` goes on in the new file. A file begins and ends with a line, and is
longer than it may be only to hold the end of a line that began in it, of LONGEST bytes at most.
`specs.between.output_index` says what stands in NAME.index.

The sandbox belongs to the task, which may put what it likes where our files were. So nothing is
opened that is no regular file, names are resolved in the folder that was opened at the beginning,
and what is written goes to the file that was opened, whatever its name leads to by now. Where older
files cannot be kept the full one is emptied: output may be lost, the disk is not filled.
"""
from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable
from typing import Final

from executor.engine.failures import BadSandbox
from executor.node.output.sandbox_files import output_file
from executor.node.output.seam import LOOKED_FOR
from executor.settings.rotation import Rotation
from specs.between.output_index import DENSE, MOST, SUFFIX, Mark, OutputIndex, file_name, parse, render

log = logging.getLogger(__name__)

LONGEST: Final = 64 * 1024  # bytes by which a file may be too long
TAIL_BYTES: Final = 2048
THICK: Final = 256 * 1024  # bytes of an index that is to be thinned
MARKS: Final = 4096  # that are left of it
_BESIDE: Final = ".new"  # of a file that takes the place of another one


def now_ms() -> int:
    """Of the clock that people have, ms since the epoch."""
    return time.time_ns() // 1_000_000


def fits(data: bytes, begin: int, *, size: int, between_lines: bool, limit: int) -> int:
    """How much of the data, from `begin` on, goes into a file of this size; 0: into the next one.

    `between_lines`: the file ends with a line's end, or is empty. `limit`: what it shall hold.
    """
    room = limit - size
    if len(data) - begin <= room:
        return len(data) - begin
    whole = data.rfind(b"\n", begin, begin + room) + 1 if room > 0 else 0
    if whole:
        return whole - begin
    if between_lines and size:
        return 0
    most = max(0, room + min(limit, LONGEST))
    end = data.find(b"\n", begin, begin + most) + 1
    return end - begin if end else min(len(data) - begin, most)


class RotatedFile:
    """Belongs to one thread at a time."""

    def __init__(self, folder: int, name: str, rotation: Rotation,
                 now: Callable[[], int] = now_ms) -> None:
        """`folder`: a descriptor, which must stay open. Raises OSError, BadSandbox."""
        self._folder, self._name, self._rotation, self._now = folder, name, rotation, now
        self._file = output_file(name, folder)
        found = os.fstat(self._file)
        self._size, self._at = found.st_size, found.st_mtime_ns
        self._between_lines = not self._size or os.pread(self._file, 1, self._size - 1) == b"\n"
        self._before = b""  # the end of this run's output in the older file
        self._run = self._size  # where this run begins in the file
        self._complained = False
        self._index_size = 0
        self._indexed = False  # whether the index tells where the file begins
        self._begin, self._marked = self._reopened()

    @property
    def total(self) -> int:
        """Bytes of the stream, from its beginning on, through all its files."""
        return self._begin + self._size

    def write(self, data: bytes, begin: int) -> int:
        """Write from `begin` on, where there must be something, as much as goes at once; how much.
        Raises OSError.
        """
        while not (count := fits(data, begin, size=self._size, between_lines=self._between_lines,
                                 limit=self._rotation.size)):
            self._rotate()
        now = self._now()
        if not self._indexed or now >= self._marked + DENSE:
            self._mark(now)
        written = os.write(self._file, memoryview(data)[begin:begin + count])
        self._size += written
        self._at = now * 1_000_000  # last, for `last`
        self._between_lines = data[begin + written - 1:begin + written] == b"\n"
        return written

    def begin_run(self) -> None:
        """What comes now is of another run: `tail` is about that."""
        self._before, self._run = b"", self._size

    def resume(self, begin: int) -> None:
        """This run began at this total, written by a process before this one."""
        self._run = max(0, begin - self._begin)

    def tail(self) -> bytes:
        """The end of what this run has written, TAIL_BYTES at most. Raises OSError."""
        begin = max(self._run, self._size - TAIL_BYTES)
        return (self._before + os.pread(self._file, TAIL_BYTES, begin))[-TAIL_BYTES:]

    def last(self, since: int = 0) -> tuple[bytes, int]:
        """What stands last in the file, or in the one before if that is little, and was written
        since then, or within DENSE of the end; and since when, ns since the epoch. Raises OSError.

        Who asks may not be who writes: the time is never later than that of what is read.
        """
        at, begin, start = self._at, self._begin, max(0, self._size - LOOKED_FOR)
        text = os.pread(self._file, LOOKED_FOR, start)
        end = begin + start + len(text)
        if len(text) < LOOKED_FOR and begin:
            with contextlib.suppress(OSError, BadSandbox):
                older = output_file(file_name(self._name, 1), self._folder)
                with os.fdopen(older, "rb") as file:
                    file.seek(max(0, os.fstat(older).st_size - LOOKED_FOR))
                    text = (file.read(LOOKED_FOR) + text)[-LOOKED_FOR:]
        marks = self._index().marks if since else ()
        from_then = [mark.offset for mark in marks if mark.at * 1_000_000 >= since] or [
            mark.offset for mark in marks[-1:]]
        return text[-(end - from_then[0]):] if from_then and from_then[0] < end else text, at

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _rotate(self) -> None:
        """Raises OSError if there is no way to go on."""
        end, before = self.total, self.tail()
        try:
            following = self._following()
        except (OSError, BadSandbox) as error:
            self._complain("keep older output", error)
            os.ftruncate(self._file, 0)
        else:
            os.close(self._file)
            self._file = following
        self._begin, self._size, self._before, self._run = end, 0, before, 0
        self._between_lines = True
        self._mark(self._now(), rotated=True)

    def _following(self) -> int:
        """A new file in the old one's place, which is one of the older ones now."""
        older = self._rotation.files
        beside = f"{self._name}{_BESIDE}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=self._folder)
        following = output_file(beside, self._folder)
        try:
            found = os.fstat(self._file)
            os.fchown(following, found.st_uid, found.st_gid)
            for file in range(older, 0, -1):
                self._rename(file_name(self._name, file - 1), file_name(self._name, file))
            self._rename(beside, self._name)
        except OSError:
            os.close(following)
            raise
        return following

    def _rename(self, name: str, other: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.rename(name, other, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def _reopened(self) -> tuple[int, int]:
        """Where the file begins in the stream, and when its last mark was made.

        What the index says need not fit: an executor may have died between two steps, a task may
        have emptied its file. Offsets never go back, so then the stream jumps forward.
        """
        marks = self._index().marks
        begins = OutputIndex(marks).begins
        last = marks[-1] if marks else Mark(0, 0)
        self._index_size = len(render(marks))
        self._indexed = bool(begins) and begins[0] + self._size >= last.offset
        return begins[0] if self._indexed else last.offset, last.at

    def _mark(self, now: int, *, rotated: bool = False) -> None:
        self._marked = max(now, self._marked)  # a clock may be put back
        offset = self.total if self._indexed else self._begin
        mark = Mark(self._marked, offset, new=rotated or not self._indexed)
        self._indexed = True
        if not rotated and self._index_size < THICK:
            self._append(mark.line)
        else:
            known = OutputIndex((*self._index().marks, mark))
            self._write_index(render(known.kept(self._rotation.files + 1, MARKS).marks))

    def _index(self) -> OutputIndex:
        name = f"{self._name}{SUFFIX}"
        try:
            os.stat(name, dir_fd=self._folder, follow_symlinks=False)
            file = output_file(name, self._folder)
        except FileNotFoundError:
            return OutputIndex()
        except (OSError, BadSandbox) as error:
            self._complain("read the index", error)
            return OutputIndex()
        with os.fdopen(file, "rb") as index:
            return parse(index.read(MOST).decode("ascii", "replace"))

    def _append(self, line: str) -> None:
        try:
            file = output_file(f"{self._name}{SUFFIX}", self._folder)
            try:
                self._index_size += os.write(file, line.encode())
            finally:
                os.close(file)
        except (OSError, BadSandbox) as error:
            self._complain("write the index", error)

    def _write_index(self, text: str) -> None:
        """In one step: who reads it sees the one before or this one."""
        name = f"{self._name}{SUFFIX}"
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name + _BESIDE, dir_fd=self._folder)
            file = output_file(name + _BESIDE, self._folder)
            try:
                self._index_size = os.write(file, text.encode())
            finally:
                os.close(file)
            self._rename(name + _BESIDE, name)
        except (OSError, BadSandbox) as error:
            self._complain("write the index", error)

    def _complain(self, what: str, error: OSError | BadSandbox) -> None:
        """Once: a full disk would be filled with our complaints of it."""
        if not self._complained:
            self._complained = True
            why = error.strerror if isinstance(error, OSError) else error
            log.warning("Cannot %s of %s: %s", what, self._name, why)
