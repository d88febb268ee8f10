"""Unpacking into the sandbox what is known by its ending: tar (plain, gzip, bzip2, xz), zip, and gzip of one file.

What would lead out of the sandbox, or is no file, folder or link, is refused. Python's own filter for
tar, "data", would do as much, but came with 3.11.4, and Debian 12 has 3.11.2.

As Mesos: launcher/fetcher.cpp, `extract`.
"""
from __future__ import annotations

import contextlib
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Final

from specs.words.uri import GZIP, TAR, ZIP

BROKEN: Final = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError,
                 RuntimeError)  # what archives may lead to; the last: a password, too many levels
_UNIX: Final = 3  # the system that an entry of a zip was made on
_MODES: Final = 0o755


def extract(archive: Path, name: str, directory: Path) -> None:
    """Unpack a file whose `name` says what it is; anything else stays as it is.

    Raises ValueError for what would lead out, OSError, and BROKEN.
    """
    if name.endswith(TAR):
        _extract_tar(archive, directory)
    elif name.endswith(ZIP):
        _extract_zip(archive, directory)
    elif name.endswith(GZIP):
        unpacked = inside(directory, archive.name.removesuffix(GZIP))
        with gzip.open(archive) as packed, unpacked.open("wb") as file:
            shutil.copyfileobj(packed, file)


def inside(directory: Path, name: str) -> Path:
    """Where a name is in the sandbox. Raises ValueError, also where links lead out."""
    target = directory / name
    if _leads_out(target, directory):
        raise ValueError(f"'{name}' is outside the sandbox")
    return target


def _leads_out(path: Path, directory: Path) -> bool:
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(directory))


def _extract_tar(archive: Path, directory: Path) -> None:
    links: list[Path] = []
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                path = inside(directory, member.name.lstrip("/"))
                path.parent.mkdir(parents=True, exist_ok=True)
                if member.isdir():
                    path.mkdir(exist_ok=True)
                    continue
                path.unlink(missing_ok=True)
                if member.issym():
                    links.append(path)
                    path.symlink_to(member.linkname)
                    _check(path, member, directory)
                elif member.islnk():
                    _hard_link(member, path, directory)
                else:
                    _file(tar, member, path)
    finally:
        _check_at_last(links, directory)


def _check(path: Path, member: tarfile.TarInfo, directory: Path) -> None:
    if Path(member.linkname).is_absolute() or _leads_out(path, directory):
        raise ValueError(f"the link '{member.name}' leads to '{member.linkname}', out of the sandbox")


def _check_at_last(links: list[Path], directory: Path) -> None:
    """Where one leads may be decided by a later one, and by one that is not wanted after all."""
    out = [link for link in links
           if link.is_symlink() and (link.readlink().is_absolute() or _leads_out(link, directory))]
    for link in out:
        link.unlink()
    if out:
        raise ValueError(f"the link '{out[0].name}' leads out of the sandbox")


def _hard_link(member: tarfile.TarInfo, path: Path, directory: Path) -> None:
    other = inside(directory, member.linkname)
    if not stat.S_ISREG(other.lstat().st_mode):
        raise ValueError(f"the link '{member.name}' leads to '{member.linkname}', which is not a file")
    os.link(other, path, follow_symlinks=False)


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    data = tar.extractfile(member) if member.isreg() else None
    if data is None:
        raise ValueError(f"'{member.name}' is neither a file nor a folder nor a link")
    with data, path.open("xb") as file:
        shutil.copyfileobj(data, file)
    path.chmod(member.mode & _MODES | 0o600)
    with contextlib.suppress(OSError, OverflowError, ValueError):
        os.utime(path, (member.mtime, member.mtime))


def _extract_zip(archive: Path, directory: Path) -> None:
    """zipfile keeps names inside by itself, and forgets modes."""
    with zipfile.ZipFile(archive) as zipped:
        for entry in zipped.infolist():
            inside(directory, entry.filename)
            path = Path(zipped.extract(entry, directory))
            mode = stat.S_IMODE(entry.external_attr >> 16) if entry.create_system == _UNIX else 0
            if mode:
                path.chmod(mode & _MODES | (0o700 if entry.is_dir() else 0))
