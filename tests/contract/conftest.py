"""The same suite on the engine in memory and on a real one, so that the one in memory can be trusted."""
from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from executor.docker.runtime import DockerRuntime
from executor.engine.failures import ImageNotFound
from executor.engine.port import ContainerRuntime, Containers, Images
from tests.fakes.runtime import FakeRuntime
from tests.images import busybox_image

SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True)
class World:
    """A runtime, and labels that only this test's containers carry."""

    runtime: ContainerRuntime
    labels: dict[str, str]
    real: bool

    @property
    def containers(self) -> Containers:
        return self.runtime.containers

    @property
    def images(self) -> Images:
        return self.runtime.images

    def payload(self, *argv: str, **more: Any) -> dict[str, Any]:
        return {"Image": "busybox:static", "Cmd": list(argv), "Labels": self.labels,
                "HostConfig": {"NetworkMode": "none", **more.pop("host", {})}, **more}

    def name(self) -> str:
        return f"contract-{uuid.uuid4()}"

    def created(self, *argv: str, **more: Any) -> str:
        return self.containers.create(self.payload(*argv, **more), self.name())

    def started(self, *argv: str, **more: Any) -> str:
        container = self.created(*argv, **more)
        self.containers.start(container)
        return container

    def has_image(self, image: str) -> bool:
        """Whether a container can be created from it at once."""
        try:
            self.containers.remove(self.created("true", Image=image))
        except ImageNotFound:
            return False
        return True


def _real() -> ContainerRuntime:
    busybox_image()
    return DockerRuntime(SOCKET)


@pytest.fixture(params=["fake", "real"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    runtime: ContainerRuntime = FakeRuntime(["busybox:static"]) if request.param == "fake" else _real()
    labels = {"mesos-docker.test": uuid.uuid4().hex}
    yield World(runtime, labels, real=request.param == "real")
    for left in runtime.containers.ls(labels):
        runtime.containers.remove(left.id)
    assert not runtime.containers.ls(labels)
    runtime.engine.close()
