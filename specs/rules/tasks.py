"""What a master accepts of a LAUNCH: the one set of rules for `explain`, `run` and the embedded
master.

As Mesos: master/validation.cpp. Checks run in the master's order and the first that fails is
raised, with the master's text. What they need to know beside the task stands in `Facts`; a fact
that is None is not checked, so that a task can be looked at before there is an agent to run it on.
LAUNCH_GROUP is in `specs/rules/groups.py`.

A master first brings an operation into the form that the checks expect (`prepared`): it looks at
the form of all resources, fills in the executor's framework id, the role that resources are
allocated to, and the type of a health check.
"""
from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from specs.errors import SpecError
from specs.forms.codec import write
from specs.messages.containerinfo import ContainerInfo
from specs.messages.resource import AllocationInfo, Resource
from specs.messages.task import ExecutorInfo, TaskInfo
from specs.resources import rules
from specs.resources.sums import Resources, upgraded
from specs.rules.checks import validate_check, validate_health_check, with_type
from specs.rules.parts import validate_command, validate_container, within
from specs.words.ids import id_problem
from specs.words.sizes import MEGABYTE

__all__ = ["Facts", "prepared", "validate_check", "validate_executor", "validate_health_check",
           "validate_task"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a master knows; None: not known, so not checked."""

    framework_id: str | None = None
    agent_id: str | None = None
    offered: Resources | None = None
    running: Collection[str] = ()  # ids of the framework's tasks
    unreachable: Collection[str] = ()
    existing_executor: ExecutorInfo | None = None  # that runs on the agent with the same id
    task_resource_limits: bool = True  # whether the agent has the capability
    show_executor: str = ""  # both ExecutorInfos as text, for the error of an incompatible one
    share_cgroups: bool | None = None  # of the tasks that the existing executor runs already


def prepared(task: TaskInfo, *, framework_id: str | None, role: str) -> TaskInfo:
    """The task as the master checks it. Raises SpecError for malformed resources, which a master
    looks at first.
    """
    for resources in (task.resources, task.executor.resources if task.executor is not None else ()):
        _refuse("resources", rules.resources_problem(resources))
    executor = task.executor
    if executor is not None:
        executor = replace(executor, framework_id=executor.framework_id or framework_id,
                           resources=_allocated(executor.resources, role))
    health_check = task.health_check
    if health_check is not None:
        health_check = replace(health_check, type=with_type(health_check))
    return replace(task, executor=executor, health_check=health_check,
                   resources=_allocated(task.resources, role))


def _allocated(resources: Iterable[Resource], role: str) -> tuple[Resource, ...]:
    allocation = AllocationInfo(role=role)
    return tuple(resource if resource.allocation_info is not None
                 else replace(resource, allocation_info=allocation)
                 for resource in map(upgraded, resources))


def validate_task(task: TaskInfo, facts: Facts | None = None) -> None:
    """LAUNCH of a `prepared` task. Raises SpecError with the master's text."""
    facts = facts or Facts()
    validate_task_itself(task, facts)
    if (task.executor is None) == (task.command is None):
        raise SpecError("",
                        "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present")
    if task.executor is not None:
        with within("executor"):
            validate_executor(task.executor, facts)
            _validate_launched_executor(task.executor)
    _validate_together(task, facts)
    if shares_cgroups(task.container) is False:
        raise SpecError("container.linux_info.share_cgroups",
                        "Only tasks in a task group may have 'share_cgroups' set to 'false'")


def _refuse(path: str, problem: str | None, prefix: str = "") -> None:
    if problem is not None:
        raise SpecError(path, prefix + problem)


def validate_task_itself(task: TaskInfo, facts: Facts) -> None:
    """All but its executor. Raises SpecError."""
    _validate_task_ids(task, facts)
    if task.kill_policy is not None and (task.kill_policy.grace_period or 0) < 0:
        raise SpecError("kill_policy.grace_period",
                        "Task's 'kill_policy.grace_period' must be non-negative")
    if (task.max_completion_time or 0) < 0:
        raise SpecError("max_completion_time", "Task's `max_completion_time` must be non-negative")
    if task.check is not None:
        with within("check", "Task uses invalid check: "):
            validate_check(task.check)
    if task.health_check is not None:
        with within("health_check", "Task uses invalid health check: "):
            validate_health_check(task.health_check)
    if not task.resources:
        raise SpecError("resources", "Task uses no resources")
    _validate_resources(task.resources, "Task", "task")
    if task.command is not None:
        with within("command", "Task's `CommandInfo` is invalid: "):
            validate_command(task.command)
    if task.container is not None:
        with within("container", "Task's `ContainerInfo` is invalid: "):
            validate_container(task.container)
    _validate_limits(task, facts)


def _validate_task_ids(task: TaskInfo, facts: Facts) -> None:
    _refuse("task_id", id_problem(task.task_id))
    if task.task_id in facts.running:
        raise SpecError("task_id", f"Task has duplicate ID: {task.task_id}")
    if task.task_id in facts.unreachable:
        raise SpecError("task_id", f"Task reuses the ID of an unreachable task: {task.task_id}")
    if facts.agent_id is not None and task.agent_id != facts.agent_id:
        raise SpecError("agent_id",
                        f"Task uses invalid agent {task.agent_id} while agent {facts.agent_id} is expected")


def _validate_resources(resources: Sequence[Resource], who: str, noun: str) -> None:
    _refuse("resources", rules.master_problem(resources), f"{who} uses invalid resources: ")
    total = Resources(resources)
    _refuse("resources", rules.duplicate_persistence_problem(total),
            f"{who} uses duplicate persistence ID: ")
    _refuse("resources", rules.allocation_problem(total), f"Invalid {noun} resources: ")
    _refuse("resources", rules.revocable_problem(total),
            f"{who} mixes revocable and non-revocable resources: ")


def _validate_limits(task: TaskInfo, facts: Facts) -> None:
    limits = task.limits
    if not limits:
        return
    if not facts.task_resource_limits:
        raise SpecError("limits", "Agent is not capable of handling task resource limits")
    if not set(limits) <= {"cpus", "mem"}:
        raise SpecError("limits", "Only cpus and mem may be included in a task's resource limits")
    total = Resources(task.resources)
    if "cpus" in limits:
        if total.cpus is None:
            raise SpecError("limits.cpus",
                            "When a CPU limit is specified, a CPU request must also be specified")
        if not limits["cpus"] >= total.cpus:
            raise SpecError("limits.cpus",
                            "The cpu limit must be greater than or equal to the cpu request")
    if "mem" in limits:
        if total.mem is None:
            raise SpecError("limits.mem",
                            "When a memory limit is specified, a memory request must also be specified")
        wanted = limits["mem"]
        if not math.isinf(wanted) and not (wanted >= 0 and int(wanted) * MEGABYTE >= total.mem):
            raise SpecError("limits.mem",
                            "The memory limit must be greater than or equal to the memory request")


def validate_executor(executor: ExecutorInfo, facts: Facts) -> None:
    """What holds for an executor of any operation. Raises SpecError, with paths below the executor.
    """
    _validate_executor_type(executor)
    _refuse("executor_id", id_problem(executor.executor_id))
    if (executor.shutdown_grace_period or 0) < 0:
        raise SpecError("shutdown_grace_period",
                        "ExecutorInfo's 'shutdown_grace_period' must be non-negative")
    if executor.command is not None:
        with within("command", "Executor's `CommandInfo` is invalid: "):
            validate_command(executor.command)
    if executor.container is not None:
        with within("container", "Executor's `ContainerInfo` is invalid: "):
            validate_container(executor.container)
    if facts.framework_id is not None:
        if executor.framework_id is None:
            raise SpecError("framework_id", "'ExecutorInfo.framework_id' must be set")
        if executor.framework_id != facts.framework_id:
            different = f"(Actual: {executor.framework_id} vs Expected: {facts.framework_id})"
            raise SpecError("framework_id", f"ExecutorInfo has an invalid FrameworkID {different}")
    _validate_resources(executor.resources, "Executor", "executor")
    if facts.existing_executor is not None and facts.existing_executor != executor:
        raise SpecError("",
                        "ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID.\n"
                            + facts.show_executor)


def _validate_executor_type(executor: ExecutorInfo) -> None:
    if executor.type == "CUSTOM" and executor.command is None:
        raise SpecError("command", "'ExecutorInfo.command' must be set for 'CUSTOM' executor")
    if executor.type != "DEFAULT":
        return
    if executor.command is not None:
        raise SpecError("command", "'ExecutorInfo.command' must not be set for 'DEFAULT' executor")
    container = executor.container
    if container is None:
        return
    if container.type != "MESOS":
        raise SpecError("container.type",
                        "'ExecutorInfo.container.type' must be 'MESOS' for 'DEFAULT' executor")
    if container.mesos is not None and container.mesos.image is not None:
        raise SpecError("container.mesos.image",
                        "'ExecutorInfo.container.mesos.image' must not be set for 'DEFAULT' executor")


def _validate_launched_executor(executor: ExecutorInfo) -> None:
    if executor.type in {"DEFAULT", "UNKNOWN"}:
        raise SpecError("type", "'ExecutorInfo.type' must be 'CUSTOM'")
    if executor.command is None:
        raise SpecError("command", "'ExecutorInfo.command' must be set")
    if any(resource.shared is not None for resource in executor.resources):
        total = Resources(executor.resources)
        raise SpecError("resources",
                        f"Executor resources {total} should not contain any shared resources")
    if shares_cgroups(executor.container) is True:
        raise SpecError("container.linux_info.share_cgroups",
                        "The 'share_cgroups' field cannot be set to 'true' on executor containers")


def shares_cgroups(container: ContainerInfo | None) -> bool | None:
    """What the container says of sharing its executor's cgroups; None: nothing."""
    return None if container is None or container.linux_info is None else container.linux_info.share_cgroups


def as_json(resources: Iterable[Resource]) -> str:
    """Mesos's text for a list of resources that was not summed."""
    return json.dumps([write(resource) for resource in resources], sort_keys=True,
                      separators=(",", ":"))


def _validate_together(task: TaskInfo, facts: Facts) -> None:
    """Task and executor as one."""
    executors = task.executor.resources if task.executor is not None else ()
    total = Resources(task.resources) + executors
    _refuse("resources", rules.master_problem(tuple(total)),
            "Task and its executor use invalid resources: ")
    if rules.overlap(task.resources, executors):
        raise SpecError("resources",
                        f"There are overlapping resources in the task resources {as_json(task.resources)} "
                                     f"and executor resources {as_json(executors)}")
    _refuse("resources", rules.duplicate_persistence_problem(total),
            "Task and its executor use duplicate persistence ID: ")
    _refuse("resources", rules.revocable_problem(total),
            "Task and its executor mix revocable and non-revocable resources: ")
    needed = total if facts.existing_executor is None else Resources(task.resources)
    if facts.offered is not None and not facts.offered.contains(needed):
        raise SpecError("resources",
                        f"Total resources {needed} required by task and its executor is more "
                                     f"than available {facts.offered}")
