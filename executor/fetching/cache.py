"""Files that tasks have fetched with `cache`, kept for the next ones: a folder for each user,
bounded in size.

An entry is the bytes of a URI and its validator (an ETag, a time of change), without which no
server could be asked whether they still hold; so what has none is not kept. One task at a time
fetches a URI, others wait and then find it. What was not used for the longest goes first, also
while somebody reads it, who has it open. A folder that somebody else could write in is not used.

The folder is opened while we are still root, for it may be where its user cannot go by itself.
"""
from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from executor.fetching.transfer import Source
from specs.forms import Json

LOCKS: Final = 3  # digits of a URI's hash that name its lock: at most 4096 files, never removed
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


class Cache:
    """`folder`: a descriptor. All methods raise OSError as well."""

    def __init__(self, folder: int, size: int) -> None:
        self._folder = folder
        self._size = size

    @contextmanager
    def entry(self, uri: str) -> Iterator[CachedFile]:
        """The entry of a URI, for us alone until the end of the block."""
        name = hashlib.sha256(uri.encode()).hexdigest()
        with self._locked(name[:LOCKS]):
            yield CachedFile(self, name, uri)

    @contextmanager
    def room(self, wanted: int) -> Iterator[bool]:
        """Whether so many bytes may be kept, by whoever is in the block alone."""
        with self._locked("all"):
            yield self._make_room(wanted)

    def open(self, name: str, flags: int = os.O_RDONLY) -> BinaryIO:
        """One of the files. Who may write gets an empty one."""
        descriptor = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600,
                             dir_fd=self._folder)
        return os.fdopen(descriptor, "rb" if flags == os.O_RDONLY else "wb", buffering=0)

    def rename(self, name: str, other: str) -> None:
        os.replace(name, other, src_dir_fd=self._folder, dst_dir_fd=self._folder)

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._folder)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        with self.open(f"{name}.lock", _NEW) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_room(self, wanted: int) -> bool:
        """Older entries make room. What a killed program has left half is nobody's."""
        if wanted > self._size:
            return False
        with os.scandir(self._folder) as found:
            files = sorted(((each.stat(), each.name) for each in found
                            if not each.name.endswith((".json", ".lock"))),
                           key=lambda file: file[0].st_mtime_ns)
        total = sum(about.st_size for about, _ in files)
        for about, name in files:
            if name.endswith(".new") or total + wanted > self._size:
                self.remove(name)
                self.remove(f"{name}.json")
                total -= about.st_size
        return True


class CachedFile:
    """One URI's place in the cache."""

    def __init__(self, cache: Cache, name: str, uri: str) -> None:
        self._cache, self._name, self._uri = cache, name, uri

    def kept(self) -> Source | None:
        """What is kept, open; None: nothing is."""
        try:
            with self._cache.open(f"{self._name}.json") as file:
                about = dict(json.load(file))
            stream = self._cache.open(self._name)
        except (OSError, ValueError, TypeError):
            return None
        found = os.fstat(stream.fileno())
        if about.get("uri") == self._uri and about.get("size") == found.st_size:
            os.utime(stream.fileno())
            return Source(stream, found.st_size, about.get("validator"), about.get("mode"))
        stream.close()
        return None

    def keep(self, path: Path, source: Source) -> None:
        """A copy of a file that was fetched, if there is room for it."""
        if source.validator is None:
            return
        with (contextlib.suppress(OSError),  # a full disk is nothing to the task, which has its file
              path.open("rb") as file):
            size = os.fstat(file.fileno()).st_size
            about: Json = {"uri": self._uri, "size": size, "validator": source.validator,
                     "mode": source.mode}
            with self._cache.room(size) as there_is:
                if there_is:
                    self._copy(file, about)

    def _copy(self, file: BinaryIO, about: Json) -> None:
        new = f"{self._name}.new"
        try:
            with self._cache.open(new, _NEW) as target:
                shutil.copyfileobj(file, target)
            self._cache.remove(f"{self._name}.json")
            self._cache.rename(new, self._name)
            with self._cache.open(f"{self._name}.json", _NEW) as target:
                target.write(json.dumps(about).encode())
        finally:
            self._cache.remove(new)


def cache_of(folders: Iterable[str], size: int, user: int) -> Cache | None:
    """A user's cache, in the first of the folders that can be its alone; None if none can."""
    for folder in folders:
        path = f"{folder}-{user}"
        with contextlib.suppress(OSError):
            _make(path, user)
            descriptor = os.open(path, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            about = os.fstat(descriptor)
            if about.st_uid == user and not stat.S_IMODE(about.st_mode) & 0o077:
                return Cache(descriptor, size)
            os.close(descriptor)
    return None


def _make(path: str, user: int) -> None:
    with contextlib.suppress(FileExistsError):
        Path(path).mkdir(0o700)
        if user != os.geteuid():
            os.chown(path, user, -1, follow_symlinks=False)
