"""The folder of an embedded Mesos: for one at a time, and none left behind.

Its owner holds a lock on a file in it for as long as it lives; the system lets go of the lock
whatever ends the owner, kill -9 included. A folder that was named is locked, so that a second Mesos
is refused instead of taking the first one's executors for orphans. One that was not named is
temporary: whoever makes the next one removes those whose lock is free, and ends the executors that
still run in them, which nobody can find again. There the file appears when it is locked already: a
folder without it is being made, or is not ours, and is left alone.
"""
from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import secrets
import signal
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from deploy.local.containers.processes import kill_tree, start_of
from specs.words.printable import printable

log = logging.getLogger(__name__)

PREFIX: Final = "mesos-docker-"
LOCK: Final = ".mesos-docker.lock"
_KEY: Final = "meta/executor_secret_key"  # from the folder on


class WorkDirError(Exception):
    """The folder cannot be had; the text says why."""


class WorkDir:
    """A folder that is ours until `close`."""

    def __init__(self, named: Path | None) -> None:
        """Makes it if it is not there; None: a temporary one. Raises WorkDirError."""
        self._temporary = named is None
        try:
            self.path, self._lock = _new_temporary() if named is None else _locked(named)
        except OSError as error:
            where = named or tempfile.gettempdir()
            raise WorkDirError(
                f"the work directory {where} cannot be had: {error.strerror}") from error

    def close(self) -> None:
        """Let others have it; a temporary one is removed. Idempotent."""
        if self._temporary and self._lock >= 0:
            _remove(self.path)
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)

    def executors_key(self) -> Path:
        """The file with the key of executors' tokens, made once: executors outlive agents. Raises
        WorkDirError.
        """
        path = self.path / _KEY
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW,
                                     0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(secrets.token_bytes(32))
        except OSError as error:
            raise WorkDirError(f"{path} cannot be written: {error.strerror}") from error
        return path


def _locked(folder: Path) -> tuple[Path, int]:
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
        os.close(lock)
        raise WorkDirError(
            f"the work directory {folder} is in use by an embedded Mesos, process {owner}") from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return folder, lock


def _new_temporary() -> tuple[Path, int]:
    parent = Path(tempfile.gettempdir())
    for left in parent.glob(f"{PREFIX}*"):
        _remove_abandoned(left)
    made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).resolve()
    hidden = made / f"{LOCK}.new"
    lock = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    hidden.rename(made / LOCK)
    return made, lock


def _remove_abandoned(left: Path) -> None:
    """Only what belongs to us and is not locked; what cannot be looked at or removed stays."""
    with contextlib.suppress(OSError):
        found = left.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            return
        descriptor = os.open(left / LOCK, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _end_executors(left)
            _remove(left)
        finally:
            os.close(descriptor)


def _remove(folder: Path) -> None:
    """With all that tasks have made in it, be that deeper than a path is long; what stays is told: a
    container's root may write what we may not remove.
    """
    done = subprocess.run(["rm", "-rf", "--", str(folder)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="backslashreplace", check=False,
                          env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"})
    if folder.exists():
        why = printable((done.stderr.splitlines() or ["rm ended early"])[0])
        log.warning("%s could not be removed as a whole; as root: rm -rf %s (%s)", folder, folder, why)


def _end_executors(left: Path) -> None:
    """SIGTERM, upon which executors end their containers."""
    for agent in (left, *left.glob("agent-*")):
        for record in agent.glob("meta/slaves/*/containers/*"):
            with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
                process = json.loads(record.read_text())
                if process["start"] is not None and start_of(process["pid"]) == process["start"]:
                    kill_tree(process["pid"], signal.SIGTERM)
