"""The journal as bytes in the sandbox: appended to, brought to the disk, replaced in one step.

What a process has handed to the kernel survives the process, however it dies; only the disk survives
the host. `settle` brings there what was written by then, once for all who wait for it. New sizes and
new blocks cost a disk more than bytes in old ones: so there is room behind what was written, zeros,
which a reader takes for a line that is not whole. A file that takes another one's place is on the
disk before it gets the name, and the name is before anything of it counts as settled.
"""
from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

PIECE: Final = 64 * 1024  # bytes of room that are written at once

Sync = Callable[[int], None]


class JournalFile:
    """Thread-safe. What is written has a place, a number that grows; `settle` asks for one."""

    def __init__(self, path: Path, size: int, sync: Sync = os.fdatasync) -> None:
        """Of a file that is there, with so many good bytes; 0: there is none. `sync` brings a file or
        a folder to the disk, and raises OSError, as all of this does.
        """
        self.path = path
        self.size = size
        self._sync = sync
        self._lock = threading.Lock()  # guards what is here
        self._settling = threading.Lock()
        self._replacing = threading.Lock()
        self._descriptor = -1
        self._room = size  # where the file ends
        self._count = 0  # of files that have taken its place
        self._named = -1  # which of them has its name on the disk
        self._written = 1 if size else 0  # by whom ever: a process before us may have told nobody
        self._settled = 0
        if size:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            os.ftruncate(self._descriptor, size)

    @property
    def place(self) -> int:
        """Of what was written last."""
        return self._written

    def append(self, text: bytes) -> None:
        """All of it or nothing."""
        with self._lock:
            written = 0
            try:
                while written < len(text):
                    written += os.pwrite(self._descriptor, text[written:], self.size + written)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._descriptor, self.size)
                    self._room = self.size
                raise
            self.size += len(text)
            self._written += 1

    @property
    def end(self) -> tuple[int, int]:
        """What is written later stands behind it: for `replace`."""
        with self._lock:
            return self._count, self.size

    def replace(self, text: bytes, behind: tuple[int, int] | None = None) -> None:
        """Let this be all that it says, and what was written behind this `end` besides; it is settled
        then. Nothing happens if it was replaced since that end.
        """
        with self._replacing:
            self._replace(text, behind)
        self.settle(self.place)

    def settle(self, place: int) -> None:
        """Return when what has this place is on the disk."""
        with self._settling:  # who waits here finds it done, mostly
            while self._settled < place and self._descriptor >= 0:
                with self._lock:
                    written, count = self._written, self._count
                self._sync(self._descriptor)
                if self._named != count:
                    self._sync_folder()
                    self._named = count
                if count == self._count:  # else it was replaced: which file was that?
                    self._settled = written

    def make_room(self, end: int) -> None:
        """Up to there, as long as the disk has room."""
        with contextlib.suppress(OSError):
            while self._more_room(end):
                pass
            with self._settling:
                self._sync(self._descriptor)

    def remove(self) -> None:
        """It says nothing any more."""
        self.path.unlink(missing_ok=True)

    def _replace(self, text: bytes, behind: tuple[int, int] | None) -> None:
        new = self.path.with_name(f"{self.path.name}.new")
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
                             | os.O_NOFOLLOW, 0o600)
        try:
            _write(descriptor, text)
            self._sync(descriptor)
            with self._lock:
                rest = b"" if behind is None else self._behind(*behind)
                if rest:
                    _write(descriptor, rest)
                    self._sync(descriptor)
                new.rename(self.path)
                self._take(descriptor, len(text) + len(rest))
        except OSError:
            os.close(descriptor)
            new.unlink(missing_ok=True)
            raise

    def _behind(self, count: int, size: int) -> bytes:
        if count != self._count:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return os.pread(self._descriptor, self.size - size, size)

    def _more_room(self, end: int) -> bool:
        with self._lock:
            begin = max(self._room, self.size)
            count = min(PIECE, end - begin)
            if count > 0:
                self._room = begin + os.pwrite(self._descriptor, bytes(count), begin)
            return count > 0

    def _take(self, descriptor: int, size: int) -> None:
        if self._descriptor < 0:
            self._descriptor = descriptor
        else:
            os.dup2(descriptor, self._descriptor, inheritable=False)
            os.close(descriptor)
        self.size = self._room = size
        self._written += 1
        self._count += 1

    def _sync_folder(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._sync(folder)
        except OSError as error:
            if error.errno != errno.EINVAL:  # a file system that has no such thing
                raise
        finally:
            os.close(folder)


def _write(descriptor: int, text: bytes) -> None:
    written = 0
    while written < len(text):
        written += os.write(descriptor, text[written:])
