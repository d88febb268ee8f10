"""How an engine is found, checked and asked: its socket, its version, and nothing from the environment."""
from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from executor.docker.door.api import Api
from executor.docker.mesos_docker import Docker
from executor.docker.runtime import DockerRuntime
from executor.engine.failures import BadOption, DaemonUnavailable, RuntimeFailure
from specs.errors import SpecError
from specs.words.version import parse_version
from tests.docker.made import Made
from tests.docker.socket_proxy import Fault, SocketProxy

SOCKET = "/var/run/docker.sock"


def test_create_validates() -> None:
    docker = Docker.create(SOCKET)
    assert not docker.version() < parse_version("20.10.0")
    docker.close()


def test_create_refuses_what_is_not_a_path() -> None:
    with pytest.raises(BadOption, match=r"^Invalid Docker socket path: unix:///var/run/docker.sock$"):
        Docker.create("unix:///var/run/docker.sock")


def test_create_says_that_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"Failed to get docker version: version: .*No such file"):
        Docker.create(str(tmp_path / "docker.sock"))
    Docker.create(str(tmp_path / "docker.sock"), validate=False).close()


def test_an_old_version_is_refused_with_mesos_text(docker: Docker) -> None:
    with pytest.raises(SpecError, match=r"^Insufficient version '\d+\.\S+' of Docker. Please upgrade to >=' 99.0.0'$"):
        docker.validate_version(parse_version("99.0.0"))


def test_a_version_that_does_not_come(tmp_path: Path) -> None:
    with SocketProxy(tmp_path, SOCKET) as proxy:
        proxy.fault = lambda _: Fault.HANG
        docker = Docker(Api(proxy.path))
        with pytest.raises(SpecError, match=r"^Timed out getting docker version$"):
            docker.version(0.3)
        docker.close()


def test_pull_of_what_is_here_answers_the_image(docker: Docker, tmp_path: Path) -> None:
    assert docker.pull(str(tmp_path), "busybox:static").entrypoint is None


def test_the_environment_does_not_matter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text("not JSON at all")
    for name, value in {"DOCKER_HOST": "tcp://192.0.2.1:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/nowhere",
                        "DOCKER_API_VERSION": "1.1", "DOCKER_CONFIG": str(tmp_path / ".docker"), "HOME": str(tmp_path),
                        "HTTP_PROXY": "http://192.0.2.1:1", "ALL_PROXY": "http://192.0.2.1:1"}.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)
    runtime = DockerRuntime(SOCKET)
    assert runtime.engine.version() >= (20, 10, 0)
    assert runtime.images.has("busybox:static")
    runtime.engine.close()


def test_one_connection_is_used_again_and_again(tmp_path: Path, made: Made) -> None:
    with SocketProxy(tmp_path, SOCKET) as proxy:
        proxy.keep_alive = True
        docker = Docker(Api(proxy.path))
        for _ in range(20):
            docker.images.has("busybox:static")
            docker.containers.ls(made.labels)
        assert proxy.accepted == 1
        docker.close()


def test_the_api_version_is_asked_for_once(tmp_path: Path) -> None:
    with SocketProxy(tmp_path, SOCKET) as proxy:
        runtime = DockerRuntime(proxy.path)
        for _ in range(3):
            runtime.images.has("busybox:static")
        assert sum(line.split()[1] == "/_ping" for line in proxy.asked) == 1
        assert all(line.split()[1].startswith("/v1.") for line in proxy.asked[1:])
        runtime.engine.close()


def test_secrets_are_in_no_message(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    secret = f"secret-{uuid.uuid4().hex}"
    with caplog.at_level("DEBUG"), pytest.raises(RuntimeFailure) as caught:
        made.start("no-such-program", Env=[f"TOKEN={secret}"])
    for text in (str(caught.value), repr(caught.value), caplog.text):
        assert secret not in text
    found = made.docker.containers.ls(made.labels)
    assert secret not in repr(found)


def test_an_engine_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DaemonUnavailable, match=str(tmp_path)):
        DockerRuntime(str(tmp_path / "docker.sock")).containers.inspect("any")
