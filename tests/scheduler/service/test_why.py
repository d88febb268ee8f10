"""What /api/v1/why says where somebody has to do something: canaries, and apps that run once."""
from __future__ import annotations

from pathlib import Path
from typing import Any

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
