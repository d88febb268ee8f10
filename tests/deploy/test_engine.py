"""Images and networks on the real engine, and its troubles in words."""
from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.engine import Engine, EngineError
from deploy.images import busybox, nginx
from tests.images import busybox_image, nginx_image


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def name(engine: Engine) -> Iterator[str]:
    name = f"mesos-docker-test-{uuid.uuid4()}"
    yield name
    engine.remove_container(name)
    engine.remove_network(name)
    engine.remove_image(f"{name}:1")


LABEL = "mesos-docker.test-engine"


def test_import_run_commit(engine: Engine, name: str) -> None:
    image = f"{name}:1"
    engine.import_image(busybox.root_folder("/usr/bin/busybox"), image, ['CMD ["sh"]'])
    assert engine.has_image(image)
    engine.create(name, image, ["sh", "-c", "echo out; echo err >&2; echo kept >/kept; exit 3"], {LABEL: name})
    assert [each["Names"] for each in engine.containers({LABEL: name})] == [[f"/{name}"]]
    assert engine.start_and_wait(name) == 3
    assert sorted(engine.logs(name).split()) == ["err", "out"]
    engine.commit(name, image, ['CMD ["cat", "/kept"]'])
    engine.remove_container(name)
    engine.create(name, image, [], {})
    assert engine.start_and_wait(name) == 0
    assert engine.logs(name) == "kept\n"


def test_networks(engine: Engine, name: str) -> None:
    assert not engine.has_network(name)
    engine.create_network(name, {LABEL: name})
    assert engine.has_network(name)
    assert [each["Name"] for each in engine.networks({LABEL: name})] == [name]
    engine.remove_network(name)
    engine.remove_network(name)
    assert not engine.has_network(name)


def test_what_is_not_there(engine: Engine, name: str) -> None:
    assert not engine.has_image(f"{name}:1")
    engine.remove_container(name)
    engine.remove_image(f"{name}:1")
    with pytest.raises(EngineError, match="No such image") as error:
        engine.create(name, f"{name}:1", ["true"], {})
    assert error.value.status == 404


def test_the_images_of_the_tests(engine: Engine, name: str) -> None:
    engine.create(name, busybox_image(), ["sh", "-c", "id -u; ls /bin/busybox; cat /etc/passwd"], {})
    assert engine.start_and_wait(name) == 0
    assert engine.logs(name).startswith("0\n/bin/busybox\nroot:")
    engine.remove_container(name)
    engine.create(name, nginx_image(), ["nginx", "-T"], {})
    assert engine.start_and_wait(name) == 0
    assert "root /var/www/html;" in engine.logs(name)


def test_building_nginx_and_breaking_off(engine: Engine, name: str) -> None:
    reference = f"{name}:1"

    def break_off(step: str) -> None:
        if step == "installing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nginx.ensure(engine, break_off, reference)
    assert engine.containers({nginx.LABEL: reference}) == []
    assert not engine.has_image(reference)
    steps: list[str] = []
    assert nginx.ensure(engine, steps.append, reference) == reference
    assert steps[-1] == f"committed {reference}"
    assert engine.containers({nginx.LABEL: reference}) == []
    assert engine.has_image(reference)


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"Docker is not running: nothing answers at .*none\.sock"):
        Engine(str(tmp_path / "none.sock")).ping()


@pytest.mark.parametrize(("answer", "text"), [
    (b"", "cannot talk to the Docker engine"),
    (b"SSH-2.0\r\n\r\n", "cannot talk to the Docker engine"),
    (b"HTTP/1.1 500 Oh\r\nContent-Length: 20\r\n\r\n{\"message\": \"broken\"}", "broken"),
    (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "Bad Gateway"),
])
def test_an_engine_that_is_none(tmp_path: Path, answer: bytes, text: str) -> None:
    path = str(tmp_path / "docker.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            connection.recv(65536)
            connection.sendall(answer)
            connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(EngineError, match=text):
            Engine(path).ping()
        thread.join()


def test_an_engine_that_does_not_answer(tmp_path: Path) -> None:
    path = str(tmp_path / "docker.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        with pytest.raises(EngineError, match="does not answer"):
            Engine(path, timeout=0.1).networks({})


def test_an_import_that_fails(engine: Engine, name: str) -> None:
    with pytest.raises(EngineError):
        engine.import_image(b"this is no tar archive" * 100, f"{name}:1")
