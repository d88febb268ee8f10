"""A real engine for tests about networks, pulls and misbehaviour; each removes exactly what it made."""
from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor.docker_runtime import Engine
from executor.docker_wrapper import Docker
from executor.runtime import RuntimeFailure
from tests.docker.dockerd import Dockerd
from tests.docker.made import Made
from tests.images import busybox_image

SOCKET = "/var/run/docker.sock"


@pytest.fixture
def docker() -> Iterator[Docker]:
    busybox_image()
    wrapper = Docker(Engine(SOCKET))
    yield wrapper
    wrapper.close()


@pytest.fixture
def made(docker: Docker) -> Iterator[Made]:
    """Makes containers and networks, and removes them."""
    mine = Made(docker, {"mesos-docker.test": uuid.uuid4().hex})
    yield mine
    mine.remove()


@pytest.fixture(scope="module")
def private_dockerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dockerd]:
    """A dockerd of this module's own, with nothing in it; it may be killed."""
    folder = tmp_path_factory.mktemp("dockerd")
    engine = Dockerd(folder)
    engine.start()
    yield engine
    engine.clean()
    engine.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def live_restore_dockerd(tmp_path: Path) -> Iterator[Dockerd]:
    engine = Dockerd(tmp_path / "dockerd", live_restore=True)
    engine.start()
    yield engine
    with contextlib.suppress(RuntimeFailure):
        engine.clean()
    engine.stop()
    shutil.rmtree(tmp_path, ignore_errors=True)
