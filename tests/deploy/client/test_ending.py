"""`kill` follows the instance to its end, and says how that was; asked early, a service answers later."""
from __future__ import annotations

import json
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deploy.client.changes import kill
from scheduler.service.service import Service
from tests.scheduler.service.serving import Serving, app


@pytest.mark.parametrize("more", [{}, {"labels": {"MESOS_DOCKER_RESTART_POLICY": "never"}}])
def test_it_comes_back_when_the_instance_has_ended(tmp_path: Path, more: dict[str, Any]) -> None:
    with Serving(tmp_path / "state", life=("TASK_RUNNING",)) as serving:
        serving.ask("POST", "/v2/apps", app(instances=1, **more))
        serving.wait(lambda: bool(serving.get("/v2/apps/web/tasks")["tasks"]))
        [instance] = serving.get("/api/v1/instances")
        told = CliRunner().invoke(kill, [instance["id"], "--service", serving.url(), "--output", "json",
                                         "-m", "it hangs"],
                                  standalone_mode=False)
        assert (told.exception, told.return_value) == (None, 0)
        body, ended = map(json.loads, told.stdout.splitlines())
        assert [each["id"] for each in body["tasks"]] == [instance["taskId"]]
        assert (ended["type"], ended["id"], ended["state"]) == ("instance", instance["id"], "TASK_KILLED")
        assert serving.master.killed == [instance["taskId"]]


def test_detached_it_only_asks(tmp_path: Path) -> None:
    with Serving(tmp_path / "state", life=("TASK_RUNNING",)) as serving:
        serving.change("POST", "/v2/apps", app(instances=1))
        [instance] = serving.get("/api/v1/instances")
        told = CliRunner().invoke(kill, [instance["id"], "--service", serving.url(), "--detach"], standalone_mode=False)
        assert (told.exception, told.stdout) == (None, f"{instance['taskId']} is to end\n")


def test_what_is_asked_before_there_is_a_loop_is_answered_by_it(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as serving:
        loop, serving.service._loop = serving.service._loop, None  # as while the embedded Mesos is started
        assert loop is not None
        answers: list[Future[int]] = []
        asking = threading.Thread(target=lambda: answers.append(serving.service.ask(lambda: 7)))
        asking.start()
        asking.join(20)
        assert not answers[0].done()
        Service.attach(serving.service, loop)
        assert answers[0].result(20) == 7
