"""A task's secret files: where they lie while it lives."""
from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from executor.settings.labels import NAME_PREFIX

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of ours in it, which nobody else can enter


def secret_directory(sandbox: str) -> Path:
    """A folder, not yet made, for one task's secrets: in memory if the node has a place."""
    root = _MEMORY if os.access(_MEMORY, os.W_OK) else Path(sandbox).absolute()
    return root / f"{NAME_PREFIX}secrets-{uuid.uuid4()}"


def keep_secrets(directory: Path, secrets: Sequence[bytes]) -> Path | None:
    """Write them where only the container's mounts lead to; the folder, if there are any.

    Raises OSError, and leaves nothing then.
    """
    if not secrets:
        return None
    directory.mkdir(mode=0o700)
    try:
        for index, secret in enumerate(secrets):
            (directory / str(index)).write_bytes(secret)
    except OSError:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    return directory
