"""`mesos-docker serve` with real containers: apps that stay up, over kill -9 and upgrades."""
from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import engine
from tests.e2e.leftovers import processes
from tests.images import busybox_image

PROGRAM = str(Path(sys.executable).parent / "mesos-docker")
PATIENCE = 60.0


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
        self.until(lambda: not engine.containers(framework_id=framework), "the end of all containers")
        self.end(signal.SIGTERM)
        for pid in processes(framework):
            os.kill(pid, signal.SIGTERM)
        self.until(lambda: not processes(framework), "the end of all executors")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    busybox_image()
    found = Served(tmp_path)
    found.start()
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


def test_a_kill_9_costs_nothing(served: Served, tmp_path: Path) -> None:
    done = deployed(served, app("/a", instances=2), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    before, framework = served.containers(), served.framework()
    assert len(before) == 2
    served.end(signal.SIGKILL)
    served.start()
    assert served.framework() == framework
    served.until(lambda: len(served.ask("GET", "/v2/apps/a/tasks")[1]["tasks"]) == 2, "the tasks")
    assert served.containers() == before
    text = served.end(signal.SIGTERM)
    assert served.process.returncode == 0
    assert "2 tasks of apps run on" in text
    served.start()
    assert served.containers() == before


def test_an_upgrade_under_traffic_fails_no_request(served: Served, tmp_path: Path) -> None:
    """One try for each request, on a new connection, to an endpoint that the API has just told."""
    assert deployed(served, checked("/web", instances=3, env={"VERSION": "1"},
                                    labels={"MESOS_DOCKER_DRAIN_SECONDS": "1"}), tmp_path).returncode == 0
    seen: list[str] = []
    failures: list[str] = []
    over = threading.Event()

    def client() -> None:
        while not over.is_set():
            tasks = [each for each in served.ask("GET", "/v2/apps/web/tasks")[1]["tasks"]
                     if each["state"] == "TASK_RUNNING" and each["healthCheckResults"]
                     and each["healthCheckResults"][0]["alive"]]
            for task in tasks:
                try:
                    connection = http.client.HTTPConnection(task["host"], task["ports"][0], timeout=10)
                    connection.request("GET", "/")
                    seen.append(connection.getresponse().read().decode().strip())
                    connection.close()
                except (OSError, http.client.HTTPException) as error:
                    failures.append(f"{task['id']}: {error!r}")

    thread = threading.Thread(target=client)
    thread.start()
    try:
        done = deployed(served, checked("/web", instances=3, env={"VERSION": "2"},
                                        labels={"MESOS_DOCKER_DRAIN_SECONDS": "1"}), tmp_path)
        served.until(lambda: seen.count("2") > 50, "the new version")
    finally:
        over.set()
        thread.join()
    assert done.returncode == 0, done.stdout + done.stderr
    assert failures == []
    assert "1" in seen


def test_a_container_that_is_ended_from_outside_is_replaced(served: Served, tmp_path: Path) -> None:
    assert deployed(served, app("/b", instances=2), tmp_path).returncode == 0
    victim, other = served.containers()
    subprocess.run(["docker", "kill", victim], check=True, capture_output=True)
    served.until(lambda: len(served.containers()) == 2 and victim not in served.containers(), "its replacement")
    assert other in served.containers()
    [ended] = served.ask("GET", "/api/v1/history/b")[1]
    assert (ended["state"], ended["exitCode"], ended["asked"]) == ("TASK_FAILED", 137, None)


def test_a_bad_version_is_rolled_back_and_says_why(served: Served, tmp_path: Path) -> None:
    labels = {"MESOS_DOCKER_FAILURE_LIMIT": "1", "MESOS_DOCKER_AUTO_ROLLBACK": "true"}
    good = checked("/c", instances=2, labels=labels)
    assert deployed(served, good, tmp_path).returncode == 0
    before = served.containers()
    bad = {**good, "cmd": "echo no such thing >&2; exit 3"}
    done = deployed(served, bad, tmp_path)
    assert done.returncode == 1
    assert "no such thing" in done.stderr
    served.until(lambda: served.ask("GET", "/v2/deployments")[1] == [], "the end of the rollback")
    assert served.ask("GET", "/v2/apps/c")[1]["app"]["cmd"] == good["cmd"]
    assert served.containers() == before


def test_nobody_is_served_without_the_token(served: Served) -> None:
    assert served.ask("GET", "/v2/apps", token="wrong")[0] == 401
    assert served.ask("GET", "/ping", token="wrong") == (200, "pong")
    assert served.state.with_name("state.sqlite.token").stat().st_mode & 0o777 == 0o600
    listed = served.command("apps", "--output", "json")
    assert (listed.returncode, json.loads(listed.stdout)) == (0, [])
    other = {**served.environment, "XDG_RUNTIME_DIR": "/nowhere"}
    refused = subprocess.run([PROGRAM, "apps"], capture_output=True, text=True, check=False, env=other)
    assert refused.returncode == 2


def test_a_state_that_is_in_use_and_a_port_that_is_taken(served: Served, tmp_path: Path) -> None:
    port = served.url.rpartition(":")[2]
    second = served.command("serve", "--state", f"sqlite:{served.state}", "--listen", "127.0.0.1:0")
    assert (second.returncode, second.stdout) == (2, "")
    assert "another serve uses it" in second.stderr
    third = served.command("serve", "--state", f"sqlite:{tmp_path / 'other'}", "--listen", f"127.0.0.1:{port}")
    assert (third.returncode, third.stdout) == (2, "")
    assert port in third.stderr
