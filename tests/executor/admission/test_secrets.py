"""No secret file outlives its executor, however that ends."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import executor
from executor.admission.secrets import MEMORY, Secrets, sweep

HOLD = """
import sys, time
from executor.admission.secrets import Secrets
secrets = Secrets("/nowhere")
print(secrets.keep(secrets.directory(), [b"geheim"]), flush=True)
sys.stdin.read()
"""


def gone(path: Path) -> bool:
    deadline = time.monotonic() + 30
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return not path.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, None], ids=str)
def test_none_outlives_its_executor(number: signal.Signals | None) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, start_new_session=True,
                               cwd=Path(executor.__file__).parents[1])
    assert process.stdout is not None
    kept = Path(process.stdout.readline().strip())
    assert (kept / "0").read_bytes() == b"geheim"
    if number is not None:
        os.killpg(process.pid, number)  # and whatever it has started
    process.communicate()
    assert gone(kept.parent)


def test_what_nobody_holds_is_swept_and_what_somebody_holds_is_not() -> None:
    secrets = Secrets("/nowhere")
    held = secrets.keep(secrets.directory(), [b"x"])
    assert held is not None
    left, new = (MEMORY / f"mdx-secrets-test-{os.getpid()}-{age}" for age in ("left", "new"))
    for folder in (left, new):
        folder.mkdir()
    for folder in (left, held.parent):
        os.utime(folder, (0, 0))
    try:
        sweep(MEMORY)
        assert [each.exists() for each in (left, new, held)] == [False, True, True]
    finally:
        new.rmdir()
