"""Temporary folders that do not pile up when their owners are killed.

A folder's owner holds a lock on a file in it for as long as it lives; the system lets go of the lock whatever ends the
owner, kill -9 included. So whoever makes the next one removes those whose lock is free. The file appears in the folder
when it is locked already: a folder without it is being made, or is not ours, and is left alone.
"""
from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from deploy.cli.signals import cleaned_up

PREFIX = "mesos-docker-"
LOCK = ".mesos-docker.lock"


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A new folder, removed at the end of the block; those of owners that were killed are removed first."""
    parent = Path(tempfile.gettempdir())
    for left in parent.glob(f"{PREFIX}*"):
        _remove_abandoned(left)
    made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    with cleaned_up(lambda: shutil.rmtree(made, ignore_errors=True)), _locked(made):
        yield made


@contextlib.contextmanager
def _locked(made: Path) -> Iterator[None]:
    hidden = made / f"{LOCK}.new"
    with hidden.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        hidden.rename(made / LOCK)
        yield


def _remove_abandoned(left: Path) -> None:
    """Only what belongs to us and is not locked; what cannot be looked at or removed stays."""
    with contextlib.suppress(OSError):
        found = left.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            return
        descriptor = os.open(left / LOCK, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        finally:
            os.close(descriptor)
