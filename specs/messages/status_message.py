"""A TaskStatus from the form that travels: mesos.v1.TaskStatus, and its reading."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from specs.messages.check import CheckStatusInfo
from specs.messages.containerinfo import NetworkInfo
from specs.messages.fields import Id, Nanoseconds, OneOf, UInt32, Wrapped
from specs.messages.resource import Resource
from specs.messages.status import TaskState
from specs.messages.values import Labels


@dataclass(frozen=True, slots=True)
class ContainerID:
    """A container of the Mesos containerizer; nested ones name their parent."""

    value: str
    parent: ContainerID | None = None


@dataclass(frozen=True, slots=True)
class NetClass:
    """CgroupInfo.NetCls."""

    classid: UInt32 | None = None


@dataclass(frozen=True, slots=True)
class CgroupInfo:
    """What an isolator gave the container."""

    net_cls: NetClass | None = None


@dataclass(frozen=True, slots=True)
class ContainerStatus:
    """What became known of a container when it started: above all its addresses."""

    container_id: ContainerID | None = None
    network_infos: tuple[NetworkInfo, ...] = ()
    cgroup_info: CgroupInfo | None = None
    executor_pid: UInt32 | None = None


StateName = Annotated[str, OneOf(*(state.value for state in TaskState))]
SourceName = Annotated[str, OneOf("SOURCE_MASTER", "SOURCE_AGENT", "SOURCE_EXECUTOR")]
ReasonName = Annotated[str, OneOf(
    "REASON_COMMAND_EXECUTOR_FAILED", "REASON_CONTAINER_LAUNCH_FAILED",
    "REASON_CONTAINER_LIMITATION",
    "REASON_CONTAINER_LIMITATION_DISK", "REASON_CONTAINER_LIMITATION_MEMORY",
    "REASON_CONTAINER_PREEMPTED",
    "REASON_CONTAINER_UPDATE_FAILED", "REASON_MAX_COMPLETION_TIME_REACHED",
    "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
    "REASON_EXECUTOR_REREGISTRATION_TIMEOUT", "REASON_EXECUTOR_TERMINATED",
    "REASON_EXECUTOR_UNREGISTERED",
    "REASON_FRAMEWORK_REMOVED", "REASON_GC_ERROR", "REASON_INVALID_FRAMEWORKID",
    "REASON_INVALID_OFFERS",
    "REASON_IO_SWITCHBOARD_EXITED", "REASON_MASTER_DISCONNECTED", "REASON_RECONCILIATION",
    "REASON_RESOURCES_UNKNOWN",
    "REASON_AGENT_DISCONNECTED", "REASON_AGENT_DRAINING", "REASON_AGENT_REMOVED",
    "REASON_AGENT_REMOVED_BY_OPERATOR",
    "REASON_AGENT_REREGISTERED", "REASON_AGENT_RESTARTED", "REASON_AGENT_UNKNOWN",
    "REASON_TASK_KILLED_DURING_LAUNCH",
    "REASON_TASK_CHECK_STATUS_UPDATED", "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
    "REASON_TASK_GROUP_INVALID",
    "REASON_TASK_GROUP_UNAUTHORIZED", "REASON_TASK_INVALID", "REASON_TASK_UNAUTHORIZED",
    "REASON_TASK_UNKNOWN")]

Limitation = Annotated[tuple[Resource, ...], Wrapped("resources")]  # TaskResourceLimitation


@dataclass(frozen=True, slots=True)
class StatusMessage:
    """mesos.v1.TaskStatus, field for field; `TaskStatus` is the form to work with."""

    task_id: Id
    state: StateName
    message: str | None = None
    source: SourceName | None = None
    reason: ReasonName | None = None
    data: bytes | None = None
    agent_id: Id | None = None
    executor_id: Id | None = None
    timestamp: float | None = None
    uuid: bytes | None = None
    healthy: bool | None = None
    check_status: CheckStatusInfo | None = None
    labels: Labels = ()
    container_status: ContainerStatus | None = None
    unreachable_time: Nanoseconds | None = None
    limitation: Limitation | None = None
