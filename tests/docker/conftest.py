"""A real engine for tests about networks, pulls and misbehaviour; each removes exactly what it made."""
from __future__ import annotations

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor.docker.door.api import Api
from executor.docker.mesos_docker import Docker
from executor.docker.runtime import DockerRuntime
from tests.docker.dockerd import Dockerd
from tests.docker.made import Made
from tests.docker.pulling import IMPATIENT, Pushed
from tests.docker.registry import Registry
from tests.docker.registry_proxy import RegistryProxy
from tests.images import busybox_image

SOCKET = "/var/run/docker.sock"


@contextlib.contextmanager
def running_dockerd(*, live_restore: bool = False) -> Iterator[Dockerd]:
    """One of a test's own, which may be killed; nothing is left of it."""
    folder = Path(tempfile.mkdtemp(prefix="dockerd-"))  # short: a socket deep below may have 108 bytes in its path
    engine = Dockerd(folder, live_restore=live_restore)
    try:
        engine.start()
        yield engine
        engine.clean()
    finally:
        engine.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def docker() -> Iterator[Docker]:
    busybox_image()
    wrapper = Docker(Api(SOCKET))
    yield wrapper
    wrapper.close()


@pytest.fixture
def made(docker: Docker) -> Iterator[Made]:
    """Makes containers and networks, and removes them."""
    mine = Made(docker, {"mesos-docker.test": uuid.uuid4().hex})
    yield mine
    mine.remove()


@pytest.fixture(scope="module")
def private_dockerd() -> Iterator[Dockerd]:
    """A dockerd of this module's own, with nothing in it."""
    with running_dockerd() as engine:
        yield engine


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="session")
def private_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """One that wants a login."""
    with Registry(tmp_path_factory.mktemp("private-registry"), login=True) as running:
        yield running


@pytest.fixture
def proxy(registry: Registry) -> Iterator[RegistryProxy]:
    with RegistryProxy(registry) as running:
        yield running


@pytest.fixture
def runtime() -> Iterator[DockerRuntime]:
    impatient = DockerRuntime(SOCKET, pull_settings=IMPATIENT)
    yield impatient
    impatient.engine.close()


@pytest.fixture
def pushed(docker: Docker) -> Iterator[Pushed]:
    pushed = Pushed(docker)
    yield pushed
    pushed.remove()
