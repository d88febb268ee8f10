"""From a task to the container that it describes. As Mesos: docker.cpp,
`Docker::RunOptions::create`.

`container_of` is the one way, for `explain`, for the check before a launch and for the executor.
Checks run in Mesos's order and the first that fails is raised, with Mesos's text, so that a task
with several mistakes gets the same answer. On top of Mesos, and only where its own executor would
refuse or leave out what the task asks for, more is done: see `volumes`, `networks` and `linux`, and
`Place.only_mesos`, which switches it off.
"""
from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from specs.container.contradictions import refuse_contradictions
from specs.container.environment import environment, unknown_secret
from specs.container.fields import refuse_dropped
from specs.container.linux import with_linux
from specs.container.networks import Networks, dns_for, networks
from specs.container.place import Place
from specs.container.run_options import PublishedPort, RunOptions
from specs.container.volumes import volumes
from specs.errors import SpecError
from specs.images.reference import check_reference
from specs.messages.command import CommandInfo
from specs.messages.containerinfo import ContainerInfo, DockerInfo
from specs.messages.resource import Resource
from specs.messages.task import TaskInfo
from specs.messages.values import Parameter
from specs.network.dns import DNS, ContainerDNSInfo
from specs.resources.ranges import in_ranges
from specs.resources.sums import Resources
from specs.words.sizes import MEGABYTE
from specs.words.uri import check_uri

CPU_SHARES_PER_CPU: Final = 1024
MIN_CPU_SHARES: Final = 2
CFS_PERIOD: Final = 100_000  # µs
MIN_CFS_QUOTA: Final = 1_000  # µs
MIN_MEMORY: Final = 32 * MEGABYTE
_DNS_PARAMETERS: Final = frozenset({"dns", "dns-search", "dns-opt", "dns-option"})
_NETWORK_PARAMETERS: Final = frozenset({"net", "network"})


def container_of(task: TaskInfo, place: Place) -> RunOptions:
    """The container of a task in the form that `docker_task` gives. Raises SpecError with the
    field's path.
    """
    container = task.container
    if container is None or container.type != "DOCKER":
        raise SpecError("container", "The task has no container of type DOCKER")
    if not place.only_mesos:
        refuse_dropped(task)
        refuse_contradictions(task, place.cni_networks)
        _check_uris(task)
        _check_environments(task, place)
    if container.docker is not None and not place.only_mesos:
        try:
            check_reference(container.docker.image)
        except SpecError as error:
            raise error.under("container.docker.image") from None
    of_executor = task.executor.resources if task.executor is not None and place.only_mesos else ()
    return run_options(container, task.command or CommandInfo(shell=False),
                       (*task.resources, *of_executor), task.limits, place)


def run_options(container: ContainerInfo, command: CommandInfo,
                resources: Iterable[Resource] | None,
                limits: Mapping[str, float], place: Place) -> RunOptions:
    """What `docker run` shall be told: `container_of` without the task around it.

    `resources` None: no limits at all; `limits` are by name, in cpus and MB, infinity lifts a
    limit. Raises SpecError: `problem` is Mesos's text, `path` the field as seen from the task.
    """
    docker = container.docker
    if docker is None:
        raise SpecError("container.docker", "No docker info found in container info")
    total = None if resources is None else Resources(resources)
    cgroup = cgroup_limits(total, limits, place)
    resolve = None if place.only_mesos else place.resolve_secret or unknown_secret
    env, secret_env = environment(command, place.task_environment, resolve)
    env |= _mesos_variables(place, total)
    mounted = volumes(container, total or (), place, resolve)
    joined = networks(container, docker, only_mesos=place.only_mesos, cni=place.cni_networks)
    hostname = _hostname(container, joined)
    ports = _port_mappings(docker, joined, total, ports_open=place.ports_open)
    joined, parameters = _parameters(docker, joined)
    dns = _dns(docker, joined.first, place.default_dns)
    entrypoint, arguments = _command(command)
    options = RunOptions(
        image=docker.image, name=place.name, privileged=bool(docker.privileged),
        cpu_shares=cgroup.cpu_shares,
        cpu_quota=cgroup.cpu_quota, memory_reservation=cgroup.memory_reservation,
        memory=cgroup.memory,
        oom_score_adj=cgroup.oom_score_adj, env=env, volumes=tuple(mounted.binds),
        volume_driver=mounted.driver,
        network=joined.first, hostname=hostname, dns=dns.nameservers, dns_search=dns.search,
        dns_opt=dns.options,
        port_mappings=ports, devices=place.devices, entrypoint=entrypoint, parameters=parameters,
        arguments=arguments,
        networks=joined.all, mounts=tuple(mounted.mounts), secret_env=secret_env,
        secret_files=tuple(mounted.secrets))
    return options if place.only_mesos else with_linux(options, container, command, total)


@dataclass(frozen=True, slots=True)
class _Cgroup:
    """The cgroup values; None: not said."""

    cpu_shares: int | None = None
    cpu_quota: int | None = None
    memory_reservation: int | None = None
    memory: int | None = None
    oom_score_adj: int | None = None


def _check_uris(task: TaskInfo) -> None:
    for index, uri in enumerate(task.command.uris if task.command is not None else ()):
        try:
            check_uri(uri.value, uri.output_file)
        except SpecError as error:
            raise error.under(f"command.uris[{index}]") from None


def _check_environments(task: TaskInfo, place: Place) -> None:
    """Of the checks: their secrets have to be known as those of the task are."""
    general = task.check.command if task.check is not None else None
    for path, command in (("health_check",
                           task.health_check.command if task.health_check is not None else None),
                          ("check.command", general.command if general is not None else None)):
        try:
            environment(command or CommandInfo(), {}, place.resolve_secret or unknown_secret)
        except SpecError as error:
            raise error.under(path) from None


def _int64(number: float) -> int:
    """Cut to a whole number; what no kernel could take is the largest that the engine can be told.
    """
    return int(min(number, float((1 << 63) - 1024)))


def cgroup_limits(resources: Resources | None, limits: Mapping[str, float],
                  place: Place) -> _Cgroup:
    """CPU and memory from what is requested (`resources`) and what it is limited to (`limits`)."""
    cpus, mem = (None, None) if resources is None else (resources.cpus, resources.mem)
    cpu_limit, mem_limit = limits.get("cpus"), limits.get("mem")
    for key, value in (("cpus", cpu_limit), ("mem", mem_limit)):
        if value is not None and (math.isnan(value) or value < 0):
            raise SpecError(f"limits.{key}", f"must be a number of at least 0, found {value}")
    shares = None if cpus is None else max(_int64(CPU_SHARES_PER_CPU * cpus), MIN_CPU_SHARES)
    quota_cpus = cpu_limit if cpu_limit is not None else cpus if place.enable_cfs else None
    quota = None
    if quota_cpus is not None and not math.isinf(quota_cpus):
        quota = max(_int64(CFS_PERIOD * quota_cpus), MIN_CFS_QUOTA)
    if mem_limit is None:
        return _Cgroup(shares, quota, memory=None if mem is None else max(mem, MIN_MEMORY))
    bounded = None if math.isinf(mem_limit) else int(mem_limit) * MEGABYTE
    score = None
    if mem is not None and (bounded is None or mem < bounded) and place.total_memory is not None:
        score = _oom_score(mem, place.total_memory)
    return _Cgroup(shares, quota, memory_reservation=None if mem is None else max(mem, MIN_MEMORY),
                   memory=None if bounded is None else max(bounded, MIN_MEMORY),
                   oom_score_adj=score)


def _oom_score(mem: int, total_memory: int) -> int:
    if total_memory <= 0:
        raise SpecError("limits.mem", "Failed to calculate OOM score adjustment: "
                                      "Failed to auto-detect the size of main memory: not known")
    return 1000 - 1000 * mem // total_memory


def _mesos_variables(place: Place, resources: Resources | None) -> dict[str, str]:
    result = {"MESOS_SANDBOX": place.mapped, "MESOS_CONTAINER_NAME": place.name}
    if resources is not None:
        first = next(iter(resources), None)
        allocation = first.allocation_info if first is not None else None
        result["MESOS_ALLOCATION_ROLE"] = (allocation.role or "") if allocation is not None else ""
    return result


def _hostname(container: ContainerInfo, joined: Networks) -> str | None:
    if container.hostname is not None and joined.first == "host":
        raise SpecError("container.hostname", "Unable to set hostname with host network mode")
    return container.hostname


def _port_mappings(docker: DockerInfo, joined: Networks, resources: Resources | None, *,
                   ports_open: bool) -> tuple[PublishedPort, ...]:
    path = "container.docker.port_mappings"
    if not docker.port_mappings:
        return ()
    if joined.first in {"host", "none"}:
        raise SpecError(path,
                        "Port mappings are only supported for bridge and user-defined networks")
    if resources is None:
        raise SpecError(path, "Port mappings require resources")
    ports, chosen = resources.ports, [not (ports_open and mapping.host_port == 0)
                                      for mapping in docker.port_mappings]
    if ports is None and any(chosen):
        raise SpecError(path, "Port mappings require port resources")
    for index, mapping in enumerate(docker.port_mappings):
        if chosen[index] and not in_ranges(mapping.host_port, ports or ()):
            raise SpecError(f"{path}[{index}].host_port",
                            f"Port [{mapping.host_port}] not included in resources")
    return tuple(PublishedPort(m.host_port, m.container_port, m.protocol)
                 for m in docker.port_mappings)


def _parameters(docker: DockerInfo, joined: Networks) -> tuple[Networks, tuple[Parameter, ...]]:
    """All parameters but the first that names a network, which replaces the network chosen so far.
    """
    rest: list[Parameter] = []
    chosen: str | None = None
    for parameter in docker.parameters:
        if chosen is None and parameter.key in _NETWORK_PARAMETERS:
            chosen = parameter.value
        else:
            rest.append(Parameter(parameter.key, parameter.value))
    return (joined if chosen is None else Networks(chosen)), tuple(rest)


def _dns(docker: DockerInfo, network: str, default: ContainerDNSInfo | None) -> DNS:
    if default is None or any(parameter.key in _DNS_PARAMETERS for parameter in docker.parameters):
        return DNS()
    return dns_for(default, docker.network, network)


def _command(command: CommandInfo) -> tuple[str | None, tuple[str, ...]]:
    """Entrypoint (None: the image's) and the words after it."""
    if command.shell is False:
        return None, (*(() if command.value is None else (command.value,)), *command.arguments)
    if command.value is None:
        raise SpecError("command.value", "Shell specified but no command value provided")
    return "/bin/sh", ("-c", command.value)

