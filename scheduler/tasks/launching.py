"""A TaskInfo on its way: what it needs of an agent, and what it becomes when it has found one.

A master takes a task with a `command` (then the agent brings its own executor) or with an `executor`, never with both.
So for our executor the command moves into `TaskInfo.data` as JSON, `{"command": {…}}`, and `container` stays where it
is. One executor serves all tasks of a framework on an agent, so its ExecutorInfo must be the same each time, resources
included, or the master refuses the task: it is made once per agent and kept.

As Mesos: master/validation.cpp, `validateExecutorInfo` ("ExecutorInfo is not compatible with existing ExecutorInfo…").
"""
from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scheduler.placement.matching import Launch, Overhead, Placement, Wish
from scheduler.placement.pools import Need, thousandths
from specs.errors import SpecError
from specs.forms import Message
from specs.marathon.app import Constraint

OUR_EXECUTOR = "mesos-docker"  # its executor id


@dataclass(frozen=True, slots=True)
class CustomExecutor:
    """Our executor, as an agent shall start it: a CommandInfo, and what it takes there (thousandths)."""

    command: Message
    executor_id: str = OUR_EXECUTOR
    name: str = "mesos-docker executor"
    scalars: Mapping[str, int] = field(default_factory=lambda: {"cpus": 100, "mem": 64_000})  # 0.1 cpus, 64 MB

    def info(self, resources: Sequence[Message]) -> dict[str, Any]:
        """ExecutorInfo, with these resources."""
        return {"type": "CUSTOM", "executor_id": {"value": self.executor_id}, "name": self.name,
                "source": "mesos-docker", "command": dict(self.command), "resources": list(resources)}


@dataclass(frozen=True, slots=True)
class Task:
    """A task that wants to run. `info`: its TaskInfo but for the agent; `executor` None: it needs none of ours."""

    wish: Wish
    info: Message
    executor: CustomExecutor | None = None


def task(info: Message, executor: CustomExecutor | None, constraints: tuple[Constraint, ...] = ()) -> Task:
    """A task from a TaskInfo in JSON form; its resources say what it needs.

    With `executor` a task that has none of its own is run by it, without by the agent's. Raises SpecError.
    """
    if executor is not None and "executor" not in info:
        return stored_task(for_executor(info), executor, constraints)
    return stored_task(info, None, constraints)


def stored_task(info: Message, executor: CustomExecutor | None, constraints: tuple[Constraint, ...] = ()) -> Task:
    """A task from a TaskInfo that is already in the form in which it is launched. Raises SpecError."""
    overhead = None
    if executor is not None:
        overhead = Overhead(executor.executor_id, executor.scalars)
    elif "executor" in info:
        scalars, _ = _amounts(info["executor"].get("resources", ()), "executor.resources")
        overhead = Overhead(info["executor"]["executor_id"]["value"], scalars)
    return Task(Wish(info["task_id"]["value"], need(info), constraints, overhead), info, executor)


def for_executor(info: Message) -> dict[str, Any]:
    """The same task with its command in `data`. Raises SpecError if both are taken."""
    if "command" not in info:
        return dict(info)
    if "data" in info:
        raise SpecError("data", "must not be set together with command: our executor gets the command in it "
                                "(--executor mesos leaves both alone)")
    data = json.dumps({"command": info["command"]}, separators=(",", ":")).encode()
    return {**{key: value for key, value in info.items() if key != "command"}, "data": base64.b64encode(data).decode()}


def need(info: Message) -> Need:
    """What the task's resources say, and a port of the agent's choice for each mapping of host port 0."""
    scalars, ports = _amounts(info.get("resources", ()), "resources")
    return Need(scalars, (*ports, *[0] * len(_open_mappings(info))))


def placed(wanted: Task, launch: Launch, placement: Placement, executor: Message | None) -> dict[str, Any]:
    """The TaskInfo to launch: on this agent, with the resources that were taken, the chosen ports filled in."""
    info = {**wanted.info, "agent_id": {"value": launch.agent_id}, "resources": list(placement.taken.resources)}
    if executor is not None:
        info["executor"] = executor
    chosen = [port for asked, port in zip(wanted.wish.need.ports, placement.taken.ports, strict=True) if asked == 0]
    if chosen:
        ports = iter(chosen)
        docker = info["container"]["docker"]
        mappings = [mapping if mapping.get("host_port") else {**mapping, "host_port": next(ports)}
                    for mapping in docker["port_mappings"]]
        info["container"] = {**info["container"], "docker": {**docker, "port_mappings": mappings}}
    return info


def _open_mappings(info: Message) -> list[Message]:
    mappings = info.get("container", {}).get("docker", {}).get("port_mappings", ())
    return [mapping for mapping in mappings if not mapping.get("host_port")]


def _amounts(resources: Sequence[Message], path: str) -> tuple[dict[str, int], tuple[int, ...]]:
    scalars: dict[str, int] = {}
    ports: list[int] = []
    for position, resource in enumerate(resources):
        name = resource.get("name", "")
        if "scalar" in resource:
            scalars[name] = scalars.get(name, 0) + thousandths(resource["scalar"].get("value", 0.0))
        elif name == "ports" and "ranges" in resource:
            for each in resource["ranges"].get("range", ()):
                ports += range(int(each["begin"]), int(each["end"]) + 1)
        else:
            raise SpecError(f"{path}[{position}]", f"{name!r}: only scalars and port ranges can be asked for")
    return scalars, tuple(sorted(set(ports)))
