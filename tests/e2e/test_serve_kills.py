"""SIGKILL of a real `serve` right before and right after each kind of commit: nothing is lost, doubled or started
again, and deployments go on.
"""
from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests import engine
from tests.deploy.serve.killing_serve import FIRST, LATER, armed
from tests.e2e.served import Served
from tests.images import busybox_image
from tests.patience import SLOW

ROOT = str(Path(__file__).parents[2])
WHEN = ("before", "after")


def points(kinds: Sequence[str]) -> list[tuple[str, str]]:
    """Kinds of commits, and when: each of them once, or before and after with SERVE_KILLS=all."""
    if os.environ.get("SERVE_KILLS") == "all":
        return [(kind, when) for kind in kinds for when in WHEN]
    return [(kind, WHEN[place % 2]) for place, kind in enumerate(kinds)]


class Mortal(Served):
    """It may end by itself; see `killing_serve`."""

    def start(self, *more: str) -> None:
        arguments = ["--state", f"sqlite:{self.state}", "--listen", "127.0.0.1:0", *more]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.deploy.serve.killing_serve", *arguments], cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)
        assert self.process.stdout is not None
        self.url = (self.process.stdout.readline().split() or ["", ""])[1]

    @property
    def is_over(self) -> bool:
        return self.process.poll() is not None

    def arm(self, kind: str, when: str) -> None:
        armed(self.state).write_text(f"{kind} {when}")

    def again(self) -> None:
        """It was killed: start it anew, to live."""
        assert self.process.wait(60 * SLOW) == -signal.SIGKILL
        self.process.communicate()
        armed(self.state).unlink()
        self.start()
        self.ready()

    def ready(self) -> None:
        self.until(lambda: self.ask("GET", "/readyz")[0] == 200, "ready")

    def asked(self, method: str, path: str, body: Any = None) -> None:
        """A change, of which it may die."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, answer = self.ask(method, path, body)
            assert status < 300, answer

    def settled(self) -> bool:
        """Whether nothing is on its way, or the end has come."""
        try:
            return self.ask("GET", "/v2/deployments")[1] == [] and all(
                each["state"] == "TASK_RUNNING" for each in self.ask("GET", "/v2/tasks")[1]["tasks"])
        except (OSError, http.client.HTTPException):
            return self.is_over

    def running(self, app_id: str) -> dict[str, tuple[str, str]]:
        """The app's containers and their start times, by task id."""
        return {each.labels["mesos-docker.task-id"]: (each.id, each.started_at or "")
                for each in engine.containers(framework_id=self.framework())
                if each.running and each.labels["mesos-docker.task-id"].startswith(f"{app_id[1:]}.instance-")}


def app(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "cmd": "trap 'exit 0' TERM; while true; do sleep 0.1; done", "cpus": 0.1, "mem": 32,
            "container": {"type": "DOCKER", "docker": {"image": "busybox:static"}},
            "networks": [{"mode": "container/bridge"}], "backoffSeconds": 1, **more}


def steps(served: Mortal) -> Iterator[int]:
    """A life of an app, so far as it comes; how many instances are wanted then."""
    served.asked("PUT", "/v2/apps/v", app("/v", instances=2))
    yield 2
    served.asked("PUT", "/v2/apps/v", app("/v", instances=2, env={"A": "1"}))
    yield 2
    with contextlib.suppress(OSError, http.client.HTTPException):
        [(victim, _), *_] = served.running("/v").values()
        subprocess.run(["docker", "kill", victim], check=False, capture_output=True)
        served.until(lambda: served.is_over or bool(served.ask("GET", "/api/v1/history/v")[1]), "the end of a task")
    yield 2
    served.asked("DELETE", "/v2/apps/v")
    yield 0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    busybox_image()
    found = Mortal(tmp_path_factory.mktemp("serve"))
    found.start()
    found.ready()
    try:
        found.asked("PUT", "/v2/apps/kept", app("/kept"))
        found.until(found.settled, "the app that is kept")
        yield found
    finally:
        armed(found.state).unlink(missing_ok=True)
        if found.is_over:
            found.start()
            found.ready()
        found.clean()


@pytest.mark.parametrize(("kind", "when"), points(LATER))
def test_a_kill_at_a_commit(served: Mortal, kind: str, when: str) -> None:
    framework, kept = served.framework(), served.running("/kept")
    assert len(kept) == 1
    served.arm(kind, when)
    wanted = 0
    for wanted in steps(served):
        served.until(served.settled, f"the end of a step towards {wanted} instances")
        if served.is_over:
            break
    assert served.is_over, f"no commit of the kind {kind!r} was made"
    served.again()
    served.until(served.settled, "what was begun")
    if wanted and served.ask("GET", "/v2/apps/v")[0] == 404:  # it was not stored, so it was not answered either
        served.asked("PUT", "/v2/apps/v", app("/v", instances=wanted))
    served.until(served.settled, "what was asked again")
    assert served.framework() == framework
    assert served.running("/kept") == kept
    tasks = {each["id"] for each in served.ask("GET", "/v2/tasks")[1]["tasks"]}
    served.until(lambda: set(served.running("/v")) | set(kept) == tasks, "as many containers as tasks")
    assert len(served.running("/v")) == (served.ask("GET", "/v2/apps/v")[1]["app"]["instances"] if wanted else 0)
    served.ask("DELETE", "/v2/apps/v")
    served.until(lambda: served.settled() and not served.running("/v"), "the end of the app")


@pytest.mark.parametrize(("kind", "when"), points(FIRST))
def test_a_kill_at_a_first_commit(tmp_path: Path, kind: str, when: str) -> None:
    busybox_image()
    served = Mortal(tmp_path)
    served.arm(kind, when)
    served.start()
    try:
        if kind != "framework":
            served.ready()
            served.asked("PUT", "/v2/apps/v", app("/v"))
        served.again()
        served.ask("PUT", "/v2/apps/v", app("/v"))
        served.until(lambda: served.settled() and len(served.running("/v")) == 1, "the app")
        framework = served.framework()
        os.kill(served.process.pid, signal.SIGKILL)
        armed(served.state).touch()
        served.again()
        assert served.framework() == framework
        assert len(served.running("/v")) == 1
    finally:
        armed(served.state).unlink(missing_ok=True)
        if served.is_over:
            served.start()
            served.ready()
        served.clean()


