"""Whether Docker answers, and its troubles in words."""
from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deploy.cli.docker_socket import ping
from deploy.cli.problems import FAILED, Problem
from specs.words.defaults import DOCKER_SOCKET


def test_it_answers() -> None:
    ping(DOCKER_SOCKET)


def test_asking_imports_no_sdk() -> None:
    program = ("import sys\nfrom deploy.cli.docker_socket import ping\nping(sys.argv[1])\n"
               "print(*{'docker', 'requests', 'urllib3'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", program, DOCKER_SOCKET], capture_output=True,
                          text=True, check=True)
    assert done.stdout.split() == []


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(Problem,
                       match=r"Docker is not running: nothing answers at .*none\.sock") as caught:
        ping(str(tmp_path / "none.sock"))
    assert caught.value.exit_code == FAILED


@pytest.mark.parametrize(("answer", "text"), [
    (b"", "cannot talk to the Docker engine at .*: its answer is not HTTP"),
    (b"SSH-2.0\r\n\r\n", "cannot talk to the Docker engine at .*: its answer is not HTTP"),
    (b"HTTP/1.0 500 Oh\r\nContent-Length: 21\r\n\r\n{\"message\": \"broken\"}",
     "is in trouble: broken"),
    (b"HTTP/1.1 500 Oh\r\n\r\n[1]", r"is in trouble: \[1\]"),
    (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "is in trouble: Bad Gateway"),
])
def test_an_engine_that_is_none(tmp_path: Path, answer: bytes, text: str) -> None:
    path = str(tmp_path / "docker.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(Problem, match=text):
            ping(path)
        thread.join()


def test_an_engine_that_does_not_answer(tmp_path: Path) -> None:
    path = str(tmp_path / "docker.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        with pytest.raises(Problem, match="does not answer"):
            ping(path, seconds=0.1)
