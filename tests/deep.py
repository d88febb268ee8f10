"""Folders in folders, as deep as a task may make them: deeper than a path is long."""
from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

LEVELS = 2500  # a path of twice as many characters, above PATH_MAX


def make_deep(top: Path, levels: int = LEVELS) -> None:
    """`top` is there; in the innermost folder is a file of 64 KiB."""
    here = os.open(top, os.O_DIRECTORY)
    try:
        for _ in range(levels):
            os.mkdir("d", dir_fd=here)
            inner = os.open("d", os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = inner
        file = os.open("file", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=here)
        os.write(file, bytes(1 << 16))
        os.close(file)
    finally:
        os.close(here)


@contextlib.contextmanager
def deep(top: Path, levels: int) -> Iterator[Path]:
    """The same, for as long as the block lasts: pytest cannot remove it."""
    make_deep(top, levels)
    try:
        yield top
    finally:
        subprocess.run(["rm", "-rf", "--", top / "d"], check=True)
