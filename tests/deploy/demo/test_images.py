"""The images that are built here, on the real engine."""
from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from deploy.demo import busybox, nginx
from executor.docker.mesos_docker import Docker
from tests.contract.reading import read_all
from tests.engine import real_docker
from tests.images import nginx_image


@pytest.fixture
def docker() -> Iterator[Docker]:
    with real_docker() as docker:
        yield docker


@pytest.fixture
def name(docker: Docker) -> Iterator[str]:
    name = f"mesos-docker-test-{uuid.uuid4()}"
    yield name
    docker.containers.remove(name)
    docker.images.rm(f"{name}:1")


def output(docker: Docker, name: str, image: str, *command: str) -> str:
    docker.containers.create({"Image": image, "Cmd": command,
                              "HostConfig": {"NetworkMode": "none"}}, name)
    docker.containers.start(name)
    assert docker.containers.wait(name, 60) == 0
    return read_all(docker.containers.logs(name, follow=False))[1].decode()


def test_busybox_built_anew(docker: Docker, name: str) -> None:
    image = busybox.ensure(docker, f"{name}:1")  # and not the one that is here, which may be years old
    text = output(docker, name, image, "sh", "-c", "id -u; ls /bin/busybox; cat /etc/passwd")
    assert text.startswith("0\n/bin/busybox\nroot:")
    config = docker.images.inspect(image)["Config"]
    assert not {key: config[key] for key in ("Cmd", "Entrypoint", "Env") if config.get(key)}


def test_nginx(docker: Docker, name: str) -> None:
    assert "root /var/www/html;" in output(docker, name, nginx_image(), "nginx", "-T")


def test_building_nginx_and_breaking_off(docker: Docker, name: str) -> None:
    reference = f"{name}:1"

    def break_off(step: str) -> None:
        if step == "installing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nginx.ensure(docker, break_off, reference)
    assert docker.containers.ls({nginx.LABEL: reference}) == []
    assert not docker.images.has(reference)
    steps: list[str] = []
    assert nginx.ensure(docker, steps.append, reference) == reference
    assert steps[-1] == f"committed {reference}"
    assert docker.containers.ls({nginx.LABEL: reference}) == []
    assert docker.images.has(reference)
