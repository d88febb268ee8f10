"""A real engine for tests about networks, pulls and misbehaviour; each removes exactly what it made."""
from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor.docker_runtime import Engine
from executor.docker_wrapper import Docker
from tests.docker.dockerd import Dockerd
from tests.docker.made import Made
from tests.images import busybox_image

SOCKET = "/var/run/docker.sock"


def short_folder() -> Path:
    """For a dockerd, whose containerd has a socket deep below: such paths have 108 bytes at most."""
    return Path(tempfile.mkdtemp(prefix="dockerd-"))


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
def private_dockerd() -> Iterator[Dockerd]:
    """A dockerd of this module's own, with nothing in it; it may be killed."""
    folder = short_folder()
    engine = Dockerd(folder)
    engine.start()
    yield engine
    engine.clean()
    engine.stop()
    shutil.rmtree(folder, ignore_errors=True)
