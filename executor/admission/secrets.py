"""The secret files of tasks: where they lie while their tasks live, and that none outlives us.

All are in one folder of this executor, in memory if the node has a place. A shell that is nobody's
child waits for our end, whatever it is, and for our launcher's, which may start us again, and then
removes the folder: who kills us and all that we have started does not find it. Where it is killed
all the same, with our cgroup, the next executor of the same user finds a folder that nobody holds a
lock on.
"""
from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from executor.settings.labels import NAME_PREFIX
from executor.unique import unique_id

log = logging.getLogger(__name__)

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of ours in it, which nobody else can enter
_NAMES: Final = f"{NAME_PREFIX}secrets-"
_YOUNG: Final = 60.0  # seconds for which a folder may have no lock yet
_KEEPER: Final = ('exec 3<&0; { read -r _ <&3; '  # reads until we are gone
                  'while [ -n "$2" ] && kill -0 "$2" 2>/dev/null; do sleep 1; done; '  # and may come back
                  'rm -rf -- "$1"; } &')


class Secrets:
    """Of all tasks of this process. All methods raise OSError."""

    def __init__(self, sandbox: str, folder: str | None = None, launcher: str = "") -> None:
        """`folder`: that of a process before this one. `launcher`: the process whose end ours is, and
        that starts another one of us as long as it lives.
        """
        self._folder = Path(folder or secrets_folder(sandbox))
        self._launcher = launcher
        self._held: list[int] = []  # descriptors that stay open until our end

    @property
    def folder(self) -> str:
        """Made with the first secret."""
        return str(self._folder)

    def take_over(self) -> None:
        """Keep what a process before this one has left."""
        if self._folder.is_dir() and not self._held:
            self._held = [_locked(self._folder), _kept(self._folder, self._launcher)]

    def close(self) -> None:
        """Nobody comes after us: leave nothing."""
        if self._held:
            import shutil

            shutil.rmtree(self._folder, ignore_errors=True)

    def directory(self) -> Path:
        """A folder, not yet made, for one task's secrets."""
        return self._folder / unique_id()

    def keep(self, directory: Path, secrets: Sequence[bytes]) -> Path | None:
        """Write them where only the container's mounts lead to; the folder, if there are any.
        Leaves nothing if it fails.
        """
        if not secrets:
            return None
        if not self._held:
            sweep(self._folder.parent)
            self._folder.mkdir(mode=0o700)
            self._held = [_locked(self._folder), _kept(self._folder, self._launcher)]
        directory.mkdir(mode=0o700)
        try:
            for index, secret in enumerate(secrets):
                (directory / str(index)).write_bytes(secret)
        except OSError:
            import shutil

            shutil.rmtree(directory, ignore_errors=True)
            raise
        return directory


def secrets_folder(sandbox: str) -> str:
    """A new name."""
    root = MEMORY if os.access(MEMORY, os.W_OK) else Path(sandbox).absolute()
    return str(root / f"{_NAMES}{unique_id()}")


def sweep(root: Path) -> None:
    """Remove what executors of ours that were killed have left."""
    for folder in root.glob(f"{_NAMES}*"):
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                about = os.fstat(descriptor)
                if about.st_uid == os.geteuid() and time.time() - about.st_mtime > _YOUNG:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    import shutil

                    shutil.rmtree(folder)
                    log.warning("Removed the secrets of an executor that is gone: %s", folder)
            finally:
                os.close(descriptor)


def _locked(folder: Path) -> int:
    descriptor = os.open(folder, os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _kept(folder: Path, launcher: str) -> int:
    """Starts the shell; the end of a pipe that it waits for."""
    import subprocess

    theirs, ours = os.pipe()
    try:
        subprocess.run(["/bin/sh", "-c", _KEEPER, "sh", folder, launcher], stdin=theirs,
                       check=False, env={},
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
                       start_new_session=True)
    finally:
        os.close(theirs)
    return ours
