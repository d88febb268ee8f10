"""What the service launches for its apps: TaskInfos that a master takes, with the resources they need."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scheduler.service.launches import MOST_STARTING
from specs.forms.taskinfo import task_data
from specs.messages.resource import AllocationInfo, Resource
from specs.messages.task import TaskInfo
from specs.rules.tasks import prepared, validate_task
from tests.fakes.master import MemoryMaster
from tests.scheduler.service.serving import Serving, app


class RecordingMaster(MemoryMaster):
    """It remembers what was launched."""

    def __init__(self) -> None:
        super().__init__(1, life=("TASK_RUNNING",))
        disk = Resource("disk", "SCALAR", 1000, allocation_info=AllocationInfo("*"))
        self.offered = [replace(each, resources=(*each.resources, disk)) for each in self.offered]
        self.infos: list[TaskInfo] = []

    def accept(self, offer_ids: Sequence[str], tasks: Sequence[TaskInfo], refuse_seconds: float) -> None:
        self.infos.extend(tasks)
        super().accept(offer_ids, tasks, refuse_seconds)


def launched(path: Path, definition: dict[str, Any], *, follow: bool = True) -> list[TaskInfo]:
    """What is launched of an app; a master takes each. `follow`: until it serves."""
    master = RecordingMaster()
    with Serving(path / "state", master=master) as serving:
        (serving.change if follow else serving.ask)("POST", "/v2/apps", definition)
        serving.wait(lambda: bool(master.infos))
    for info in master.infos:
        validate_task(prepared(info, framework_id="F1", role="*"))
    return master.infos


def scalars(resources: Sequence[Resource]) -> dict[str, float]:
    return {each.name: each.scalar for each in resources if each.scalar is not None}


class RefusingMaster(MemoryMaster):
    """It remembers for how long offers were refused; s."""

    def __init__(self) -> None:
        super().__init__(1, life=("TASK_RUNNING",))
        self.refused: list[float] = []

    def decline(self, offer_ids: Sequence[str], refuse_seconds: float) -> None:
        self.refused.append(refuse_seconds)
        super().decline(offer_ids, refuse_seconds)


def test_a_plan_that_looks_at_offers_leaves_them_to_the_deployment_after_it(tmp_path: Path) -> None:
    """Refused for long they would be gone for it: no REVIVE comes, as they were wanted all the time."""
    master = RefusingMaster()
    with Serving(tmp_path / "state", master=master) as serving:
        serving.wait(lambda: master.suppressed)
        master.refused.clear()
        serving.ask("POST", "/api/v1/plan", app())
        assert set(master.refused) == {1.0}


def test_tasks_of_one_agent_share_our_executor(tmp_path: Path) -> None:
    infos = launched(tmp_path, app(instances=3))
    assert {info.executor.executor_id for info in infos if info.executor is not None} == {"mesos-docker"}
    assert all(scalars(info.resources) == {"cpus": 0.1, "mem": 32.0} for info in infos)
    ports = [each.begin for info in infos for resource in info.resources for each in resource.ranges or ()]
    assert len(set(ports)) == 3


def test_a_plain_app_is_the_agents(tmp_path: Path) -> None:
    info, = launched(tmp_path, {"id": "/plain", "cmd": "sleep 1000", "cpus": 0.1, "mem": 32})
    assert info.executor is None
    assert info.command is not None
    assert info.command.value == "sleep 1000"


def test_a_program_of_the_apps_has_resources_of_its_own(tmp_path: Path) -> None:
    infos = launched(tmp_path, {"id": "/own", "cmd": "--flag", "cpus": 0.1, "mem": 32, "instances": 2,
                                "executor": "/opt/own", "executorResources": {"cpus": 0.2, "mem": 64, "disk": 10}})
    assert len({info.executor.executor_id for info in infos if info.executor is not None}) == 2
    for info in infos:
        assert info.executor is not None
        assert scalars(info.executor.resources) == {"cpus": 0.2, "mem": 64.0, "disk": 10.0}
        assert info.command is None


def test_what_mesos_has_no_field_for_goes_to_our_executor_in_the_data(tmp_path: Path) -> None:
    check = {"protocol": "HTTP", "portIndex": 0, "path": "/", "ignoreHttp1xx": True}
    info, = launched(tmp_path, app(
        portDefinitions=[{"port": 0, "name": "p"}], healthChecks=[check, {**check, "path": "/second"}],
        readinessChecks=[{"portName": "p", "protocol": "HTTPS", "path": "/ready"}]), follow=False)
    data = task_data(info)
    [second] = data.health_checks
    assert (second.http is not None and second.http.path, data.ignore_http_1xx, data.check_scheme) == (
        "/second", True, "https")
    assert info.check is not None
    assert info.check.http is not None
    assert info.check.http.path == "/ready"


def test_an_agent_starts_only_so_many_at_a_time(tmp_path: Path) -> None:
    with Serving(tmp_path / "state", agents=1, life=("TASK_STARTING",)) as serving:
        serving.ask("POST", "/v2/apps", app(instances=40, cpus=0.01))
        serving.wait(lambda: serving.master.launched == MOST_STARTING)
        serving.wait(lambda: any("starting tasks" in reason["reason"] for each in serving.get("/api/v1/why?app=web")
                                 for reason in each["reasons"]))
        assert serving.master.launched == MOST_STARTING
        for task in serving.get("/v2/apps/web/tasks")["tasks"]:
            serving.master.say(task["id"], task["slaveId"], "TASK_RUNNING")
        serving.wait(lambda: serving.master.launched == 40)
