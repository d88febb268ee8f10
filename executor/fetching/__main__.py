"""Fetches all files of one task; see job.py for what it reads and writes.

It begins as its starter's user, for it may be installed where the task's user cannot look, and
loads all that it will need; then it becomes the task's user and reads and writes as that. As Mesos:
launcher/fetcher.cpp, `main`.
"""
from __future__ import annotations

import encodings.idna  # noqa: F401 - names of hosts may need it, and by then we may not be able to read it
import errno
import os
import pwd
import resource
import sys
import threading
from typing import Final

from executor.fetching.archives import ArchiveError, unpack
from executor.fetching.cache import Cache, CachedFile, cache_of
from executor.fetching.job import FetchEnd, FetchFault, FetchProgress, Item, Job, read_job, told_text
from executor.fetching.meter import Meter, TooMuchError
from executor.fetching.sandbox import MODES, Sandbox, UnsafePathError
from executor.fetching.transfer import AwayError, NotThereError, attempts, opened
from specs.words.uri import unpacks

MEMORY: Final = 1 << 30  # bytes; what an archive makes its reader take is not the node's trouble
LONGEST_WHY: Final = 500  # characters
_OF_THE_TASK: Final = (NotThereError, ArchiveError, UnsafePathError, TooMuchError, MemoryError)
_OF_THE_NODE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE,
                                 errno.ENFILE})


def main() -> None:
    job = read_job(sys.stdin.readline())
    threading.Thread(target=_end_with_starter, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    tell(fetch_all(job))


def _end_with_starter() -> None:
    """Our stdin is open as long as the executor is there."""
    sys.stdin.read()
    os._exit(1)


def tell(told: FetchProgress | FetchEnd) -> None:
    sys.stdout.write(told_text(told))
    sys.stdout.flush()


def fetch_all(job: Job) -> FetchEnd:
    """One after the other; the first that cannot be had is the end."""
    os.chdir(job.sandbox)  # its user may not be allowed to pass the folders above
    root = os.geteuid() == 0 and job.user is not None
    user = job.user if root and job.user is not None else os.geteuid()
    cache = cache_of(job.caches, job.cache_bytes, user)
    _become(job)
    sandbox = Sandbox(".", job.mapped)
    meter = Meter(job.max_bytes, job.max_files, tell)
    for number, item in enumerate(job.items):
        try:
            meter.begin()
            _fetch(item, job, sandbox, meter, cache)
        except _OF_THE_TASK as error:
            return _ended(str(error) or "it takes too much memory", number, FetchFault.TASK)
        except AwayError as error:
            return _ended(str(error), number, FetchFault.SOURCE)
        except OSError as error:
            fault = FetchFault.NODE if error.errno in _OF_THE_NODE else FetchFault.TASK
            return _ended(error.strerror or str(error), number, fault)
    return FetchEnd()


def _ended(why: str, number: int, fault: FetchFault) -> FetchEnd:
    """Servers and archives have a say in why."""
    return FetchEnd(why if len(why) <= LONGEST_WHY else f"{why[:LONGEST_WHY]}…", number, fault)


def _become(job: Job) -> None:
    """The task's user, if we may."""
    if os.geteuid() != 0 or job.user is None:
        return
    group = job.group if job.group is not None else job.user
    try:
        os.initgroups(pwd.getpwuid(job.user).pw_name, group)
    except KeyError:
        os.setgroups([group])
    os.setresgid(group, group, group)
    os.setresuid(job.user, job.user, job.user)


def _fetch(item: Item, job: Job, sandbox: Sandbox, meter: Meter, cache: Cache | None) -> None:
    path = sandbox.path(item.name)
    if cache is not None and item.cache:
        with cache.entry(item.uri) as entry:
            _transfer(item, job, sandbox, meter, entry)
    else:
        _transfer(item, job, sandbox, meter, None)
    if item.executable:
        path.chmod(0o755)
    elif item.extract and unpacks(item.name):
        unpack(path, item.name, sandbox, meter)


def _transfer(item: Item, job: Job, sandbox: Sandbox, meter: Meter,
              entry: CachedFile | None) -> None:
    for last in attempts():
        try:
            _once(item, job, sandbox, meter, entry)
        except AwayError:
            if last:
                raise
        else:
            return


def _once(item: Item, job: Job, sandbox: Sandbox, meter: Meter, entry: CachedFile | None) -> None:
    kept = entry.kept() if entry is not None else None
    with (opened(item.uri, kept, job.stall) as source,
          os.fdopen(sandbox.create(item.name), "wb") as target):
        meter.size(source.size)
        for piece in source.pieces():
            meter.fetched(len(piece))
            target.write(piece)
        if source.mode is not None:
            os.fchmod(target.fileno(), source.mode & MODES)
    if entry is not None and source is not kept:
        entry.keep(sandbox.path(item.name), source)



if __name__ == "__main__":
    main()
