"""An app: what shall run, how often, where, and how it changes.

This is the canonical form: old forms are rewritten (`oldforms`), defaults are filled in, ids are
absolute. None of an optional field means that the app does not say it; `rendering` then leaves it
out. Sizes are MiB, times are seconds.

As Marathon: docs/docs/rest-api/public/api/v2/types/app.raml.
"""
from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from specs.marathon.checks import AppHealthCheck, ReadinessCheck, TaskCheck
from specs.marathon.container import AppNetwork, Container, ContainerType, NetworkMode, PersistentVolume

SINGLE_INSTANCE = "MARATHON_SINGLE_INSTANCE_APP"  # a label: at most one instance


class KillSelection(enum.Enum):
    """Which instances go first when there are too many."""

    YOUNGEST_FIRST = "YOUNGEST_FIRST"
    OLDEST_FIRST = "OLDEST_FIRST"


@dataclass(frozen=True, slots=True)
class PortDefinition:
    """A port in the agent's network. 0: any; the number is the service port, and with
    `require_ports` the host port."""

    port: int = 0
    protocol: str = "tcp"  # or udp, or "udp,tcp"
    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def protocols(self) -> tuple[str, ...]:
        return tuple(self.protocol.split(","))


@dataclass(frozen=True, slots=True)
class Constraint:
    """Where instances may be: `field` of an agent, an operator in upper case, and what it takes."""

    field: str
    operator: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Fetch:
    """A file for the sandbox, fetched before the task starts."""

    uri: str
    extract: bool = True
    executable: bool = False
    cache: bool = False
    dest_path: str | None = None


@dataclass(frozen=True, slots=True)
class AppSecret:
    """The value of a variable that is a secret: its name in the app's `secrets`."""

    secret: str


@dataclass(frozen=True, slots=True)
class UpgradeStrategy:
    """How much must stay healthy, and how much may be there besides, as parts of the instances, 0
    to 1.
    """

    minimum_health_capacity: float = 1.0
    maximum_over_capacity: float = 1.0


@dataclass(frozen=True, slots=True)
class UnreachableStrategy:
    """What becomes of instances whose agent is out of reach. An app's None instead: they are waited
    for, for ever."""

    inactive_after_seconds: int = 0  # then there is a replacement
    expunge_after_seconds: int = 0  # then it is forgotten, and ended if it comes back


@dataclass(frozen=True, slots=True)
class ExecutorResources:
    """What a custom executor takes besides."""

    cpus: float = 0.1
    mem: float = 32.0
    disk: float = 10.0


@dataclass(frozen=True, slots=True)
class ResourceLimits:
    """Above the request. Infinity: unlimited."""

    cpus: float | None = None
    mem: float | None = None


@dataclass(frozen=True, slots=True)
class Residency:
    """Without effect since Marathon 1.5; kept because people send it and read it."""

    relaunch_escalation_timeout_seconds: int = 3600
    task_lost_behavior: str = "WAIT_FOREVER"


@dataclass(frozen=True, slots=True)
class App:
    """One app. Its versions are not in it: who keeps it knows them."""

    id: str
    cmd: str | None = None
    args: tuple[str, ...] = ()
    instances: int = 1
    cpus: float = 1.0
    mem: float = 128.0
    disk: float = 0.0
    gpus: int = 0
    user: str | None = None
    role: str = "*"
    env: Mapping[str, str | AppSecret] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)  # name to source
    labels: Mapping[str, str] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    container: Container | None = None
    networks: tuple[AppNetwork, ...] = (AppNetwork(NetworkMode.HOST),)
    port_definitions: tuple[PortDefinition, ...] | None = None  # None outside the host's network
    require_ports: bool = False
    fetch: tuple[Fetch, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    accepted_resource_roles: tuple[str, ...] | None = None
    health_checks: tuple[AppHealthCheck, ...] = ()
    readiness_checks: tuple[ReadinessCheck, ...] = ()
    check: TaskCheck | None = None
    backoff_seconds: int = 1
    backoff_factor: float = 1.15
    max_launch_delay_seconds: int = 300
    task_kill_grace_period_seconds: int | None = None
    upgrade_strategy: UpgradeStrategy = UpgradeStrategy()
    kill_selection: KillSelection = KillSelection.YOUNGEST_FIRST
    unreachable_strategy: UnreachableStrategy | None = UnreachableStrategy()  # None: disabled
    residency: Residency | None = None
    resource_limits: ResourceLimits | None = None
    executor: str = ""
    executor_resources: ExecutorResources | None = None
    tty: bool | None = None

    @property
    def is_resident(self) -> bool:
        """Whether it has persistent volumes."""
        return self.container is not None and any(
            isinstance(volume, PersistentVolume) for volume in self.container.volumes)

    @property
    def is_docker(self) -> bool:
        """Whether it runs in a container of Docker's."""
        return self.container is not None and self.container.type is ContainerType.DOCKER

    @property
    def is_in_host_network(self) -> bool:
        return all(network.mode is NetworkMode.HOST for network in self.networks)

    @property
    def is_single_instance(self) -> bool:
        """Whether a label forbids a second instance, also for a moment."""
        return self.labels.get(SINGLE_INSTANCE) == "true"

    @property
    def service_ports(self) -> tuple[int, ...]:
        """Of its port definitions or mappings, in their order; 0: none yet."""
        if self.container is not None and self.container.port_mappings is not None:
            return tuple(mapping.service_port for mapping in self.container.port_mappings)
        return tuple(definition.port for definition in self.port_definitions or ())
