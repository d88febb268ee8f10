"""`mesos-docker serve` with real containers: apps that stay up, over kill -9 and upgrades."""
from __future__ import annotations

import http.client
import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.served import PROGRAM, Served, app, checked, deployed, serving
from tests.patience import SLOW


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as found:
        yield found


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
                    connection = http.client.HTTPConnection(task["host"], task["ports"][0],
                                                            timeout=10 * SLOW)
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
