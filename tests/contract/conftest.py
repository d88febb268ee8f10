"""The same suite on the engine in memory and on a real one, so that the one in memory can be trusted."""
from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from executor.docker.runtime import DockerRuntime
from executor.engine.port import ContainerRuntime
from tests.fakes.runtime import FakeRuntime
from tests.images import busybox_image

SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True)
class World:
    """A runtime, and labels that only this test's containers carry."""

    runtime: ContainerRuntime
    labels: dict[str, str]
    real: bool

    def payload(self, *argv: str, **more: Any) -> dict[str, Any]:
        return {"Image": "busybox:static", "Cmd": list(argv), "Labels": self.labels,
                "HostConfig": {"NetworkMode": "none", **more.pop("host", {})}, **more}

    def name(self) -> str:
        return f"contract-{uuid.uuid4()}"

    def created(self, *argv: str, **more: Any) -> str:
        return self.runtime.create(self.payload(*argv, **more), self.name())

    def started(self, *argv: str, **more: Any) -> str:
        container = self.created(*argv, **more)
        self.runtime.start(container)
        return container


def _fake() -> tuple[ContainerRuntime, Callable[[], None]]:
    runtime = FakeRuntime(["busybox:static"])
    return runtime, runtime.close


def _real() -> tuple[ContainerRuntime, Callable[[], None]]:
    busybox_image()
    runtime = DockerRuntime(SOCKET)
    return runtime, runtime.close


@pytest.fixture(params=["fake", "real"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    runtime, close = _fake() if request.param == "fake" else _real()
    labels = {"mesos-docker.test": uuid.uuid4().hex}
    yield World(runtime, labels, real=request.param == "real")
    for left in runtime.containers(labels):
        runtime.remove(left.id)
    assert not runtime.containers(labels)
    close()
