"""Paths inside sandboxes, opened: the one place where an agent does so once a task can have been
there.

A sandbox belongs to its task, which may put a pipe where a file was, a device, or a link to what
the task itself may not read. So a path is first only *named* (O_PATH: nothing is opened that could
block or act), then it is asked where that is and what it is, and only then is the very same thing
opened, never to wait. What lies behind a link that leads out of the sandbox is not there.

These functions may block all the same (a dead network file system): never call them on the event
loop.
"""
from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

MOST_ENTRIES: Final = 100_000  # of a folder that are told of

_OPEN: Final = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class NotThereError(Exception):
    """There is nothing at this path."""


class OutsideError(Exception):
    """The path leads out of its sandbox."""


class WrongKindError(Exception):
    """It is there, and is not what can be read so: a folder, or no regular file."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.is_folder = kind == "folder"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder, and what it stands for."""

    name: str
    found: os.stat_result


def read_piece(root: Path, path: str, offset: int, length: int | None,
               most: int) -> tuple[int, bytes]:
    """The size of a file, and at most `most` bytes of it from `offset`; `length` None: to its end.
    Raises the errors above, and OSError."""
    with open_file(root, path) as file:
        size = os.fstat(file.fileno()).st_size
        wanted = size - offset if length is None else length
        if offset >= size or wanted <= 0:
            return size, b""
        return size, os.pread(file.fileno(), min(wanted, most), offset)


def open_file(root: Path, path: str) -> BinaryIO:
    """A regular file below `root`, to be read, and closed. Raises the errors above, and OSError."""
    with _named(root, path) as descriptor:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise WrongKindError("folder" if stat.S_ISDIR(mode) else "special")
        opened = os.open(_itself(descriptor), os.O_RDONLY | _OPEN)
    return os.fdopen(opened, "rb", buffering=0)


def list_folder(root: Path, path: str) -> list[Entry]:
    """What is in a folder below `root`, in order of names; nothing for a file. Raises the errors
    above, and OSError.
    """
    with _named(root, path) as folder:
        if not stat.S_ISDIR(os.fstat(folder).st_mode):
            return []
        names = sorted(each.name for each in _itself(folder).iterdir())[:MOST_ENTRIES]
        entries = [(name, _entry(root, folder, name)) for name in names]
    return [Entry(name, found) for name, found in entries if found is not None]


def open_to_append(folder: Path, name: str) -> int:
    """A descriptor of the file `name` in this folder, which is made if it is not there. Raises
    OSError, also for anything else of that name."""
    flags = os.O_WRONLY | os.O_APPEND | _OPEN
    try:
        named = os.open(folder / name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return os.open(folder / name, flags | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        if not stat.S_ISREG(os.fstat(named).st_mode):
            raise OSError(errno.EEXIST, f"{name} is not a regular file")
        return os.open(_itself(named), flags)
    finally:
        os.close(named)


def complain(folder: Path, text: str) -> None:
    """A line into the sandbox's stderr, if that is a file and there is room."""
    with suppress(OSError), os.fdopen(open_to_append(folder, "stderr"), "ab") as stderr:
        stderr.write(f"{text}\n".encode("utf-8", "surrogateescape"))


def _itself(descriptor: int) -> Path:
    """What a descriptor names, whatever its path leads to by now."""
    return Path("/proc/self/fd", str(descriptor))


def _entry(root: Path, folder: int, name: str) -> os.stat_result | None:
    """What a name stands for; None for a link that leads nowhere, or out."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISLNK(found.st_mode):
            return found
        with _named(root, name, folder) as descriptor:
            return os.fstat(descriptor)
    except (OSError, NotThereError, OutsideError):
        return None


@contextmanager
def _named(root: Path, path: str, folder: int | None = None) -> Iterator[int]:
    """A descriptor that only names what is at this path, below `root` or relative to a `folder`
    below it.
    """
    try:
        place = root / path.lstrip("/") if folder is None else path
        descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: a NUL in it
        raise NotThereError(path) from error
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENAMETOOLONG}:
            raise NotThereError(path) from error
        raise
    try:
        if not _itself(descriptor).readlink().is_relative_to(root.resolve()):
            raise OutsideError(path)
        yield descriptor
    finally:
        os.close(descriptor)
