"""The floor: the Docker Engine API spoken with the standard library, over one kept-alive connection per thread.

Nothing is done that the engine does not need: JSON in, JSON out, no models, no retries. What a program on top of this
takes longer is that program's own.
"""
from __future__ import annotations

import contextlib
import functools
import http.client
import json
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

from tests.bench.settings import LABEL

REMOVALS = 6  # at once


class RawDockerError(Exception):
    """The engine answered with an error; the message is its own."""


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=120)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@functools.cache
def api(path: str) -> str:
    """The prefix of all paths, "/v1.41" say: the engine's newest, asked for once, so that it is in no timing."""
    connection = _Connection(path)
    connection.request("GET", "/_ping")
    response = connection.getresponse()
    response.read()
    connection.close()
    return f"/v{response.headers['Api-Version']}"


class Engine(Protocol):
    """What a container's life takes."""

    def create(self, payload: Mapping[str, Any], name: str) -> str: ...

    def start(self, container: str) -> None: ...

    def wait(self, container: str) -> int: ...

    def remove(self, container: str) -> None: ...

    def close(self) -> None: ...


class RawDocker:
    """One kept-alive connection; not for several threads at once."""

    def __init__(self, path: str) -> None:
        self._api = api(path)
        self._connection = _Connection(path)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One request; the decoded answer, None if it has none. Raises RawDockerError for 400 and above."""
        data = None if body is None else json.dumps(body).encode()
        self._connection.request(method, self._api + path, data, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        answer = response.read()
        if response.status >= 400:
            raise RawDockerError(f"{method} {path}: {response.status} {answer.decode(errors='replace').strip()}")
        return json.loads(answer) if answer else None

    def create(self, payload: Mapping[str, Any], name: str | None = None) -> str:
        """The new container's id."""
        query = f"?name={quote(name)}" if name else ""
        return str(self.call("POST", f"/containers/create{query}", payload)["Id"])

    def start(self, container: str) -> None:
        """Returns when the engine says that it runs."""
        self.call("POST", f"/containers/{container}/start")

    def wait(self, container: str) -> int:
        """Returns the exit code when it has ended."""
        return int(self.call("POST", f"/containers/{container}/wait")["StatusCode"])

    def inspect(self, container: str) -> dict[str, Any]:
        """The engine's own answer."""
        answer: dict[str, Any] = self.call("GET", f"/containers/{container}/json")
        return answer

    def remove(self, container: str) -> None:
        """By force, with its volumes; one that is gone already is no error."""
        try:
            self.call("DELETE", f"/containers/{container}?force=1&v=1")
        except RawDockerError as error:
            if ": 404 " not in str(error) and ": 409 " not in str(error):
                raise

    def listed(self, label: str) -> list[str]:
        """The ids of all containers with this label (`key` or `key=value`)."""
        filters = quote(json.dumps({"label": [label]}))
        return [str(found["Id"]) for found in self.call("GET", f"/containers/json?all=1&filters={filters}")]

    def running(self, label: str) -> list[str]:
        """The ids of those that run."""
        filters = quote(json.dumps({"label": [label]}))
        return [str(found["Id"]) for found in self.call("GET", f"/containers/json?filters={filters}")]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def payload(image: str, command: Sequence[str], *, network: str = "host") -> dict[str, Any]:
    """A create body with as little in it as possible, and the label by which the benchmark finds its own."""
    return {"Image": image, "Cmd": list(command), "Labels": {LABEL: "1"}, "HostConfig": {"NetworkMode": network}}


def parse_time(text: str) -> float:
    """The engine's RFC 3339 text (nanoseconds, Z) as seconds since the epoch."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole + "+00:00").timestamp() + float(f"0.{fraction or 0}")


def create_start(docker: RawDocker, body: Mapping[str, Any]) -> tuple[float, str]:
    """Create and start one container; the seconds that took, and its id."""
    began = time.perf_counter()
    container = docker.create(body, f"bench-{uuid.uuid4()}")
    docker.start(container)
    return time.perf_counter() - began, container


@dataclass(frozen=True, slots=True)
class Exit:
    """`finished` is the engine's FinishedAt, `told` when its `die` event had been read, `known` when the engine had
    answered who asked it then: wall clock, seconds.

    Nobody who relies on the engine's events can know of the exit before `told`, nor how it was before `known`.
    """

    finished: float
    told: float
    known: float


class Exits:
    """Listens to the `die` events of containers that carry a label; exits are known by that label's value.

    FinishedAt is not in the event, and the container may soon be removed, so it is asked for at once, on another
    thread: the engine answers when it is done with the container's network, and removes it only after that.
    """

    def __init__(self, path: str, label: str) -> None:
        self._path, self._label = path, label
        self._exits: dict[str, Exit] = {}
        self._changed = threading.Condition()
        self._asking = ThreadPoolExecutor(8)
        self._connection = _Connection(path)
        self._connection.timeout = None
        filters = quote(json.dumps({"event": ["die"], "label": [label]}))
        self._connection.request("GET", f"{api(path)}/events?filters={filters}")
        self._response = self._connection.getresponse()
        self._socket = self._connection.sock
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def wait(self, names: Sequence[str], timeout: float = 10.0) -> dict[str, Exit]:
        """The exits of those that ended within `timeout` seconds; one whose FinishedAt could not be had is left out."""
        with self._changed:
            self._changed.wait_for(lambda: all(name in self._exits for name in names), timeout)
            return {name: self._exits[name] for name in names if name in self._exits}

    def close(self) -> None:
        """Stop listening."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._asking.shutdown()
        self._connection.close()

    def _listen(self) -> None:
        pending = b""
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            while data := self._response.read1(65536):
                told = time.time()
                *lines, pending = (pending + data).split(b"\n")
                for event in (json.loads(line) for line in lines if line.strip()):
                    self._asking.submit(self._ask, event["id"], event["Actor"]["Attributes"][self._label], told)

    def _ask(self, container: str, name: str, told: float) -> None:
        docker = RawDocker(self._path)
        with contextlib.suppress(RawDockerError):
            finished = parse_time(docker.inspect(container)["State"]["FinishedAt"])
            known = time.time()
            with self._changed:
                self._exits[name] = Exit(finished, told, known)
                self._changed.notify_all()
        docker.close()


def lives(
    make: Callable[[], Engine], body: Mapping[str, Any], count: int, parallelism: int, *, sustained: bool = False,
) -> tuple[float, list[float]]:
    """Run `count` containers from create to exit, `parallelism` at once, each thread with an engine from `make`.

    Returns seconds from the first create until all had *ended* (the removals come after), and for each container the
    seconds from that first moment to its end, which is what a burst is measured by. `sustained`: each is removed before
    its thread makes the next, as it must be when there is no end to them.
    """
    local = threading.local()
    opened: list[Engine] = []

    def engine() -> Engine:
        if not hasattr(local, "engine"):
            local.engine = make()
            opened.append(local.engine)
        mine: Engine = local.engine
        return mine

    began = time.perf_counter()

    def life(_: int) -> tuple[float, str]:
        container = engine().create(body, f"bench-{uuid.uuid4()}")
        engine().start(container)
        engine().wait(container)
        seconds = time.perf_counter() - began
        if sustained:
            engine().remove(container)
        return seconds, container

    with ThreadPoolExecutor(parallelism) as pool:
        ended = list(pool.map(life, range(count)))
        list(pool.map(lambda container: engine().remove(container), [container for _, container in ended]))
    for each in opened:
        each.close()
    return max(seconds for seconds, _ in ended), [seconds for seconds, _ in ended]


def remove_all(path: str, label: str = LABEL) -> None:
    """Remove every container with this label, a few at once."""
    docker = RawDocker(path)
    found = docker.listed(label)
    docker.close()
    with ThreadPoolExecutor(REMOVALS) as pool:
        list(pool.map(lambda part: _remove(path, part), (found[start::REMOVALS] for start in range(REMOVALS))))


def _remove(path: str, containers: Sequence[str]) -> None:
    docker = RawDocker(path)
    for container in containers:
        docker.remove(container)
    docker.close()


def repeat(times: int, sides: Sequence[Callable[[], float]]) -> Iterator[tuple[float, ...]]:
    """Measure all sides in turn, `times` times; the side that goes first changes each time."""
    for number in range(times):
        first = number % len(sides)
        order = [*range(first, len(sides)), *range(first)]
        values = {side: sides[side]() for side in order}
        yield tuple(values[side] for side in range(len(sides)))
