"""Unpacking into a sandbox: tar (plain, gzip, bzip2, xz), zip, and gzip of one file.

A tar is read from front to back and one entry at a time, so that neither a long list of entries nor
a large file has to fit into memory. Modes and times are kept, but for set-uid bits and what a umask
of 022 takes away, as libarchive does for Mesos. What is no file, folder or link is an error, and so
is whatever would lead out of the sandbox.

As Mesos: launcher/fetcher.cpp, `extract`; stout/archiver.hpp.
"""
from __future__ import annotations

import contextlib
import gzip
import lzma
import os
import stat
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from executor.fetching.meter import Meter
from executor.fetching.sandbox import MODES, Sandbox, UnsafePathError
from executor.fetching.transfer import PIECE
from specs.words.uri import GZIP, TAR, ZIP

LONGEST_LINK: Final = 4096  # bytes; PATH_MAX
_BROKEN: Final = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError,
                  RuntimeError, ValueError)  # the last two: a zip with a password, a name with a null byte


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class ArchiveError(Exception):
    """It is not such an archive, or is broken, or holds what cannot be unpacked."""


def unpack(archive: Path, name: str, sandbox: Sandbox, meter: Meter) -> None:
    """Unpack a file whose `name` says what it is. Raises ArchiveError, and what sandbox and meter
    raise.
    """
    try:
        if name.endswith(TAR):
            _tar(archive, sandbox, meter)
        elif name.endswith(ZIP):
            _zip(archive, sandbox, meter)
        elif name.endswith(GZIP):
            with gzip.open(archive) as packed:
                _file(sandbox, archive.name.removesuffix(GZIP), packed, 0o644, None, meter)
    except _BROKEN as error:
        raise ArchiveError(f"cannot unpack it: {error}") from None
    except OSError as error:
        if error.errno is None:  # so do gzip and bzip2 say that it is broken
            raise ArchiveError(f"cannot unpack it: {error}") from None
        raise
    finally:
        sandbox.check_links()


def _tar(archive: Path, sandbox: Sandbox, meter: Meter) -> None:
    folders: list[tuple[Path, int, float]] = []
    with tarfile.open(archive, "r|*") as tar:
        for member in _members(tar):
            meter.file()
            if sandbox.checked(member.name) == ".":
                continue
            if member.isdir():
                folders.append((sandbox.folder(member.name), member.mode, member.mtime))
            elif member.issym():
                sandbox.link(member.name, member.linkname)
            elif member.islnk():
                sandbox.hard_link(member.name, member.linkname)
            elif member.isreg() and (data := tar.extractfile(member)) is not None:
                _file(sandbox, member.name, data, member.mode, member.mtime, meter)
            else:
                raise UnsafePathError(f"'{member.name}' is neither a file nor a folder nor a link")
    _finish(folders)


def _members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (member := tar.next()) is not None:
        yield member
        tar.members = []  # type: ignore[attr-defined] # it would keep them all


def _zip(archive: Path, sandbox: Sandbox, meter: Meter) -> None:
    folders: list[tuple[Path, int, float]] = []
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            meter.file()
            if sandbox.checked(entry.filename) == ".":
                continue
            unix = entry.external_attr >> 16 if entry.create_system == 3 else 0
            changed = time.mktime((*entry.date_time, 0, 0, -1))
            if entry.is_dir():
                folders.append((sandbox.folder(entry.filename), stat.S_IMODE(unix) or 0o755,
                                changed))
                continue
            with packed.open(entry) as data:
                if stat.S_ISLNK(unix):
                    sandbox.link(entry.filename, os.fsdecode(data.read(LONGEST_LINK)))
                elif stat.S_IFMT(unix) in {0, stat.S_IFREG}:
                    _file(sandbox, entry.filename, data, stat.S_IMODE(unix) or 0o644, changed,
                          meter)
                else:
                    raise UnsafePathError(
                        f"'{entry.filename}' is neither a file nor a folder nor a link")
    _finish(folders)


def _file(sandbox: Sandbox, name: str, data: _Readable, mode: int, changed: float | None,
          meter: Meter) -> None:
    descriptor = sandbox.create(name)
    try:
        while piece := data.read(PIECE):
            meter.written(len(piece))
            _write(descriptor, piece)
        os.fchmod(descriptor, mode & MODES)
        if changed is not None:
            with contextlib.suppress(OSError, OverflowError, ValueError):
                os.utime(descriptor, (changed, changed))
    finally:
        os.close(descriptor)


def _write(descriptor: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view):]


def _finish(folders: list[tuple[Path, int, float]]) -> None:
    """Modes and times of folders, once nothing is to be put into them any more; the innermost
    first.
    """
    for path, mode, changed in sorted(folders, key=lambda folder: len(folder[0].parts),
                                      reverse=True):
        path.chmod(mode & MODES | 0o700)  # the task's user must be able to clean up
        with contextlib.suppress(OSError, OverflowError, ValueError):
            os.utime(path, (changed, changed))
