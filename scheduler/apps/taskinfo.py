"""From an app to the task of one of its instances: what is looked for in offers, and the TaskInfo
that is launched.

Which executor runs a task follows from its app. One with a container of Docker's is run by ours, or
by the agent's own where the service says so. What has no container, or one of Mesos's, is the
agent's in any case, and an app that names a program as its executor is run by that. What an app
wants watched beyond one health check only our executor can do.

As Marathon: mesosphere/mesos/TaskBuilder.scala and PortDiscovery.scala.
"""
from __future__ import annotations

import enum
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from scheduler.apps import ids
from scheduler.apps.checks import Readiness, check_scheme, health_checks, readiness_checks, task_check
from scheduler.apps.containers import container_info, labels
from scheduler.apps.environment import Commands
from scheduler.apps.ports import TaskPort
from specs.errors import SpecError
from specs.forms.render import plain
from specs.marathon.app import App
from specs.marathon.container import NetworkMode
from specs.messages.check import HealthCheck
from specs.messages.command import CommandInfo
from specs.messages.resource import Resource
from specs.messages.task import DiscoveryInfo, ExecutorInfo, KillPolicy, Port, Ports, TaskInfo

COMMAND_EXECUTORS = frozenset({"", "//cmd"})  # an app's `executor` that is none of its own


class RunBy(enum.Enum):
    """Whose executor runs a task."""

    OURS = "ours"
    AGENT = "agent"  # the agent brings it along
    APP = "app"  # the app names a program


@dataclass(frozen=True, slots=True)
class Settings:
    """What of the service's settings shows in tasks."""

    custom_executor: bool = True  # False: the agents' own executors run Docker's containers
    environment_prefix: str = ""  # of HOST and the ports' variables
    bridge_name: str = "mesos-bridge"  # the network of Mesos's own containers in a bridge


@dataclass(frozen=True, slots=True)
class LaunchPlace:
    """Where the task will be: its agent's hostname, its ports there, and what was taken for it."""

    hostname: str
    ports: tuple[TaskPort, ...] = ()
    agent_id: str = ""
    resources: tuple[Resource, ...] = ()
    executor: ExecutorInfo | None = None  # ours, if it runs the task; it is told the command in the task's data
    executor_resources: tuple[Resource, ...] = ()  # for the program that the app names


@dataclass(frozen=True, slots=True)
class Launchable:
    """A task. What follows `run_by` only our executor can do."""

    info: TaskInfo
    run_by: RunBy
    more_checks: tuple[HealthCheck, ...] = ()  # besides the one in the TaskInfo
    ignores_1xx: bool = False  # a health check's HTTP answer of 1xx says nothing
    readiness: tuple[Readiness, ...] = ()  # that are made by nobody
    check_scheme: str | None = None  # of the TaskInfo's check


def run_by(app: App, settings: Settings) -> RunBy:
    """Whose executor runs the app's tasks."""
    if app.executor not in COMMAND_EXECUTORS:
        return RunBy.APP
    return RunBy.OURS if app.is_docker and settings.custom_executor else RunBy.AGENT


def launchable(app: App, version: str, task_id: str, place: LaunchPlace, settings: Settings, *,
               enforce_group_role: bool = False) -> Launchable:
    """The task of an app at a version (the text of its timestamp).

    `enforce_group_role`: whether the app's top-level group demands its role. Raises SpecError for
    what cannot be said to Mesos, or what the executor cannot do.
    """
    return Recipe(app, version, settings, enforce_group_role=enforce_group_role).task(task_id, place)


class Recipe:
    """The tasks of an app at a version: what they have in common is found out once."""

    def __init__(self, app: App, version: str, settings: Settings, *, enforce_group_role: bool = False) -> None:
        """Raises SpecError."""
        self._app = app
        self._settings = settings
        self._run_by = run_by(app, settings)
        self._commands = Commands(app, version, settings.environment_prefix, enforce_group_role=enforce_group_role)
        self._name = ids.task_name(app.id)
        self._labels = labels(app.labels)
        self._ignores_1xx = any(each.ignore_http_1xx for each in app.health_checks)
        grace, limits = app.task_kill_grace_period_seconds, app.resource_limits
        self._kill_policy = None if grace is None else KillPolicy(grace_period=grace * 10 ** 9)
        self._limits = {} if limits is None else {
            name: amount for name, amount in (("cpus", limits.cpus), ("mem", limits.mem))
            if amount is not None}

    def task(self, task_id: str, place: LaunchPlace) -> Launchable:
        """One of them. Raises SpecError."""
        app, ports, ours = self._app, place.ports, self._run_by is RunBy.OURS
        checks, readiness = health_checks(app, ports), readiness_checks(app, ports, ours=ours)
        scheme = check_scheme(app) if ours else None
        command, data = None, None
        if not ours:
            _refuse_what_only_ours_can(checks, readiness, self._ignores_1xx)
        if place.executor is None:
            command = self._commands.command(task_id, ports, place.hostname)
        else:
            data = self._commands.data(task_id, ports, place.hostname,
                                       _more_for_ours(checks[1:], self._ignores_1xx, scheme))
        info = TaskInfo(
            task_id=task_id, name=self._name, agent_id=place.agent_id, resources=place.resources,
            executor=place.executor, labels=self._labels, command=command, data=data,
            container=container_info(app, ports, task_id, self._settings.bridge_name),
            health_check=checks[0] if checks else None, check=task_check(app, ports, ours=ours),
            kill_policy=self._kill_policy, discovery=_discovery(app, ports), limits=self._limits)
        if self._run_by is RunBy.APP:
            info = _with_program(info, app, place.executor_resources)
        return Launchable(info, self._run_by, checks[1:], self._ignores_1xx, readiness, scheme)


def _more_for_ours(more_checks: Sequence[HealthCheck], ignores_1xx: bool, scheme: str | None) -> dict[str, Any]:
    """What the task's data says to our executor besides the command, as JSON."""
    data: dict[str, Any] = {}
    if more_checks:
        data["health_checks"] = [plain(each) for each in more_checks]
    if ignores_1xx:
        data["ignore_http_1xx"] = True
    if scheme is not None:
        data["check_scheme"] = scheme
    return data


def _refuse_what_only_ours_can(checks: Sequence[HealthCheck], readiness: Sequence[Readiness],
                               ignores_1xx: bool) -> None:
    if len(checks) > 1:
        raise SpecError("healthChecks[1]", "an agent's own executor makes one health check")
    if ignores_1xx:
        raise SpecError("healthChecks[0].ignoreHttp1xx", "an agent's own executor cannot do this")
    if readiness:
        raise SpecError("readinessChecks[0]", "an agent's own executor makes readiness checks over "
                                              "HTTP only, and of an app without a check")


def _discovery(app: App, ports: Sequence[TaskPort]) -> DiscoveryInfo:
    return DiscoveryInfo(visibility="FRAMEWORK", name=ids.task_name(app.id),
                         ports=Ports(ports=tuple(_discovered(app, ports))))


def _discovered(app: App, ports: Sequence[TaskPort]) -> list[Port]:
    """One for each protocol, and for each network in which a port without a host port is."""
    if app.is_in_host_network:
        return [Port(number=port.announced, name=each.name, protocol=protocol,
                     labels=labels(each.labels))
                for each, port in zip(app.port_definitions or (), ports, strict=True)
                for protocol in each.protocols]
    mappings = () if app.container is None else app.container.port_mappings or ()
    networks = [each.name or "" for each in app.networks if each.mode is NetworkMode.CONTAINER]
    return [Port(number=port.announced, name=each.name, protocol=protocol,
                 labels=labels({**each.labels, **scope}))
            for each, port in zip(mappings, ports, strict=True) for protocol in each.protocols
            for scope in _scopes(port, each.network_names or networks)]


def _scopes(port: TaskPort, networks: Sequence[str]) -> list[dict[str, str]]:
    if port.host is not None:
        return [{"network-scope": "host"}]
    return [{"network-scope": "container", "network-name": name} for name in networks]


def _with_program(info: TaskInfo, app: App, resources: tuple[Resource, ...]) -> TaskInfo:
    """With the program as its executor, which is started in the task's container and told the
    task's command.
    """
    command = info.command or CommandInfo()
    words = app.cmd if app.cmd is not None else " ".join(app.args)
    path = shlex.quote(app.executor)
    executor = ExecutorInfo(
        executor_id=f"marathon-{info.task_id}", container=info.container, resources=resources,
        command=replace(command, value=f"chmod ug+rx {path} && exec {path} {words}", shell=None,
                        arguments=()))
    return replace(info, command=None, container=None, executor=executor)
