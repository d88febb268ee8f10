"""The machine's own Docker engine, for tests that make something on it or look what was left on it."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from executor.docker.door.api import Api
from executor.docker.door.calls import Deadlines
from executor.docker.mesos_docker import Docker
from executor.engine.port import Inspection
from specs.words.defaults import DOCKER_SOCKET
from tests.patience import SLOW


@contextmanager
def real_docker(socket: str = DOCKER_SOCKET) -> Iterator[Docker]:
    """It, or another engine; without a connection left open."""
    docker = Docker(Api(socket, Deadlines(quick=15.0 * SLOW)))
    try:
        yield docker
    finally:
        docker.close()


def has_containerd_store(docker: Docker) -> bool:
    """Whether it keeps images in containerd's store, as newer engines do: digests, progress and words differ there."""
    return docker.api.has_containerd_store()


def containers(**labels: str) -> list[Inspection]:
    """The containers, running or not, with these of our labels, as in `task_id="t"`."""
    with real_docker() as docker:
        return docker.containers.ls({f"mesos-docker.{name.replace('_', '-')}": text for name, text in labels.items()})
