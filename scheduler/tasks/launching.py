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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scheduler.placement.exact import Exact, exact
from scheduler.placement.matching import Launch, Overhead, Placement, Wish
from scheduler.placement.needs import Need, thousandths
from scheduler.placement.parts import resource_role
from specs.errors import SpecError
from specs.forms.render import plain
from specs.forms.taskinfo import task_from_mapping
from specs.marathon.app import Constraint
from specs.messages.command import CommandInfo
from specs.messages.containerinfo import PortMapping, SandboxPath, Volume, VolumeSource
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

    def for_revocable(self, names: Iterable[str]) -> CustomExecutor:
        """The same for tasks whose resources of these names are revocable: a master refuses a task
        that mixes them with an executor's that are not, so it takes none of those.

        As Mesos: master/validation.cpp, `validateResourceUsage`: "mix revocable and non-revocable".
        """
        mixed = sorted(set(names) & self.scalars.keys())
        if not mixed:
            return self
        scalars = {name: amount for name, amount in self.scalars.items() if name not in mixed}
        return replace(self, executor_id=f"{self.executor_id}-revocable-{'-'.join(mixed)}", scalars=scalars)


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
        executor = executor.for_revocable(each.name for each in info.resources if each.revocable is not None)
        overhead = Overhead(executor.executor_id, executor.scalars)
    elif info.executor is not None:
        asked = _asked(info.executor.resources, "executor.resources")
        if asked.exact or asked.ports:
            raise SpecError("executor.resources", "of an executor of your own only amounts can be asked for")
        overhead = Overhead(info.executor.executor_id, asked.scalars)
    return Task(Wish(info.task_id, need(info), constraints, overhead), info, executor)


def for_executor(info: TaskInfo) -> TaskInfo:
    """The same task with its command in `data` (see `specs.messages.task_data`). Raises SpecError if
    both are taken.
    """
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

    Raises SpecError for what cannot be asked for.
    """
    found = _asked(info.resources, "resources")
    open_ports = [0] * sum(not mapping.host_port for mapping in _mappings(info))
    roles = {each.allocation_info.role for each in info.resources
             if each.allocation_info is not None} - {None}
    if len(roles) > 1:
        raise SpecError("resources", f"are for one role, found {', '.join(sorted(map(str, roles)))}")
    return Need(found.scalars, (*found.ports, *open_ports), exact=found.exact,
                role=next(iter(roles), None))


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
    ready = replace(info, agent_id=launch.agent_id, resources=taken.resources, container=container,
                    executor=info.executor if executor is None else executor)
    return ready if executor is None else apart(ready)


def apart(info: TaskInfo) -> TaskInfo:
    """The same task for our executor, with each persistent volume at a place of its own in the executor's sandbox.

    An agent mounts volumes there, where the tasks of one executor would be in each other's way: two volumes at `data`
    end the executor. From their own places they go on to where the task wants them, as its parent's.
    """
    resources, volumes = [], []
    for resource in info.resources:
        disk = resource.disk
        if disk is not None and disk.persistence is not None and disk.volume is not None:
            path = f"volumes/{resource_role(resource)}/{disk.persistence.id}"
            source = VolumeSource("SANDBOX_PATH", sandbox_path=SandboxPath(path, "PARENT"))
            volumes.append(Volume(disk.volume.mode, disk.volume.container_path, source=source))
            resource = replace(resource, disk=replace(  # noqa: PLW2901 - the same one, mounted elsewhere
                disk, volume=replace(disk.volume, mode="RW", container_path=path)))
        resources.append(resource)
    if info.container is None or not volumes:
        return info
    container = replace(info.container, volumes=(*info.container.volumes, *volumes))
    return replace(info, resources=tuple(resources), container=container)


def _mappings(info: TaskInfo) -> tuple[PortMapping, ...]:
    docker = None if info.container is None else info.container.docker
    return () if docker is None else docker.port_mappings


@dataclass(frozen=True, slots=True)
class _Asked:
    scalars: Mapping[str, int]
    ports: tuple[int, ...]
    exact: tuple[Exact, ...]


def _asked(resources: Sequence[Resource], path: str) -> _Asked:
    scalars: dict[str, int] = {}
    ports: set[int] = set()
    special: list[Exact] = []
    for position, resource in enumerate(resources):
        amount, numbers = 0, set[int]()
        if resource.scalar is not None:
            amount = thousandths(resource.scalar)
        elif resource.name == "ports" and resource.ranges is not None:
            numbers = {port for each in resource.ranges for port in range(each.begin, each.end + 1)}
        else:
            raise SpecError(f"{path}[{position}]",
                            f"{resource.name!r}: only scalars and port ranges can be asked for")
        ports |= numbers
        if (need := exact(resource, amount, tuple(sorted(numbers)))) is not None:
            special.append(need)
        elif resource.scalar is not None:
            scalars[resource.name] = scalars.get(resource.name, 0) + amount
    return _Asked(scalars, tuple(sorted(ports)), tuple(special))
