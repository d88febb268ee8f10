"""TaskInfos on their way: whatever they are written in, and as they are launched."""
from __future__ import annotations

import json
from typing import Any

import pytest
from addict import Dict

from scheduler.placement.matching import Launch, Overhead, Placement
from scheduler.placement.pools import Taken
from scheduler.tasks.launching import CustomExecutor, placed, task
from specs.errors import SpecError
from specs.forms.taskinfo import task_from_mapping
from specs.messages.command import CommandInfo
from specs.messages.resource import Resource

EXECUTOR = CustomExecutor(CommandInfo("mesos-docker-executor"))
INFO: dict[str, Any] = {
    "name": "t", "task_id": {"value": "t"}, "command": {"value": "true"},
    "container": {"type": "DOCKER", "docker": {"image": "busybox", "network": "BRIDGE", "port_mappings": [
        {"host_port": 0, "container_port": 80}, {"host_port": 8080, "container_port": 81},
        {"host_port": 0, "container_port": 82}]}},
    "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                  {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 8080, "end": 8080}]}}]}


def test_whatever_it_is_written_in() -> None:
    value = task_from_mapping(INFO, strict=True, without_agent=True)
    assert task(INFO, EXECUTOR) == task(Dict(INFO), EXECUTOR) == task(value, EXECUTOR)


@pytest.mark.parametrize(("wrong", "path"), [
    ({"comand": {"value": "true"}}, "comand"),
    ({"data": "AA=="}, "data"),
    ({"resources": [{"name": "disks", "type": "SET", "set": {"item": ["a"]}}]}, "resources[0]"),
    ({"executor": {"executor_id": {"value": "e"}, "resources": [{"name": "n", "type": "SET", "set": {}}]}},
     "executor.resources[0]"),
])
def test_what_cannot_be_launched_says_where(wrong: dict[str, Any], path: str) -> None:
    with pytest.raises(SpecError) as caught:
        task({**INFO, **wrong}, EXECUTOR)
    assert caught.value.path == path


def test_the_command_travels_in_data_for_our_executor_only() -> None:
    ours, theirs = task(INFO, EXECUTOR), task(INFO, None)
    assert ours.info.command is None
    assert json.loads(ours.info.data or b"") == {"command": INFO["command"]}
    assert ours.wish.overhead == Overhead("mesos-docker", EXECUTOR.scalars)
    assert (theirs.info.command, theirs.info.data, theirs.wish.overhead) == (CommandInfo("true"), None, None)


def test_an_executor_of_its_own_has_its_amounts() -> None:
    own = {"executor_id": {"value": "e"}, "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}}]}
    assert task({**INFO, "executor": own}, EXECUTOR).wish.overhead == Overhead("e", {"cpus": 500})


def test_open_ports_are_filled_in_where_they_are_open() -> None:
    wanted = task(INFO, EXECUTOR)
    assert wanted.wish.need.ports == (8080, 0, 0)
    taken = Taken((Resource("cpus", "SCALAR", 0.1),), (8080, 31000, 31001))
    launch = Launch("S1", "host1", "", ("O",), ())
    info = placed(wanted, launch, Placement("t", taken), EXECUTOR.info(()))
    assert info.container is not None
    assert info.container.docker is not None
    assert [each.host_port for each in info.container.docker.port_mappings] == [31000, 8080, 31001]
    assert (info.agent_id, info.resources, info.executor) == ("S1", taken.resources, EXECUTOR.info(()))
