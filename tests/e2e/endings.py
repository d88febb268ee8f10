"""What the tests of endings stand on: one embedded Mesos, many tasks at once, and people who meddle with containers.

A `Case` is a TaskInfo, somebody's deed while it lives, and how it has to end. `Stage` runs all of them on one
`mesos-docker local`, several at a time, each through a `mesos-docker run --task - --output json` of its own.
"""
from __future__ import annotations

import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from executor.engine.failures import RuntimeFailure
from specs.words.defaults import DOCKER_SOCKET
from tests.engine import containers
from tests.images import busybox_image, named_user_image, user_image
from tests.patience import SLOW

PROGRAM = str(Path(sys.executable).parent / "mesos-docker")
AT_ONCE = 5
PATIENCE = 120.0 * SLOW
FAULTS = (AssertionError, LookupError, RuntimeFailure, subprocess.SubprocessError)  # of one ending, not of all

Deed = Callable[["Life"], None]


@dataclass(frozen=True)
class Case:
    """One ending. `state`, `reason`, `message` (a pattern, for the whole text) and `status` are what is expected."""

    name: str
    state: str
    message: str
    status: int
    reason: str | None = None
    command: str | None = None
    argv: Sequence[str] | None = None  # instead of a shell's command
    docker: Mapping[str, Any] = field(default_factory=dict)
    container: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    mem: int = 64
    ports: Sequence[int] = ()
    deed: Deed | None = None
    executor: str = "custom"
    healthy: bool | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    uris: Sequence[Mapping[str, Any]] = ()

    def task(self, task_id: str) -> dict[str, Any]:
        """The TaskInfo as `run --task` takes it."""
        resources = [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                     {"name": "mem", "type": "SCALAR", "scalar": {"value": self.mem}}]
        if self.ports:
            ranges = [{"begin": port, "end": port} for port in self.ports]
            resources.append({"name": "ports", "type": "RANGES", "ranges": {"range": ranges}})
        task: dict[str, Any] = {
            "task_id": {"value": task_id}, "name": self.name, "resources": resources,
            "container": {"type": "DOCKER", **self.container,
                          "docker": {"image": "busybox:static", "network": "NONE", **self.docker}},
            **self.fields,
        }
        if self.command is not None:
            task["command"] = {"value": self.command}
        elif self.argv is not None:
            program = {"value": self.argv[0]} if self.argv else {}
            task["command"] = {"shell": False, **program, "arguments": list(self.argv[1:])}
        if self.variables:
            task["command"]["environment"] = {"variables": [
                {"name": name, "value": value} for name, value in self.variables.items()]}
        if self.uris:
            task["command"]["uris"] = list(self.uris)
        return task


class Life:
    """One run of a case, as it goes on."""

    def __init__(self, case: Case, address: str, docker_socket: str = DOCKER_SOCKET) -> None:
        self.case = case
        self.task_id = re.sub(r"\W+", "-", case.name) + "-" + uuid.uuid4().hex[:6]
        self.updates: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [PROGRAM, "run", "--master", address, "--docker-socket", docker_socket, "--executor", case.executor,
             "--task", "-", "--output", "json"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.errors = ""
        self._over = False  # it tells nothing more
        self._reader = threading.Thread(target=self._read, daemon=True)

    def live(self) -> int:
        """The exit status of `run`."""
        assert self.process.stdin is not None
        assert self.process.stderr is not None
        self._reader.start()
        self.process.stdin.write(json.dumps(self.case.task(self.task_id)))
        self.process.stdin.close()
        if self.case.deed is not None:
            self.case.deed(self)
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.errors = self.process.stderr.read()
        self.process.stderr.close()
        return status

    def close(self) -> None:
        """Whatever has become of it, it is over."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        for pipe in (self.process.stdin, self.process.stderr):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            for line in self.process.stdout:
                with self._changed:
                    self.updates.append(json.loads(line))
                    self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def until(self, state: str) -> None:
        """Wait for an update; comes back, too, when the task is over."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: any(each["state"] == state for each in self.updates) or self._over,
                PATIENCE), f"{self.case.name}: no {state} in {self.updates}"

    def docker(self, *words: str, check: bool = True) -> str:
        """A docker command with the task's container behind its words; `check`: it has to succeed."""
        wanted = containers(task_id=self.task_id)
        done = subprocess.run(["docker", *words, wanted[0].id], capture_output=True, text=True, check=check)
        return done.stdout

    def interrupt(self) -> None:
        """Ctrl-C: the task is killed gracefully; a second one: at once."""
        self.process.send_signal(signal.SIGINT)

    @property
    def last(self) -> dict[str, Any]:
        return self.updates[-1] if self.updates else {}

    @property
    def states(self) -> list[str]:
        return [each["state"].removeprefix("TASK_") for each in self.updates]


# ---- deeds -----------------------------------------------------------------------------------------------------------


def once_running(*deeds: Deed) -> Deed:
    """Do these, one after the other, when the task runs."""
    def do(life: Life) -> None:
        life.until("TASK_RUNNING")
        for deed in deeds:
            deed(life)
    return do


def when_starting(deed: Deed, wait: Callable[[], object] = lambda: None) -> Deed:
    """Do it when the task has begun to start, and something else has come about."""
    def do(life: Life) -> None:
        life.until("TASK_STARTING")
        wait()
        deed(life)
    return do


def docker(*words: str, check: bool = True) -> Deed:
    return lambda life: void(life.docker(*words, check=check))


def interrupt(life: Life) -> None:
    life.interrupt()


def when_killing(deed: Deed) -> Deed:
    """Do it once the kill is announced."""
    def do(life: Life) -> None:
        life.until("TASK_KILLING")
        deed(life)
    return do


def when_written(path: str, deed: Deed) -> Deed:
    """Do it once the container has made a file, such as after it has set its traps."""
    def do(life: Life) -> None:
        wanted = containers(task_id=life.task_id)[0].id
        script = f"until [ -e {path} ]; do sleep 0.02; done"
        subprocess.run(["docker", "exec", wanted, "sh", "-c", script], check=True, timeout=PATIENCE)
        deed(life)
    return do


def void(_: object) -> None:
    """Forget an answer."""


# ---- registries ------------------------------------------------------------------------------------------------------


class Registry(http.server.ThreadingHTTPServer):
    """A registry on loopback that answers everything with one status, or not at all."""

    daemon_threads = True

    def __init__(self, status: int | None) -> None:
        super().__init__(("127.0.0.1", 0), _Refusing)
        self.status = status
        self.asked = threading.Event()
        self.closing = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def image(self) -> str:
        """An image that it would have."""
        return f"127.0.0.1:{self.server_address[1]}/some/image:1"

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


class _Refusing(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        registry = self.server
        assert isinstance(registry, Registry)
        registry.asked.set()
        if registry.status is None:
            registry.closing.wait()
            return
        status = 200 if self.path == "/v2/" and registry.status == 404 else registry.status
        errors = {401: "UNAUTHORIZED", 404: "MANIFEST_UNKNOWN"}
        body = b"{}" if status == 200 else json.dumps(
            {"errors": [{"code": errors.get(status, "UNKNOWN"), "message": "no"}]}).encode()
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Type", "application/json")
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="test"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - as above

    def log_message(self, *_: object) -> None:
        pass


# ---- the stage -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """How a case ended. `status`: None if it did not, or nobody could do to it what was to be done; `left`: containers
    of the task that were still there.
    """

    life: Life
    status: int | None
    left: Sequence[str]


@contextmanager
def local_mesos(*options: str) -> Iterator[str]:
    """The address of an embedded Mesos in a process of its own; with MESOS_MASTER, of that master instead."""
    if "MESOS_MASTER" in os.environ:
        yield os.environ["MESOS_MASTER"]
        return
    process = subprocess.Popen([PROGRAM, "local", "--port", "0", "--resources", "cpus:32;mem:8192;ports:[20000-20100]",
                                *options],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        found = re.search(r"\d+\.\d+\.\d+\.\d+:\d+", first)
        assert found is not None, first
        yield found[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)


def run_all(cases: Sequence[Case], address: str, docker_socket: str = DOCKER_SOCKET) -> dict[str, Outcome]:
    """All cases, several at once, by name; executors of ours find Docker at this socket."""
    for make in (busybox_image, user_image, named_user_image):
        make()

    def run(case: Case) -> Outcome:
        life = Life(case, address, docker_socket)
        try:
            status: int | None = life.live()
        except FAULTS as error:  # its own test says so, and no other
            status, life.errors = None, f"{type(error).__name__}: {error}"
        finally:
            life.close()
        try:
            left: Sequence[str] = () if case.executor == "mesos" else _left(life.task_id)
        except RuntimeFailure as failure:
            left = (str(failure),)
        return Outcome(life, status, left)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip([case.name for case in cases], pool.map(run, cases), strict=True))


def _left(task_id: str) -> Sequence[str]:
    """The task's containers, once they had the time to go."""
    deadline = time.monotonic() + PATIENCE
    while True:
        names = [each.name for each in containers(task_id=task_id)]
        if not names or time.monotonic() > deadline:
            return names
        time.sleep(0.05 * SLOW)
