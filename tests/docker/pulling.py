"""What tests of pulls share: settings that do not wait long, images that are new, pulls on threads."""
from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from pathlib import Path

from executor.docker.mesos_docker import Docker
from executor.docker.pull import PullSettings
from executor.docker.runtime import DockerRuntime
from executor.engine.cancellation import Cancellation
from executor.engine.failures import RuntimeFailure
from tests.docker.registry import Registry
from tests.patience import SLOW

IMPATIENT = PullSettings(idle=60, total=120, attempts=3, pause=0.05, longest_pause=0.1, limited_pause=0.1)
_numbers = itertools.count(1)


class Pushed:
    """Pushes new images to registries, and removes what was pulled of them."""

    def __init__(self, docker: Docker) -> None:
        self._docker = docker
        self._names: list[str] = []

    def __call__(self, registry: Registry, host: str | None = None, **more: int) -> tuple[str, str]:
        """The image's name there (or at another host, which stands before it), and its digest."""
        name = f"app-{os.getpid()}-{next(_numbers)}:1"
        digest = registry.push(self._docker, name, **more)
        self._names.append(f"{host or registry.host}/{name}")
        return self._names[-1], digest

    def remove(self) -> None:
        for name in self._names:
            self._docker.images.rm(name, force=True)
        assert not [row for row in self._docker.images.ls() if f"-{os.getpid()}" in row.repository]


def sandbox(folder: Path, text: str, name: str = ".docker/config.json") -> str:
    """A sandbox with a Docker configuration in it."""
    path = folder / "sandbox" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return str(folder / "sandbox")


def pulling(runtime: DockerRuntime, name: str, ended: list[object], cancel: Cancellation | None = None,
            folder: str | None = None) -> threading.Thread:
    """Pull on a thread; `ended` gets "pulled" or the failure's class."""
    def pull() -> None:
        try:
            runtime.images.pull(name, cancel=cancel, sandbox=folder)
            ended.append("pulled")
        except RuntimeFailure as failure:
            ended.append(type(failure))

    thread = threading.Thread(target=pull)
    thread.start()
    return thread


def when(event: threading.Event, do: Callable[[], None]) -> None:
    """Do something on a thread once the event has come."""
    def wait() -> None:
        if event.wait(60 * SLOW):
            do()

    threading.Thread(target=wait).start()
