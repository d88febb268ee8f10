"""What /api/v1/why says where somebody has to do something: canaries, and apps that run once."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.cli.main import run
from tests.scheduler.service.serving import Serving, app


def reasons(serving: Serving) -> list[dict[str, Any]]:
    """All reasons about /web."""
    return [reason for each in serving.get("/api/v1/why?app=web") for reason in each["reasons"]]


def test_canaries_that_serve_wait_for_a_promotion(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as serving:
        labels = {"MESOS_DOCKER_CANARY": "1"}
        serving.change("POST", "/v2/apps", app(instances=3, labels=labels))
        _, answer, _ = serving.ask("PUT", "/v2/apps/web", {"cmd": "sleep 1001"})
        serving.wait(lambda: any("promoted" in each["reason"] for each in reasons(serving)))
        [reason] = [each for each in reasons(serving) if "promoted" in each["reason"]]
        assert reason["reason"] == (
            "it is being upgraded: 1 of 3 new instances serve; its canaries wait to be promoted")
        assert reason["hint"] == (
            f"mesos-docker promote web, or mesos-docker rollback {answer['deploymentId']}")
        assert serving.ask("POST", "/api/v1/promote/web")[0] == 204
        serving.wait(lambda: not reasons(serving))


def test_an_app_that_has_run_once_and_failed_is_told(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as serving:
        serving.change("POST", "/v2/apps", app(labels={"MESOS_DOCKER_RESTART_POLICY": "never"}))
        assert reasons(serving) == []
        [task] = serving.get("/v2/apps/web/tasks")["tasks"]
        serving.master.update(task["id"], "TASK_FAILED", agent_id=task["slaveId"],
                              message="Container exited with status 3")
        serving.wait(lambda: reasons(serving) != [])
        [reason] = reasons(serving)
        assert reason["reason"] == ("it has ended, and its restart policy has it stay so: "
                                    "Container exited with status 3")
        assert reason["hint"] == "mesos-docker restart web starts another one"


def test_an_app_that_has_run_once_and_is_done_is_no_reason(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as serving:
        serving.change("POST", "/v2/apps", app(labels={"MESOS_DOCKER_RESTART_POLICY": "never"}))
        [task] = serving.get("/v2/apps/web/tasks")["tasks"]
        serving.master.update(task["id"], "TASK_FINISHED", agent_id=task["slaveId"])
        serving.wait(lambda: serving.get("/api/v1/instances")[0]["phase"] == "finished")
        assert reasons(serving) == []


def test_a_node_that_cannot_start_it_is_told_and_counts_for_no_failure_limit(tmp_path: Path) -> None:
    labels = {"MESOS_DOCKER_FAILURE_LIMIT": "0", "MESOS_DOCKER_PROGRESS_DEADLINE": "5mins"}
    with Serving(tmp_path / "state", life=("TASK_STARTING",)) as serving:
        serving.ask("POST", "/v2/apps", app(labels=labels, backoffSeconds=60))
        serving.wait(lambda: len(serving.get("/v2/apps/web/tasks")["tasks"]) == 1)
        [task] = serving.get("/v2/apps/web/tasks")["tasks"]
        serving.master.update(task["id"], "TASK_DROPPED", agent_id=task["slaveId"],
                              message="Failed to launch container: the engine is away")
        serving.wait(lambda: any("TASK_DROPPED" in each["reason"] for each in reasons(serving)))
        [dropped] = [each for each in reasons(serving) if "TASK_DROPPED" in each["reason"]]
        assert dropped["reason"] == ("its last task ended, TASK_DROPPED: "
                                     "Failed to launch container: the engine is away")
        assert dropped["agent"] == task["host"]
        assert "MESOS_DOCKER_PROGRESS_DEADLINE" in dropped["hint"]
        [delay] = [each for each in reasons(serving) if "failed before" in each["reason"]]
        assert delay["hint"] == "mesos-docker resume --backoff web starts it now"
        assert len(serving.deployments()) == 1
        assert run(["resume", "--backoff", "web", "--service", serving.url()]) == 0
        serving.wait(lambda: len(serving.get("/v2/apps/web/tasks")["tasks"]) == 1)


def test_who_is_waited_for_without_an_end_is_told_and_can_be_given_up(tmp_path: Path) -> None:
    labels = {"MESOS_DOCKER_RESTART_POLICY": "never"}
    with Serving(tmp_path / "state") as serving:
        serving.change("POST", "/v2/apps", app(labels=labels, unreachableStrategy="disabled"))
        [task] = serving.get("/v2/apps/web/tasks")["tasks"]
        serving.master.say(task["id"], task["slaveId"], "TASK_UNREACHABLE")
        serving.wait(lambda: reasons(serving) != [])
        [reason] = reasons(serving)
        assert "unreachableStrategy is disabled" in reason["reason"]
        command = reason["hint"].partition(" gives it up")[0].split()
        assert run([*command[1:], "--service", serving.url()]) == 0
        serving.wait(lambda: len(serving.running("/web")) == 1)
        assert serving.running("/web") != [task["id"]]


def test_losses_are_lifted_by_a_command(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as serving:
        serving.change("POST", "/v2/apps", app(instances=10))
        for task in serving.get("/v2/apps/web/tasks")["tasks"]:
            serving.master.say(task["id"], task["slaveId"], "TASK_UNREACHABLE")
        serving.wait(lambda: serving.get("/api/v1/losses")["slowed"])
        assert run(["resume", "--losses", "--service", serving.url()]) == 0
        assert not serving.get("/api/v1/losses")["slowed"]
        assert run(["resume", "--service", serving.url()]) == 2
