"""A TaskInfo on its way: what it needs of an agent, and what it becomes when it has found one.

A master takes a task with a `command` (then the agent brings its own executor) or with an
`executor`, never with both. So for our executor the command moves into `TaskInfo.data` as JSON,
`{"command": {…}}`, and `container` stays where it is. One executor serves all tasks of a framework
on an agent, so its ExecutorInfo must be the same each time, resources included, or the master
refuses the task: it is made once per agent and kept.

As Mesos: master/validation.cpp, `validateExecutorInfo` ("ExecutorInfo is not compatible with
existing ExecutorInfo…").
"""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from scheduler.placement.matching import Launch, Overhead, Placement, Wish
from scheduler.placement.pools import Need, thousandths
from specs.errors import SpecError
from specs.forms.render import plain
from specs.forms.taskinfo import task_from_mapping
from specs.marathon.app import Constraint
from specs.messages.command import CommandInfo
from specs.messages.containerinfo import PortMapping
from specs.messages.resource import Resource
from specs.messages.task import ExecutorInfo, TaskInfo

OUR_EXECUTOR = "mesos-docker"  # its executor id


@dataclass(frozen=True, slots=True)
class CustomExecutor:
    """Our executor, as an agent shall start it, and what it takes there (thousandths)."""

    command: CommandInfo
    executor_id: str = OUR_EXECUTOR
    name: str = "mesos-docker executor"
    scalars: Mapping[str, int] = field(default_factory=lambda: {"cpus": 100, "mem": 64_000})  # 0.1 cpus, 64 MB

    def info(self, resources: Sequence[Resource]) -> ExecutorInfo:
        """What an agent is told of it; with these resources."""
        return ExecutorInfo(self.executor_id, "CUSTOM", command=self.command,
                            resources=tuple(resources), name=self.name, source="mesos-docker")


@dataclass(frozen=True, slots=True)
class Task:
    """A task that wants to run. `info` has no agent yet; `executor` None: it needs none of ours."""

    wish: Wish
    info: TaskInfo
    executor: CustomExecutor | None = None


def task(info: TaskInfo | Mapping[str, object], executor: CustomExecutor | None,
         constraints: tuple[Constraint, ...] = ()) -> Task:
    """A task from a TaskInfo; its resources say what it needs. Raises SpecError.

    `info` may be a mapping in Mesos's JSON form, such as an `addict.Dict`: it is read strictly.
    With `executor` a task that has none of its own is run by it, without by the agent's.
    """
    read = info if isinstance(info, TaskInfo) else task_from_mapping(info, strict=True,
                                                                     without_agent=True)
    if executor is not None and read.executor is None:
        return stored_task(for_executor(read), executor, constraints)
    return stored_task(read, None, constraints)


def stored_task(info: TaskInfo, executor: CustomExecutor | None,
                constraints: tuple[Constraint, ...] = ()) -> Task:
    """A task from a TaskInfo that is already in the form in which it is launched. Raises SpecError.
    """
    overhead = None
    if executor is not None:
        overhead = Overhead(executor.executor_id, executor.scalars)
    elif info.executor is not None:
        scalars, _ = _amounts(info.executor.resources, "executor.resources")
        overhead = Overhead(info.executor.executor_id, scalars)
    return Task(Wish(info.task_id, need(info), constraints, overhead), info, executor)


def for_executor(info: TaskInfo) -> TaskInfo:
    """The same task with its command in `data`. Raises SpecError if both are taken."""
    if info.command is None:
        return info
    if info.data is not None:
        raise SpecError("data",
                        "must not be set together with command: our executor gets the command in it "
                                "(--executor mesos leaves both alone)")
    data = json.dumps({"command": plain(info.command)}, separators=(",", ":")).encode()
    return replace(info, command=None, data=data)


def need(info: TaskInfo) -> Need:
    """What the task's resources say, and a port of the agent's choice for each mapping of host port
    0.
    """
    scalars, ports = _amounts(info.resources, "resources")
    return Need(scalars, (*ports, *[0] * sum(not mapping.host_port for mapping in _mappings(info))))


def placed(wanted: Task, launch: Launch, placement: Placement,
           executor: ExecutorInfo | None) -> TaskInfo:
    """The TaskInfo to launch: on this agent, with the resources that were taken, the chosen ports
    filled in.
    """
    info, taken = wanted.info, placement.taken
    container = info.container
    chosen = [port or 0 for asked, port in zip(wanted.wish.need.ports, taken.ports, strict=True)
              if asked == 0]
    if chosen and container is not None and container.docker is not None:
        ports = iter(chosen)
        mappings = tuple(each if each.host_port else replace(each, host_port=next(ports))
                         for each in container.docker.port_mappings)
        container = replace(container, docker=replace(container.docker, port_mappings=mappings))
    return replace(info, agent_id=launch.agent_id, resources=taken.resources, container=container,
                   executor=info.executor if executor is None else executor)


def _mappings(info: TaskInfo) -> tuple[PortMapping, ...]:
    docker = None if info.container is None else info.container.docker
    return () if docker is None else docker.port_mappings


def _amounts(resources: Sequence[Resource], path: str) -> tuple[dict[str, int], tuple[int, ...]]:
    scalars: dict[str, int] = {}
    ports: set[int] = set()
    for position, resource in enumerate(resources):
        if resource.scalar is not None:
            scalars[resource.name] = scalars.get(resource.name, 0) + thousandths(resource.scalar)
        elif resource.name == "ports" and resource.ranges is not None:
            for each in resource.ranges:
                ports.update(range(each.begin, each.end + 1))
        else:
            raise SpecError(f"{path}[{position}]",
                            f"{resource.name!r}: only scalars and port ranges can be asked for")
    return scalars, tuple(sorted(ports))
