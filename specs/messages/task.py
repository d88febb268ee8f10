"""What a task is: mesos.v1.TaskInfo and ExecutorInfo. The messages in a TaskInfo can mostly be
imported from here too.

The classes are named as the messages, their fields as the fields. Ids are texts, durations are
integers of nanoseconds, Value.Scalar is a float, Labels are a tuple, bytes are bytes, enums are
their names; a field that is not there is None, a repeated one is an empty tuple. Where Mesos
declares a default the field is None as well, and a comment names it. `specs/forms/codec.py` reads
and writes them.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from specs.messages.check import CheckCommand, CheckHttp, CheckInfo, CheckTcp, HealthCheck, HTTPCheckInfo, TCPCheckInfo
from specs.messages.command import URI, CommandInfo, Environment, Variable
from specs.messages.containerinfo import (
    CapabilityInfo,
    ContainerInfo,
    DockerInfo,
    DockerVolume,
    HostPath,
    Image,
    IPAddress,
    LinuxInfo,
    NetworkInfo,
    PortMapping,
    RLimit,
    RLimitInfo,
    SandboxPath,
    TTYInfo,
    Volume,
    VolumeSource,
)
from specs.messages.fields import Id, Nanoseconds, OneOf, Scalar, UInt32
from specs.messages.resource import AllocationInfo, Range, ReservationInfo, Resource
from specs.messages.values import Label, Labels, Parameter, Secret, SecretReference, SecretValue

__all__ = [
    "URI", "AllocationInfo", "CapabilityInfo", "CheckCommand", "CheckHttp", "CheckInfo",
    "CheckTcp", "CommandInfo",
    "ContainerInfo", "DiscoveryInfo", "DockerInfo", "DockerVolume", "Environment", "ExecutorInfo",
    "HTTPCheckInfo",
    "HealthCheck", "HostPath", "IPAddress", "Image", "KillPolicy", "Label", "Labels", "LinuxInfo",
    "NetworkInfo",
    "Parameter", "Port", "PortMapping", "Ports", "RLimit", "RLimitInfo", "Range",
    "ReservationInfo", "Resource",
    "SandboxPath", "Secret", "SecretReference", "SecretValue", "TCPCheckInfo", "TTYInfo",
    "TaskGroupInfo", "TaskInfo", "Variable", "Volume", "VolumeSource",
]

Visibility = Annotated[str, OneOf("FRAMEWORK", "CLUSTER", "EXTERNAL")]


@dataclass(frozen=True, slots=True)
class KillPolicy:
    """How a task is killed."""

    grace_period: Nanoseconds | None = None  # between SIGTERM and SIGKILL


@dataclass(frozen=True, slots=True)
class Port:
    """A port under which a service is found."""

    number: UInt32
    name: str | None = None
    protocol: str | None = None
    visibility: Visibility | None = None
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of a DiscoveryInfo."""

    ports: tuple[Port, ...] = ()


@dataclass(frozen=True, slots=True)
class DiscoveryInfo:
    """How others shall find the task; Mesos passes it on and does nothing with it."""

    visibility: Visibility
    name: str | None = None
    environment: str | None = None
    location: str | None = None
    version: str | None = None
    ports: Ports | None = None
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class ExecutorInfo:
    """The program that runs tasks; it must be the same in all tasks that share an executor."""

    executor_id: Id
    type: Annotated[str, OneOf("UNKNOWN", "DEFAULT", "CUSTOM")] | None = None
    framework_id: Id | None = None
    command: CommandInfo | None = None
    container: ContainerInfo | None = None
    resources: tuple[Resource, ...] = ()
    name: str | None = None
    source: str | None = None  # deprecated in Mesos: labels
    data: bytes | None = None
    discovery: DiscoveryInfo | None = None
    shutdown_grace_period: Nanoseconds | None = None
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """A task; exactly one of `executor` and `command` is there. `limits` are by resource name;
    infinity lifts one.
    """

    task_id: Id
    name: str
    agent_id: Id  # "" in a task that has no agent yet: see specs/forms/taskinfo.py
    resources: tuple[Resource, ...] = ()
    executor: ExecutorInfo | None = None
    command: CommandInfo | None = None
    container: ContainerInfo | None = None
    health_check: HealthCheck | None = None
    check: CheckInfo | None = None
    kill_policy: KillPolicy | None = None
    data: bytes | None = None
    labels: Labels = ()
    discovery: DiscoveryInfo | None = None
    max_completion_time: Nanoseconds | None = None
    limits: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskGroupInfo:
    """Tasks that are launched, and end, together."""

    tasks: tuple[TaskInfo, ...] = ()
