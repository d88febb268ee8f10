"""`mesos-docker node images --gc` on an engine of its own whose disk is small: the marks, the order, and what stays."""
from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docker.dockerd import Dockerd
from tests.docker.registry import asked, isolated_registry
from tests.engine import real_docker
from tests.patience import SLOW

COMMAND = str(Path(sys.executable).with_name("mesos-docker"))
LAYER = 4 << 20  # bytes


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with isolated_registry(tmp_path) as process:
        yield process


@pytest.fixture
def engine(registry: subprocess.Popen[bytes]) -> Iterator[Dockerd]:
    with tempfile.TemporaryDirectory(prefix="dkr-", dir="/tmp") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "images", folder], check=True)
        started = Dockerd(Path(folder), network=registry.pid)
        try:
            started.start()
            yield started
            started.clean()
        finally:
            started.stop()
            subprocess.run(["umount", "-l", folder], check=True)


def docker(engine: Dockerd, *words: str, stdin: bytes | None = None) -> None:
    subprocess.run(["docker", "-H", f"unix://{engine.socket}", *words], input=stdin, check=True, capture_output=True)


def filled(engine: Dockerd, name: str, base: str | None = None) -> str:
    """A new image with a layer of LAYER bytes, alone or upon another."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo(name.replace("/", "-"))
        entry.size = LAYER
        tar.addfile(entry, io.BytesIO(os.urandom(LAYER)))
    if base is None:
        docker(engine, "import", "-", name, stdin=archive.getvalue())
        return name
    docker(engine, "create", "--name", "maker", base, "true")
    docker(engine, "cp", "-", "maker:/", stdin=archive.getvalue())
    docker(engine, "commit", "maker", name)
    docker(engine, "rm", "maker")
    return name


def images(engine: Dockerd, *words: str) -> dict[str, Any]:
    done = subprocess.run([COMMAND, "node", "images", "--output", "json", "--docker-socket", engine.socket, *words],
                          capture_output=True, text=True, timeout=120 * SLOW, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def collected(engine: Dockerd, high: int, low: int) -> tuple[list[str], int]:
    """The names of what has gone, in their order, and the size of what is left."""
    found = images(engine, "--gc", "--high", f"{high}B", "--low", f"{low}B", "--grace", "0ns")
    gone = [each for each in found["images"] if each["done"] == "removed"]
    return [name for each in gone for name in each["names"]], found["sizeAfter"]


def test_the_oldest_go_between_the_marks_and_what_is_used_or_pulled_stays(
        engine: Dockerd, registry: subprocess.Popen[bytes]) -> None:
    base = filled(engine, "localhost:5000/base:1")
    pulled = filled(engine, "localhost:5000/pulled:1", base)
    docker(engine, "push", pulled)
    docker(engine, "rmi", pulled, "busybox:static")
    used = filled(engine, "used:1")
    docker(engine, "create", "--name", "a-task", used, "true")
    old, older_than_new, new = (filled(engine, f"{name}:1") for name in ("old", "older-than-new", "new"))

    size = images(engine)["size"]
    assert size >= 5 * LAYER
    assert images(engine)["dryRun"] is False
    assert collected(engine, size, 0) == ([], size)  # not above the high mark: nothing goes

    registry.send_signal(signal.SIGSTOP)
    pull = subprocess.Popen(["docker", "-H", f"unix://{engine.socket}", "pull", pulled],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    asked(registry)
    gone, left = collected(engine, size - 1, size - 3 * LAYER + 1)
    assert gone == [base, old, older_than_new]  # `base` is a layer of what is being pulled
    assert left <= size - 3 * LAYER
    registry.send_signal(signal.SIGCONT)
    assert pull.wait(60 * SLOW) == 0

    assert [name for each in images(engine)["images"] for name in each["names"]] == [used, new, pulled]
    docker(engine, "create", "--name", "another", pulled, "true")
    gone, _ = collected(engine, 1, 0)
    assert gone == [new]
    with real_docker(engine.socket) as wrapper:
        assert all(wrapper.images.has(each) for each in (used, pulled))
