"""What a person said of an app, before old forms are rewritten and defaults filled in. None:
nothing was said.

A draft has the fields of an app, and those that apps had before Marathon 1.5. Changes of an app are
drafts, too: what one says is laid over what the app is.
"""
from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from specs.marathon.app import (
    AppSecret,
    ExecutorResources,
    Fetch,
    KillSelection,
    PortDefinition,
    Residency,
    ResourceLimits,
    UnreachableStrategy,
    UpgradeStrategy,
)
from specs.marathon.checks import AppHealthCheck, ReadinessCheck, TaskCheck
from specs.marathon.container import AppNetwork, AppPortMapping, ContainerType, DockerParameter, LinuxSettings, Volume


class Unreachable(enum.Enum):
    """An unreachable strategy that is a word."""

    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class SaidAddress:
    """`ipAddress`, which was how an app got an address of its own. `discovery`: its ports."""

    network_name: str | None = None
    labels: Mapping[str, str] | None = None
    discovery: tuple[AppPortMapping, ...] | None = None


@dataclass(frozen=True, slots=True)
class SaidImage:
    """`container.docker`; the last three are old. `credential`: whether there is one, which is
    refused.
    """

    image: str
    force_pull_image: bool = False
    privileged: bool = False
    parameters: tuple[DockerParameter, ...] = ()
    pull_config_secret: str | None = None
    network: str | None = None
    port_mappings: tuple[AppPortMapping, ...] | None = None
    credential: bool = False


@dataclass(frozen=True, slots=True)
class SaidContainer:
    """`container`. `port_mappings` may be said to be none, by an empty list."""

    type: ContainerType = ContainerType.DOCKER
    docker: SaidImage | None = None
    volumes: tuple[Volume, ...] = ()
    port_mappings: tuple[AppPortMapping, ...] | None = None
    linux_info: LinuxSettings | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What was said of an app. `ports`, `uris` and `ip_address` are old; `beyond`: labels from an
    x-mesos-docker block; `version`: to which version the app shall go back."""

    id: str | None = None
    cmd: str | None = None
    args: tuple[str, ...] | None = None
    instances: int | None = None
    cpus: float | None = None
    mem: float | None = None
    disk: float | None = None
    gpus: int | None = None
    user: str | None = None
    role: str | None = None
    env: Mapping[str, str | AppSecret] | None = None
    secrets: Mapping[str, str] | None = None
    labels: Mapping[str, str] | None = None
    beyond: Mapping[str, str] | None = None
    dependencies: tuple[str, ...] | None = None
    container: SaidContainer | None = None
    networks: tuple[AppNetwork, ...] | None = None
    port_definitions: tuple[PortDefinition, ...] | None = None
    require_ports: bool | None = None
    fetch: tuple[Fetch, ...] | None = None
    constraints: tuple[tuple[str, ...], ...] | None = None
    accepted_resource_roles: tuple[str, ...] | None = None
    health_checks: tuple[AppHealthCheck, ...] | None = None
    readiness_checks: tuple[ReadinessCheck, ...] | None = None
    check: TaskCheck | None = None
    backoff_seconds: int | None = None
    backoff_factor: float | None = None
    max_launch_delay_seconds: int | None = None
    task_kill_grace_period_seconds: int | None = None
    upgrade_strategy: UpgradeStrategy | None = None
    kill_selection: KillSelection | None = None
    unreachable_strategy: UnreachableStrategy | Unreachable | None = None
    residency: Residency | None = None
    resource_limits: ResourceLimits | None = None
    executor: str | None = None
    executor_resources: ExecutorResources | None = None
    tty: bool | None = None
    version: str | None = None
    ports: tuple[int, ...] | None = None
    uris: tuple[str, ...] | None = None
    ip_address: SaidAddress | None = None
