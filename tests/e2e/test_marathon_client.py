"""The `marathon` client of PyPI against a `serve` process: each of its methods by its effect on containers.

The tries are those of `tests/scheduler/api`, where the service is in memory; here what runs is what Docker says.
"""
from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests import engine
from tests.e2e.served import PATIENCE, Served, serving
from tests.patience import SLOW
from tests.scheduler.api import client_definitions, client_running
from tests.scheduler.api.marathon_client import METHODS, TRIES, Client, MarathonClient
from tests.scheduler.service.serving import app

assert {each.__module__ for each in TRIES.values()} == {client_definitions.__name__, client_running.__name__}
AT_ONCE = {"taskKillGracePeriodSeconds": 0}  # a shell as process 1 does not hear SIGTERM


class Real:
    """What the tries ask of a service; see `Tried`."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._framework = served.framework()

    def url(self) -> str:
        return self._served.url

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any, Any]:
        return (*self._served.ask(method, path, body), None)

    def get(self, path: str) -> Any:
        status, body, _ = self.ask("GET", path)
        assert status == 200, body
        return body

    def change(self, method: str, path: str, body: Any = None) -> Any:
        status, answer, _ = self.ask(method, path, body)
        assert status in (200, 201), answer
        self.wait(lambda: not self.deployments())
        return answer

    def wait(self, fact: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not fact():
            assert time.monotonic() < deadline, "it did not come to it"
            time.sleep(0.02)

    def running(self, app_id: str) -> list[str]:
        begin = app_id.strip("/").replace("/", "_") + ".instance-"
        return sorted(each for each in self._tasks() if each.startswith(begin))

    def fails(self, task_id: str) -> str:
        subprocess.run(["docker", "kill", self._tasks()[task_id]], check=True, capture_output=True)
        return "137"

    def are_gone(self, task_ids: set[str]) -> bool:
        return not task_ids & set(self._tasks())

    def deployments(self) -> list[str]:
        return [each["id"] for each in self.get("/v2/deployments")]

    def subscribed(self) -> bool:
        return self.ask("GET", "/readyz")[0] == 200

    def framework_id(self) -> str:
        return self._framework

    def _tasks(self) -> dict[str, str]:
        """The container of each task that runs."""
        return {each.labels["mesos-docker.task-id"]: each.id
                for each in engine.containers(framework_id=self._framework) if each.running}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as found:
        yield found


@pytest.fixture
def real(served: Served) -> Real:
    """With an app of two instances, and one in a group, as each try begins with."""
    found = Real(served)
    found.wait(found.subscribed)
    found.change("PUT", "/v2/groups?force=true", {
        "apps": [app("web", instances=2, labels={"a": "b"}, **AT_ONCE)],
        "groups": [{"id": "team", "apps": [app("a", healthChecks=[], **AT_ONCE)]}]})
    found.wait(lambda: {each["id"]: each["tasksRunning"] for each in found.get("/v2/apps")["apps"]} == {
        "/web": 2, "/team/a": 1} and len(found.running("/web")) == 2)
    return found


@pytest.mark.parametrize("method", METHODS)
def test_method(real: Real, served: Served, method: str) -> None:
    client: Client = MarathonClient(real.url(), auth_token=served.token(), timeout=20 * SLOW)
    client.sse_session.headers["Authorization"] = f"Bearer {served.token()}"  # its streams do not use the token
    TRIES[method](client, real)
