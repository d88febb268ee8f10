"""A `serve` process with its embedded Mesos and real containers, and small apps for it."""
from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import engine
from tests.e2e.leftovers import processes
from tests.images import busybox_image
from tests.patience import SLOW

PROGRAM = str(Path(sys.executable).parent / "mesos-docker")
PATIENCE = 60.0 * SLOW


class Served:
    """A `serve` process on a state; `stop`, `kill` and `start` again on the same."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state.sqlite"
        self.environment = {**os.environ, "XDG_STATE_HOME": str(folder / "xdg"), "XDG_RUNTIME_DIR": str(folder / "run")}
        self.url = ""
        self.process: subprocess.Popen[str]

    def start(self, *more: str) -> None:
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--state", f"sqlite:{self.state}", "--listen", "127.0.0.1:0", *more],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split()
        assert words[:1] == ["Serving"], self.process.stderr.read() if self.process.stderr else ""
        self.url = words[1]
        self.environment["MESOS_DOCKER_SERVICE"] = self.url
        self.until(lambda: self.ask("GET", "/readyz")[0] == 200, "ready")

    def end(self, number: int) -> str:
        """What it wrote to stderr."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=PATIENCE)[1]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=2 * PATIENCE, check=False,
                              env=self.environment)

    def token(self) -> str:
        return self.state.with_name("state.sqlite.token").read_text().strip()

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=PATIENCE)
        connection.request(method, path, None if body is None else json.dumps(body),
                           {"Authorization": f"Bearer {self.token() if token is None else token}"})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text

    def until(self, fact: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not fact():
            assert time.monotonic() < deadline, f"{what} did not happen"
            time.sleep(0.05)

    def framework(self) -> str:
        return str(self.ask("GET", "/v2/info")[1]["frameworkId"])

    def containers(self) -> dict[str, str]:
        """Ids and start times of the framework's running containers."""
        return {each.id: each.started_at or "" for each in engine.containers(framework_id=self.framework())
                if each.running}

    def clean(self) -> None:
        """End the apps, and then the service with its Mesos's executors."""
        framework = self.framework()
        for app in self.ask("GET", "/v2/apps")[1]["apps"]:
            self.ask("DELETE", f"/v2/apps{app['id']}")
        self.until(lambda: not self.containers(), "the end of all containers")
        self.until(lambda: not drop_ins(framework), "the end of all drop-ins")
        self.end(signal.SIGTERM)  # and what agents remove later is removed now, if its executor has ended
        for pid in processes(framework):
            with contextlib.suppress(ProcessLookupError):  # it ends by itself, too
                os.kill(pid, signal.SIGTERM)
        self.until(lambda: not processes(framework), "the end of all executors")
        self.until(lambda: not engine.containers(framework_id=framework), "that nothing is left of them")


def drop_ins(framework: str) -> list[int]:
    """Its drop-ins, each of which ends with its task."""
    found = []
    for pid in processes(framework):
        with contextlib.suppress(OSError):  # it has just ended
            if b"\0--container=" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


@contextmanager
def serving(folder: Path, *more: str) -> Iterator[Served]:
    """One on a state of its own, with `more` options; afterwards nothing of it is left."""
    busybox_image()
    found = Served(folder)
    found.start(*more)
    try:
        yield found
    finally:
        if found.process.poll() is not None:
            found.start()
        found.clean()


def app(name: str, **more: Any) -> dict[str, Any]:
    page = "mkdir -p /www; echo \"$VERSION\" > /www/index.html; exec httpd -f -p 80 -h /www"
    return {"id": name, "cmd": f"trap 'exit 0' TERM; {page}", "cpus": 0.1, "mem": 32,
            "container": {"type": "DOCKER", "docker": {"image": "busybox:static"},
                          "portMappings": [{"containerPort": 80, "hostPort": 0}]},
            "networks": [{"mode": "container/bridge"}], **more}


def checked(name: str, **more: Any) -> dict[str, Any]:
    check = {"protocol": "HTTP", "path": "/", "portIndex": 0, "gracePeriodSeconds": 20, "intervalSeconds": 1,
             "timeoutSeconds": 5, "maxConsecutiveFailures": 3}
    return app(name, healthChecks=[check], **more)


def deployed(served: Served, definition: Mapping[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "app.json"
    path.write_text(json.dumps(definition))
    return served.command("deploy", str(path))
