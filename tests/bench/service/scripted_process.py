"""The process of `tests.bench.service.scripted`."""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scripted(port: int, placements: Path) -> Iterator[Callable[[], None]]:
    """It has subscribed; the answer lets it begin."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.service.scripted", str(port), str(placements)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    stdin = process.stdin

    def begin() -> None:
        print(file=stdin, flush=True)

    try:
        yield begin
    finally:
        process.kill()
        process.wait()
