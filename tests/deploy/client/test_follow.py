"""What `deploy` shows while it follows: phases, pulls by layers, and why tasks fail, with their last words."""
from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from deploy.client.follow import DeploymentFollower, Waited
from deploy.client.service import Service
from tests.ports import free_port
from tests.scheduler.service.serving import Serving, app

CHECK = {"protocol": "MESOS_HTTP", "path": "/", "portIndex": 0}
READY = {"name": "ready", "protocol": "HTTP", "path": "/", "portName": "http"}
PULL = "Pulling image registry.example/web:2: 4 of 7 layers, 31.0 of 120.4 MB"


def followed(serving: Serving, output: str = "text",
             **more: Any) -> tuple[threading.Thread, list[int]]:
    """A deployment of /web that is followed by a thread; its status is in the list in the end."""
    _, answer, _ = serving.ask("POST", "/v2/apps", app(**more))
    status: list[int] = []
    follower = DeploymentFollower(Service(serving.url(), None), output,
                                  answer["deployments"][0]["id"], ["/web"])
    thread = threading.Thread(target=lambda: status.append(follower.follow()))
    thread.start()
    return thread, status


def test_the_way_of_an_instance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = ""

    def wait_for(text: str) -> None:
        def is_there() -> bool:
            nonlocal shown
            shown += capsys.readouterr().out
            return text in shown
        serving.wait(is_there)

    with Serving(tmp_path / "state", life=("TASK_STARTING",)) as serving:
        thread, status = followed(serving)
        serving.wait(lambda: len(serving.get("/v2/apps/web/tasks")["tasks"]) == 1)
        task = serving.get("/v2/apps/web/tasks")["tasks"][0]
        wait_for("  starting  ")
        serving.master.update(task["id"], "TASK_STARTING", agent_id=task["slaveId"], message=PULL)
        wait_for("  pulling 4/7 layers 120 MB  ")
        wait_for("/web  0/1 serve")
        failure = "Container exited with status 3; stderr: no such file\nand \x1b[31mno hope"
        serving.master.update(task["id"], "TASK_FAILED", agent_id=task["slaveId"], message=failure)
        wait_for(
            f"TASK_FAILED on {task['host']}: Container exited with status 3; stderr: no such file\n"
                 "    and \\x1b[31mno hope")
        wait_for("  waiting for an offer 0 s")
        serving.wait(lambda: len(serving.get("/v2/apps/web/tasks")["tasks"]) == 1)
        [second] = serving.get("/v2/apps/web/tasks")["tasks"]
        serving.master.update(second["id"], "TASK_RUNNING", agent_id=second["slaveId"])
        wait_for("/web  1/1 serve")
        wait_for(" is done, after ")
        thread.join(20)
        assert status == [0]


def test_what_others_have_to_do_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Serving(tmp_path / "state") as serving:
        serving.change("POST", "/v2/apps", app())
        _, answer, _ = serving.ask("PUT", "/v2/apps/web", app(
            env={"A": "1"}, labels={"MESOS_DOCKER_CANARY": "1"}))
        follower = DeploymentFollower(Service(serving.url(), None), "text", answer["deploymentId"])
        thread = threading.Thread(target=follower.follow)
        thread.start()
        shown = ""

        def waits() -> bool:
            nonlocal shown
            shown += capsys.readouterr().out
            return "its canaries wait to be promoted" in shown

        serving.wait(waits)
        assert serving.ask("POST", "/api/v1/promote/web")[0] == 204
        thread.join(30)
        shown += capsys.readouterr().out
        assert f"mesos-docker promote web, or mesos-docker rollback {answer['deploymentId']}" in shown
        assert shown.count("its canaries wait to be promoted") == 1
        assert " is done, after " in shown


def test_a_failure_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Serving(tmp_path / "state", life=("TASK_RUNNING", "TASK_FAILED")) as serving:
        thread, status = followed(serving, "json", labels={"MESOS_DOCKER_FAILURE_LIMIT": "0"})
        thread.join(20)
        assert status == [1]
    out = capsys.readouterr().out
    assert '{"type":"failure","appId":"/web","taskId":"web.instance-' in out
    assert out.splitlines()[-1].startswith('{"type":"deployment",')


def test_a_service_that_is_started_again_is_followed_on(tmp_path: Path,
                                                        capfd: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    with Serving(tmp_path / "state", life=("TASK_STARTING",), at=port) as serving:
        thread, status = followed(serving)
        serving.wait(lambda: len(serving.get("/v2/apps/web/tasks")["tasks"]) == 1)
        [task] = serving.get("/v2/apps/web/tasks")["tasks"]
    with Serving(tmp_path / "state", life=("TASK_STARTING",), master=serving.master, at=0) as away:
        away.master.update(task["id"], "TASK_RUNNING", agent_id=task["slaveId"])
        away.wait(lambda: away.deployments() == [])  # it ends while nobody answers at that address
    with Serving(tmp_path / "state", master=serving.master, at=port):
        thread.join(30)
        assert status == [0]
    shown = capfd.readouterr()
    assert "waiting for it to come back" in shown.err
    assert " is done, after " in shown.out


def test_how_long_it_waits_is_shown_again() -> None:
    waited = Waited(0.0)
    assert [second for second in range(200)
            if waited.is_due(float(second))] == [0, 3, 10, 30, 60, 120, 180]


@pytest.mark.parametrize(("more", "status", "phase"), [
    ({}, {}, "running"),
    ({"health": 1}, {}, "health 0/1"), ({"health": 1}, {"healthy": True}, "running"),
    ({"health": 1}, {"healthy": False}, "unhealthy"),
    ({"ready": True}, {}, "health 0/1"),
    ({"health": 1, "ready": True}, {"healthy": True}, "health 1/2"),
    ({"health": 3}, {"message": "2 of 3 health checks succeed"}, "health 2/3"),
    ({"health": 3, "ready": True}, {"message": "2 of 3 health checks succeed"}, "health 2/4")])
def test_checks_are_counted_until_they_succeed(more: dict[str, Any], status: dict[str, Any],
                                               phase: str, tmp_path: Path) -> None:
    definition = app(healthChecks=[CHECK] * more.get("health", 0),
                     readinessChecks=[READY] if "ready" in more else [],
                     portDefinitions=[{"port": 0, "name": "http"}])
    with Serving(tmp_path / "state", life=("TASK_STARTING",)) as serving:
        serving.ask("POST", "/v2/apps", definition)
        serving.wait(lambda: len(serving.get("/v2/apps/web/tasks")["tasks"]) == 1)
        [task] = serving.get("/v2/apps/web/tasks")["tasks"]
        serving.master.update(task["id"], "TASK_RUNNING", agent_id=task["slaveId"], **status)
        serving.wait(lambda: serving.get("/api/v1/instances")[0]["phase"] == phase)
