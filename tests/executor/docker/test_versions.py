"""Engines of other versions than the one on this machine: scripted, on a Unix socket."""
from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from executor.docker.runtime import DockerRuntime
from executor.engine.failures import BadOption, Blame, DaemonUnavailable, WrongVersion

ID = "4f" * 32


class ScriptedEngine(socketserver.ThreadingUnixStreamServer):
    """Speaks the API versions from `oldest` to `version`, answers all alike; refuses others as moby does.

    `asked` has each request's method, path, query and body; `unversioned`: whether it answers without a version.
    """

    daemon_threads = True

    def __init__(self, path: str, version: str) -> None:
        super().__init__(path, _Handler)
        self.version, self.oldest, self.unversioned = version, "1.24", True
        self.asked: list[tuple[str, str, dict[str, list[str]], Any]] = []


def numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedEngine

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, split.path, parse_qs(split.query), json.loads(body) if body else None))
        said = self._refusal(split.path)
        answer = {"message": said} if said else {"Version": "28.3.0", "ApiVersion": self.server.version, "Id": ID,
                                                 "MinAPIVersion": self.server.oldest}
        data = json.dumps(answer).encode()
        self.send_response_only(400 if said else 201 if self.command == "POST" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _refusal(self, path: str) -> str | None:
        spoken = re.match(r"/v(\d+)\.(\d+)/", path)
        if spoken is None:
            return None if self.server.unversioned else "client version is needed"
        version = f"{spoken[1]}.{spoken[2]}"
        if numbers(version) > numbers(self.server.version):
            return f"client version {version} is too new. Maximum supported API version is {self.server.version}"
        if numbers(version) < numbers(self.server.oldest):
            return (f"client version {version} is too old. Minimum supported API version is {self.server.oldest}, "
                    "please upgrade your client to a newer version")
        return None

    do_POST = do_DELETE = do_GET  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        return

    def address_string(self) -> str:
        return "test"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Callable[[str], tuple[ScriptedEngine, DockerRuntime]]]:
    servers: list[ScriptedEngine] = []
    runtimes: list[DockerRuntime] = []

    def make(version: str) -> tuple[ScriptedEngine, DockerRuntime]:
        path = str(tmp_path / f"{len(servers)}.sock")
        servers.append(ScriptedEngine(path, version))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        runtimes.append(DockerRuntime(path))
        return servers[-1], runtimes[-1]

    yield make
    for runtime in runtimes:
        runtime.engine.close()
    for server in servers:
        server.shutdown()
        server.server_close()


Make = Callable[[str], tuple[ScriptedEngine, DockerRuntime]]


@pytest.mark.parametrize(("speaks", "spoken"), [("1.41", "1.41"), ("1.43", "1.43"), ("1.51", "1.51"), ("1.60", "1.51"),
                                                ("2.0", "1.51")])
def test_the_newest_version_that_both_speak(engine: Make, speaks: str, spoken: str) -> None:
    server, runtime = engine(speaks)
    assert runtime.engine.version() == (28, 3, 0)
    assert [path for _, path, _, _ in server.asked] == ["/version", f"/v{spoken}/version"]


def test_an_engine_whose_oldest_version_is_newer_than_ours(engine: Make) -> None:
    server, runtime = engine("1.70")
    server.oldest = "1.60"
    assert runtime.engine.api_version() == (1, 60)
    assert runtime.engine.version() == (28, 3, 0)


def test_an_engine_that_does_not_answer_without_a_version(engine: Make) -> None:
    server, runtime = engine("1.60")
    server.unversioned = False
    assert runtime.engine.api_version() == (1, 51)
    assert [path for _, path, _, _ in server.asked] == ["/version", "/v1.44/version"]


@pytest.mark.parametrize(("oldest", "newest", "spoken"), [("1.24", "1.41", "1.41"), ("1.60", "1.70", "1.60")])
def test_an_engine_that_was_changed_under_us_is_asked_anew_once(engine: Make, oldest: str, newest: str,
                                                                 spoken: str) -> None:
    server, runtime = engine("1.51")
    runtime.containers.create({"Image": "x"}, "a")
    server.oldest, server.version = oldest, newest
    del server.asked[:]
    runtime.containers.create({"Image": "x"}, "a")
    assert [path for _, path, _, _ in server.asked] == [
        "/v1.51/containers/create", "/version", f"/v{spoken}/containers/create"]


def test_an_engine_that_refuses_every_version_is_at_fault(engine: Make) -> None:
    server, runtime = engine("1.51")
    runtime.engine.api_version()
    server.oldest, server.version = "1.60", "1.51"
    with pytest.raises(WrongVersion, match="too old") as caught:
        runtime.containers.create({"Image": "x"}, "a")
    assert (caught.value.blame, caught.value.again) == (Blame.NODE, False)


@pytest.mark.parametrize(("speaks", "bodies"), [("1.43", [["front"], None]), ("1.44", [["front", "back"]])])
def test_several_networks_at_create_or_joined_one_by_one(engine: Make, speaks: str,
                                                         bodies: list[list[str] | None]) -> None:
    server, runtime = engine(speaks)
    runtime.containers.create({"Image": "x", "HostConfig": {"NetworkMode": "front"}, "NetworkingConfig": {
        "EndpointsConfig": {"front": {}, "back": {"Aliases": ["b"]}}}}, "name")
    posts = [(path, body) for method, path, _, body in server.asked if method == "POST"]
    assert len(posts) == len(bodies)
    assert list(posts[0][1]["NetworkingConfig"]["EndpointsConfig"]) == bodies[0]
    if len(posts) == 2:
        assert posts[1] == (f"/v{speaks}/networks/back/connect",
                            {"Container": ID, "EndpointConfig": {"Aliases": ["b"]}})


def test_a_platform_goes_into_the_query(engine: Make) -> None:
    server, runtime = engine("1.41")
    runtime.containers.create({"Image": "x", "Platform": "linux/arm64"}, "name")
    _, path, query, body = server.asked[-1]
    assert (path, query["platform"], query["name"]) == ("/v1.41/containers/create", ["linux/arm64"], ["name"])
    assert "Platform" not in body


@pytest.mark.parametrize(("speaks", "paths"), [
    ("1.42", ["/stop"]), ("1.41", ["/kill", "/wait"]),
])
def test_stop_with_a_signal(engine: Make, speaks: str, paths: list[str]) -> None:
    server, runtime = engine(speaks)
    try:
        runtime.containers.stop("x", 5, "SIGUSR1")
    except DaemonUnavailable:
        assert speaks == "1.41"  # the script's answer to wait has no status
    posts = [(path, query) for method, path, query, _ in server.asked if method == "POST"]
    assert [path.removeprefix(f"/v{speaks}/containers/x") for path, _ in posts] == paths
    assert posts[0][1]["signal"] == ["SIGUSR1"]
    assert posts[0][1].get("t") == (["5"] if speaks == "1.42" else None)


def test_an_engine_without_a_version_is_none(engine: Make) -> None:
    _, runtime = engine("nonsense")
    with pytest.raises(DaemonUnavailable):
        runtime.engine.version()


def test_a_path_that_is_not_absolute() -> None:
    with pytest.raises(BadOption, match=r"^Invalid Docker socket path: docker.sock$"):
        DockerRuntime("docker.sock")
