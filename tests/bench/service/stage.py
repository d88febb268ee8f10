"""A `mesos-docker serve` process on a simulated cluster, and what the benchmark asks of both."""
from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench.processes import usage
from tests.bench.service.cluster import TICK

PROGRAM = str(Path(sys.executable).with_name("mesos-docker"))
EACH = 10  # instances of an app
PATIENCE = 900.0


class Simulated:
    """The process of `tests.bench.service.cluster`."""

    def __init__(self, agents: int, tasks_each: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.service.cluster", str(agents), str(tasks_each)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._line())

    def ask(self, word: str, *arguments: Any) -> Any:
        assert self._process.stdin is not None
        print(json.dumps([word, *arguments]), file=self._process.stdin, flush=True)
        return json.loads(self._line())

    def until(self, what: str, count: int) -> dict[str, Any]:
        """Its report once this count in it is so high."""
        deadline = time.monotonic() + PATIENCE
        while (report := self.ask("report"))[what] < count:
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{report} after {PATIENCE:g} s, and {count} should be {what}")
            time.sleep(0.1)
        return dict(report)

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


class Served:
    """The process of `mesos-docker serve`."""

    def __init__(self, master: int, folder: Path) -> None:
        self._arguments = [
            PROGRAM, "serve", "--master", f"127.0.0.1:{master}", "--state",
            f"sqlite:{folder / 'state'}",
            "--listen", "127.0.0.1:0", "--insecure", "--executor-command",
            "/usr/bin/mesos-docker-executor"]
        compiled = {name: value for name, value in os.environ.items()
                    if name != "PYTHONDONTWRITEBYTECODE"}  # as what pip installs is
        self._environment = {**compiled, "XDG_RUNTIME_DIR": str(folder),
                             "XDG_STATE_HOME": str(folder)}
        self._log = folder / "serve.log"
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._arguments, stdout=subprocess.PIPE, stderr=log,
                                             text=True, env=self._environment)
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().split("//")[1].strip()

    def ready(self) -> None:
        while self.ask("GET", "/readyz")[0] != 200:
            time.sleep(0.05)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        found = response.read()
        connection.close()
        return response.status, found

    def memory(self) -> int:
        """Bytes that are its own."""
        return usage(self._process.pid).private

    @property
    def pid(self) -> int:
        return self._process.pid

    def end(self, number: int = signal.SIGKILL) -> None:
        self._process.send_signal(number)
        self._process.wait()


@contextmanager
def simulated(agents: int, tasks_each: int) -> Iterator[Simulated]:
    found = Simulated(agents, tasks_each)
    try:
        yield found
    finally:
        found.end()


@contextmanager
def served(master: int, folder: Path) -> Iterator[Served]:
    found = Served(master, folder)
    try:
        found.ready()
        yield found
    finally:
        found.end()


def app(number: int, instances: int = EACH) -> dict[str, Any]:
    """As small as people write them: an image, a port, a line."""
    return {"id": f"/team-{number % 50}/app-{number}", "cmd": "exec server", "cpus": 0.1, "mem": 32,
            "instances": instances, "env": {"VERSION": "1"}, "labels": {"team": "a"},
            "container": {"type": "DOCKER", "docker": {"image": "busybox"},
                          "portMappings": [{"containerPort": 80, "hostPort": 0, "name": "http"}]},
            "networks": [{"mode": "container/bridge"}]}


def body(apps: int, instances: int = EACH) -> bytes:
    """Of PUT /v2/apps."""
    return json.dumps([app(number, instances) for number in range(apps)]).encode()


def just_after_offers() -> float:
    """Waits for a moment right behind a round of offers, so that whoever begins then waits as long as others."""
    time.sleep(TICK - time.monotonic() % TICK + 0.02)
    return time.monotonic()
