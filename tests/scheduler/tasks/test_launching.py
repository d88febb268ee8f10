"""TaskInfos on their way: whatever they are written in, and as they are launched."""
from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from addict import Dict

from scheduler.placement.matching import Launch, Overhead, Placement
from scheduler.placement.needs import Taken
from scheduler.tasks.launching import CustomExecutor, placed, stored_task, task
from specs.container.from_task import container_of
from specs.container.place import Place
from specs.container.run_options import Mount
from specs.errors import SpecError
from specs.forms.taskinfo import task_from_mapping
from specs.messages.command import CommandInfo
from specs.messages.resource import Resource
from specs.messages.task import TaskInfo

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


def test_volumes_of_one_executors_tasks_are_not_in_each_others_way() -> None:
    """Both want theirs at `data`: the agent is told of a place for each, from where it goes on."""
    def with_volume(volume_id: str) -> TaskInfo:
        disk = {"name": "disk", "type": "SCALAR", "scalar": {"value": 8}, "reservations": [
            {"type": "DYNAMIC", "role": "eng/db"}], "disk": {
                "persistence": {"id": volume_id}, "volume": {"mode": "RO", "container_path": "data"}}}
        info = {**INFO, "resources": [disk], "container": {"type": "DOCKER", "docker": {"image": "i"}}}
        wanted = task(info, EXECUTOR)
        taken = Taken(tuple(need.wanted for need in wanted.wish.need.exact))
        return placed(wanted, Launch("S1", "host1", "", ("O",), ()), Placement("t", taken), EXECUTOR.info(()))
    one, other = with_volume("one"), with_volume("other")
    paths = [each.disk.volume.container_path for info in (one, other) for each in info.resources
             if each.disk is not None and each.disk.volume is not None]
    assert paths == ["volumes/eng/db/one", "volumes/eng/db/other"]
    place = Place("c", "/e/tasks/t", executor_sandbox="/e")
    options = container_of(replace(one, command=CommandInfo("true"), data=None), place)
    assert options.mounts == (Mount("bind", "/mnt/mesos/sandbox/data", "/e/volumes/eng/db/one", read_only=True),)


def test_what_is_revocable_is_not_mixed_with_the_executors_own() -> None:
    def resource(name: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "type": "SCALAR", "scalar": {"value": 1}, **more}

    info = {"name": "t", "task_id": {"value": "t"}, "command": {"value": "true"},
            "container": {"type": "DOCKER", "docker": {"image": "busybox"}},
            "resources": [resource("cpus", revocable={}), resource("mem")]}
    ours = CustomExecutor(CommandInfo("x"))
    made = task(info, ours)
    assert made.executor is not None
    assert made.executor.executor_id == "mesos-docker-revocable-cpus"
    assert made.executor.scalars == {"mem": 64_000}
    assert made.wish.overhead == Overhead("mesos-docker-revocable-cpus", {"mem": 64_000})
    assert stored_task(made.info, made.executor) == made
    assert task({**info, "resources": [resource("cpus"), resource("disk", revocable={})]}, ours).executor == ours
