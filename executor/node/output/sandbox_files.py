"""Paths inside sandboxes, opened: the one place where this program does so once a task can have
been there.

A sandbox belongs to its task, which may put a pipe where a file was, a device, a huge file, or a
link to what the task itself may not reach. So a path is walked step by step, each step only *named*
(O_PATH: nothing is opened that could block or act), and asked where that really is; what leads out
of the sandbox is refused. What is then opened is the very same thing, never to wait.
"""
from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from executor.engine.failures import BadSandbox

_NAME: Final = os.O_PATH | os.O_CLOEXEC
_OPEN: Final = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
MOST_TEXT: Final = 1 << 20  # bytes of a file that is read as a whole


def open_folder(path: Path) -> int:
    """A descriptor that names a sandbox; raises OSError."""
    return os.open(path, _NAME | os.O_DIRECTORY)


def output_file(name: str | Path, folder: int | None = None) -> int:
    """Open to append, and to read; made if it is not there. `folder`: where the name counts.

    Raises OSError, and BadSandbox for anything but a regular file: an earlier task of this id may
    have left it.
    """
    flags = os.O_RDWR | os.O_APPEND | _OPEN
    try:
        named = os.open(name, _NAME | os.O_NOFOLLOW, dir_fd=folder)
    except FileNotFoundError:
        return os.open(name, flags | os.O_CREAT | os.O_EXCL, 0o644, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(named).st_mode):
            raise BadSandbox(f"{name} is not a regular file")
        return os.open(f"/proc/self/fd/{named}", flags)
    finally:
        os.close(named)


def make_folders(root: str, paths: Sequence[str]) -> list[str]:
    """Those below `root` that are not there, with their parents: what was made. `root` is made as
    well. Raises BadSandbox, OSError.
    """
    Path(root).mkdir(parents=True, exist_ok=True)
    made: list[str] = []
    for path in paths:
        with _walked(root, path, made):
            pass
    return made


def check(root: str, path: str, *, links: bool) -> None:
    """That something is at a path below `root`; and, without `links`, not by way of one. Raises
    BadSandbox, OSError.
    """
    with _walked(root, path) as descriptor:
        if not links and _whereabouts(descriptor) != Path(os.path.realpath(root),
                                                          os.path.relpath(path, root)):
            raise BadSandbox(f"{path} is a link, or behind one")


def read_text(root: str, name: str) -> str | None:
    """What a regular file below `root` holds; None if there is none. Raises OSError for one that is
    too large, UnicodeDecodeError.
    """
    try:
        with _walked(root, str(Path(root, name))) as named:
            if not stat.S_ISREG(os.fstat(named).st_mode):
                return None
            descriptor = os.open(f"/proc/self/fd/{named}", os.O_RDONLY | _OPEN)
    except (FileNotFoundError, NotADirectoryError, BadSandbox):
        return None
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(MOST_TEXT + 1)
    if len(content) > MOST_TEXT:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return content.decode()


@contextmanager
def _walked(root: str, path: str, made: list[str] | None = None) -> Iterator[int]:
    """A descriptor that only names what is at a path below `root`; what is missing on the way is
    made, and added to `made`, if that is wanted.
    """
    descriptor, here, top = os.open(root,
                                    _NAME | os.O_DIRECTORY), Path(root), Path(
                                        os.path.realpath(root))
    try:
        for step in Path(os.path.relpath(path, root)).parts:
            here = here / step
            following = _step(descriptor, step, here, made)
            os.close(descriptor)
            descriptor = following
            if not _whereabouts(descriptor).is_relative_to(top):
                raise BadSandbox(f"{here} leads out of the sandbox")
        yield descriptor
    finally:
        os.close(descriptor)


def _step(folder: int, name: str, path: Path, made: list[str] | None) -> int:
    try:
        return os.open(name, _NAME, dir_fd=folder)
    except FileNotFoundError:
        if path.is_symlink():
            raise BadSandbox(f"{path} is a link to nowhere") from None
        if made is None:
            raise
    except NotADirectoryError:
        raise BadSandbox(f"{path.parent} is not a folder") from None
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise BadSandbox(f"{path} is a link to itself") from None
    os.mkdir(name, dir_fd=folder)
    made.append(str(path))
    return os.open(name, _NAME | os.O_NOFOLLOW, dir_fd=folder)


def _whereabouts(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()
