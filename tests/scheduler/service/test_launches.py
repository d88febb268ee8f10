"""What the service launches for its apps: TaskInfos that a master takes, with the resources they need."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from specs.forms import Message
from specs.forms.taskinfo import task_from_mapping
from specs.rules.tasks import prepared, validate_task
from tests.fakes.master import MemoryMaster
from tests.scheduler.service.serving import Serving, app


class RecordingMaster(MemoryMaster):
    """It remembers what was launched."""

    def __init__(self) -> None:
        super().__init__(1, life=("TASK_RUNNING",))
        self.offered[0]["resources"].append({"name": "disk", "type": "SCALAR", "scalar": {"value": 1000},
                                             "allocation_info": {"role": "*"}})
        self.infos: list[Message] = []

    def accept(self, offer_ids: Sequence[str], tasks: Sequence[Message], refuse_seconds: float) -> None:
        self.infos.extend(tasks)
        super().accept(offer_ids, tasks, refuse_seconds)


def launched(path: Path, definition: dict[str, Any]) -> list[Message]:
    """What is launched of an app; a master takes each."""
    master = RecordingMaster()
    with Serving(path / "state", master=master) as serving:
        serving.change("POST", "/v2/apps", definition)
    for info in master.infos:
        task = task_from_mapping(info, strict=True)
        validate_task(prepared(task, framework_id="F1", role="*"))
    return master.infos


def scalars(resources: Sequence[Message]) -> dict[str, float]:
    return {each["name"]: each["scalar"]["value"] for each in resources if "scalar" in each}


def test_tasks_of_one_agent_share_our_executor(tmp_path: Path) -> None:
    infos = launched(tmp_path, app(instances=3))
    assert {info["executor"]["executor_id"]["value"] for info in infos} == {"mesos-docker"}
    assert all(scalars(info["resources"]) == {"cpus": 0.1, "mem": 32.0} for info in infos)
    ports = [each["begin"] for info in infos for resource in info["resources"] if resource["name"] == "ports"
             for each in resource["ranges"]["range"]]
    assert len(set(ports)) == 3


def test_a_plain_app_is_the_agents(tmp_path: Path) -> None:
    info, = launched(tmp_path, {"id": "/plain", "cmd": "sleep 1000", "cpus": 0.1, "mem": 32})
    assert "executor" not in info
    assert info["command"]["value"] == "sleep 1000"


def test_a_program_of_the_apps_has_resources_of_its_own(tmp_path: Path) -> None:
    infos = launched(tmp_path, {"id": "/own", "cmd": "--flag", "cpus": 0.1, "mem": 32, "instances": 2,
                                "executor": "/opt/own", "executorResources": {"cpus": 0.2, "mem": 64, "disk": 10}})
    assert len({info["executor"]["executor_id"]["value"] for info in infos}) == 2
    for info in infos:
        assert scalars(info["executor"]["resources"]) == {"cpus": 0.2, "mem": 64.0, "disk": 10.0}
        assert "command" not in info
