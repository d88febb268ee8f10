"""Real app definitions, as people wrote them, become tasks that a master takes."""
from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from scheduler.apps.demands import demand
from scheduler.apps.ports import task_ports
from scheduler.apps.taskinfo import LaunchPlace, Settings, launchable
from scheduler.placement.spread import SpreadPolicy, spread
from specs.errors import SpecError
from specs.forms import codec
from specs.marathon.app import App
from specs.messages.task import TaskInfo
from specs.rules.tasks import prepared, validate_task
from tests.fakes.master import offer, offer_of
from tests.specs.marathon.test_found_apps import EVERYTHING, files, outcome


def big_offer(app: App) -> dict[str, Any]:
    """With room for any app, and whatever its constraints ask for."""
    one = offer(0, cpus=99, mem=99_999, ports=((1, 65535),), role=app.role, reserved=None)
    for name in ("disk", "gpus") if app.gpus else ("disk",):
        one["resources"].append({"name": name, "type": "SCALAR", "scalar": {"value": 99_999},
                                 "allocation_info": {"role": app.role}})
    return one


@pytest.mark.parametrize("path", list(files()))
def test_each_becomes_a_task(path: Path) -> None:
    _, apps, _ = outcome(path, EVERYTHING)
    for app in apps:
        task_id = f"{app.id.strip('/').replace('/', '_')}.instance-1._app.1"
        wanted = demand(dataclasses.replace(app, constraints=(), accepted_resource_roles=None), [task_id], (), None)
        offered = offer_of(big_offer(app))
        launch, = spread([offered], [wanted], SpreadPolicy(), now=0.0, below=lambda number: number // 2).launches
        taken = launch.placements[0].taken
        ports = task_ports(app, taken.ports, lambda number: number // 2)
        info = launchable(app, "2015-02-03T12:30:00.000Z", task_id, LaunchPlace("host", ports), Settings()).info
        task = dataclasses.replace(info, agent_id="S0", resources=taken.resources)
        assert codec.read(TaskInfo, codec.write(task), strict=True) == task
        with refusal(app):
            validate_task(prepared(task, framework_id="F", role=app.role))


def refusal(app: App) -> AbstractContextManager[Any]:
    """Two of those that were found name their containers, which a master refuses in the end."""
    image = app.container.docker if app.container is not None else None
    if image is not None and any(each.key == "name" for each in image.parameters):
        return pytest.raises(SpecError, match="Parameter in DockerInfo must not be 'name'")
    return nullcontext()
