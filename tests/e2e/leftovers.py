"""What a command must not leave behind: containers and processes of its frameworks, and folders."""
from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from tests import engine
from tests.patience import SLOW

WAIT = 60.0 * SLOW


def frameworks(text: str) -> list[str]:
    """The ids of the frameworks that a command told of."""
    return re.findall(r"^\s*framework (\S+) at ", text, re.MULTILINE)


def containers(framework_id: str) -> list[str]:
    """The names of the framework's containers, running or not."""
    return [container.name for container in engine.containers(framework_id=framework_id)]


def processes(framework_id: str) -> list[int]:
    """The processes that an agent started for the framework, by their environment."""
    wanted = f"MESOS_FRAMEWORK_ID={framework_id}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:  # it has ended, or is not ours
            continue
    return found


def until(fact: Callable[[], bool], what: str) -> None:
    """Wait for something that must become true."""
    deadline = time.monotonic() + WAIT
    while not fact():
        assert time.monotonic() < deadline, f"{what} did not happen in {WAIT} s"
        time.sleep(0.05)


def assert_nothing_left(text: str, temporary: Path) -> None:
    """After the command: nothing of its frameworks, nothing in its folder for temporary files."""
    assert frameworks(text), text
    for framework_id in frameworks(text):
        assert containers(framework_id) == []
        assert processes(framework_id) == []
    assert list(temporary.iterdir()) == []
