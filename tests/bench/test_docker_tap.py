from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from tests.bench.docker_tap import DockerTap, Request, parse_requests, relabelled
from tests.bench.settings import LABEL

CREATE = b"POST /v1.41/containers/create?name=a HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n" + b'{"Image": "a:b"}'
START = b"POST /v1.41/containers/a/start HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(("data", "expected"), [
    (b"", []),
    (CREATE[:-1], []),
    (START + CREATE, [Request("POST", "/v1.41/containers/a/start", b""),
                      Request("POST", "/v1.41/containers/create?name=a", b'{"Image": "a:b"}')]),
    (START + b"\x01\x00 raw bytes to an attached stdin\r\n\r\n", [Request("POST", "/v1.41/containers/a/start", b"")]),
])
def test_parse_requests(data: bytes, expected: list[Request]) -> None:
    assert parse_requests(data) == expected


def test_relabelled_keeps_all_but_the_labels() -> None:
    body = {"Image": "a", "Labels": {"mesos-docker.owner": "me"}}
    assert relabelled(body) == {"Image": "a", "Labels": {"xesos-docker.owner": "me", LABEL: "1"}}
    assert body["Labels"] == {"mesos-docker.owner": "me"}


def test_everything_goes_through_and_is_remembered(tmp_path: Path) -> None:
    engine = socket.socket(socket.AF_UNIX)
    engine.bind(str(tmp_path / "engine"))
    engine.listen()

    def answer() -> None:
        connected, _ = engine.accept()
        with connected:
            got = b""
            while len(got) < len(CREATE):
                got += connected.recv(100)
            connected.sendall(b"HTTP/1.1 201 Created\r\n\r\n")

    threading.Thread(target=answer).start()
    tap = DockerTap(str(tmp_path / "engine"), tmp_path / "tap")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(tap.path)
        client.sendall(CREATE)
        assert client.recv(100).startswith(b"HTTP/1.1 201")
        assert [request.is_create for request in tap.requests()] == [True]
        assert tap.create_body("a:b") == {"Image": "a:b", "Labels": {LABEL: "1"}}
        with pytest.raises(RuntimeError, match="no container with another"):
            tap.create_body("another")
    tap.close()
    engine.close()
