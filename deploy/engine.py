"""The few things that this room asks of a Docker engine itself: images, networks, and what is there.

Tasks are run by the executor through its own port (executor/runtime.py), which has no verb for making an image or a
network. Those few are here, over the engine's socket with the standard library alone, so that a command can say within
milliseconds that Docker is not running, without importing an SDK first.
"""
from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

DEFAULT_SOCKET = "/var/run/docker.sock"
API = "/v1.40"  # what Docker 19.03 and all later ones speak

Body = bytes | Iterable[bytes] | None


class EngineError(Exception):
    """The engine cannot be asked, or refused; the message is for the person at the terminal.

    `status` is the engine's HTTP status, None where it never answered.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Engine:
    """One engine, by its socket. Every method raises EngineError."""

    def __init__(self, path: str = DEFAULT_SOCKET, timeout: float = 60.0) -> None:
        self._path = path
        self._timeout = timeout  # seconds without a byte, not for the whole call

    def ping(self) -> None:
        """Whether it answers; the error says what to do if it does not."""
        self._ask("GET", "/_ping", timeout=10.0)

    def has_image(self, reference: str) -> bool:
        """Whether the image is here, by its name and tag."""
        return self._found(f"/images/{quote(reference)}/json")

    def import_image(self, archive: Body, reference: str, changes: Iterable[str] = ()) -> None:
        """As `docker import`: a root folder as a tar archive becomes an image of one layer."""
        repository, _, tag = reference.rpartition(":")
        query = urlencode([("fromSrc", "-"), ("repo", repository), ("tag", tag), *(("changes", c) for c in changes)])
        self._ask("POST", f"/images/create?{query}", archive, content_type="application/x-tar")

    def create(self, name: str, image: str, command: list[str], labels: Mapping[str, str]) -> str:
        """A container that is not started yet, without network; returns its id."""
        body = {"Image": image, "Cmd": command, "Labels": dict(labels), "HostConfig": {"NetworkMode": "none"}}
        return str(json.loads(self._ask("POST", f"/containers/create?{urlencode({'name': name})}", _json(body)))["Id"])

    def copy_into(self, container: str, folder: str, archive: Body) -> None:
        """As `docker cp - CONTAINER:FOLDER`: unpack a tar archive in the container, started or not."""
        self._ask("PUT", f"/containers/{container}/archive?{urlencode({'path': folder})}", archive,
                  content_type="application/x-tar")

    def start_and_wait(self, container: str) -> int:
        """Start it, wait for its end and return its exit status."""
        self._ask("POST", f"/containers/{container}/start")
        return int(json.loads(self._ask("POST", f"/containers/{container}/wait", timeout=600.0))["StatusCode"])

    def logs(self, container: str) -> str:
        """What it wrote to stdout and stderr so far."""
        stream = self._ask("GET", f"/containers/{container}/logs?stdout=1&stderr=1")
        text = bytearray()
        while len(stream) >= 8:  # frames: kind, three zeros, length as four bytes, text
            end = 8 + int.from_bytes(stream[4:8], "big")
            text += stream[8:end]
            stream = stream[end:]
        return text.decode(errors="replace")

    def commit(self, container: str, reference: str, changes: Iterable[str] = (), comment: str = "") -> None:
        """As `docker commit --change …`: the container's files become an image."""
        repository, _, tag = reference.rpartition(":")
        query = urlencode([("container", container), ("repo", repository), ("tag", tag), ("comment", comment),
                           *(("changes", c) for c in changes)])
        self._ask("POST", f"/commit?{query}", b"{}")

    def remove_container(self, container: str) -> None:
        """Remove it with its anonymous volumes, running or not; no error if there is none."""
        self._gone("DELETE", f"/containers/{container}?force=1&v=1")

    def remove_image(self, reference: str) -> None:
        """Remove the name, and the image if that was its last; no error if there is none."""
        self._gone("DELETE", f"/images/{quote(reference)}")

    def has_network(self, name: str) -> bool:
        return self._found(f"/networks/{quote(name)}")

    def create_network(self, name: str, labels: Mapping[str, str]) -> str:
        """A user-defined bridge network; returns its id."""
        body = {"Name": name, "CheckDuplicate": True, "Driver": "bridge", "Labels": dict(labels)}
        return str(json.loads(self._ask("POST", "/networks/create", _json(body)))["Id"])

    def remove_network(self, name: str) -> None:
        """No error if there is none."""
        self._gone("DELETE", f"/networks/{quote(name)}")

    def containers(self, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """The containers, running or not, that carry all these labels; as `docker ps -a --filter label=…`."""
        return self._listed("/containers/json", {"all": "1"}, labels)

    def networks(self, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        return self._listed("/networks", {}, labels)

    def _listed(self, path: str, query: dict[str, str], labels: Mapping[str, str]) -> list[dict[str, Any]]:
        filters = json.dumps({"label": [f"{key}={value}" if value else key for key, value in labels.items()]})
        answer = json.loads(self._ask("GET", f"{path}?{urlencode({**query, 'filters': filters})}"))
        return [dict(entry) for entry in answer]

    def _found(self, path: str) -> bool:
        try:
            self._ask("GET", path)
        except EngineError as error:
            if error.status == 404:
                return False
            raise
        return True

    def _gone(self, method: str, path: str) -> None:
        try:
            self._ask(method, path)
        except EngineError as error:
            if error.status != 404:
                raise

    def _ask(self, method: str, path: str, body: Body = None, *, content_type: str = "application/json",
             timeout: float | None = None) -> bytes:
        with contextlib.closing(_Connection(self._path, timeout or self._timeout)) as connection:
            try:
                connection.request(method, API + path, body, {"Content-Type": content_type},
                                   encode_chunked=not isinstance(body, bytes | None))
                response = connection.getresponse()
                answer = response.read()
            except (OSError, http.client.HTTPException) as error:
                raise EngineError(_unreachable(self._path, error)) from error
        if response.status >= 400:
            raise EngineError(_problem(answer, response.reason), response.status)
        _raise_late_error(answer)
        return answer


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _problem(answer: bytes, reason: str) -> str:
    try:
        return str(json.loads(answer)["message"])
    except (ValueError, KeyError, TypeError):
        return answer.decode(errors="replace").strip() or reason


def _raise_late_error(answer: bytes) -> None:
    """An import that fails says so inside a 200, in the last of several JSON lines."""
    lines = answer.splitlines()
    if lines and lines[-1].startswith(b'{"errorDetail"'):
        raise EngineError(str(json.loads(lines[-1]).get("error")))


def _unreachable(path: str, error: Exception) -> str:
    if isinstance(error, PermissionError):
        return (f"no rights on the Docker socket {path}: run as root, or become a member of its group "
                "(usermod -aG docker USER, then log in again)")
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return f"Docker is not running: nothing answers at {path}; start it (systemctl start docker, or dockerd)"
    if isinstance(error, TimeoutError):
        return f"the Docker engine at {path} does not answer"
    return f"cannot talk to the Docker engine at {path}: {error}"


def default_socket() -> str:
    """Where the engine is expected, unless the command line says otherwise."""
    return os.environ.get("MESOS_DOCKER_SOCKET", DEFAULT_SOCKET)
