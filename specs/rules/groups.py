"""What a master accepts as LAUNCH_GROUP: tasks that start and end together, under one executor.

As Mesos: master/validation.cpp. Docker containers are refused in groups, so nothing that we run
comes this way; the embedded master needs to say so.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from specs.errors import SpecError
from specs.messages.task import ExecutorInfo, TaskInfo
from specs.resources import rules
from specs.resources.sums import Resources
from specs.rules.parts import validate_command, within
from specs.rules.tasks import Facts, as_json, prepared, shares_cgroups, validate_executor, validate_task_itself
from specs.words.sizes import MEGABYTE, print_size

MIN_CPUS: Final = 0.01
MIN_MEM: Final = 32 * MEGABYTE


def prepared_group(tasks: Sequence[TaskInfo], executor: ExecutorInfo, *,
                   role: str) -> tuple[tuple[TaskInfo, ...], ExecutorInfo]:
    """The group as the master checks it: each task has the executor. The framework's id is not
    filled in here.
    """
    alone = prepared(TaskInfo("", "", "", executor=executor), framework_id=None,
                     role=role).executor or executor
    named = (task if task.executor is not None else replace(task, executor=alone) for task in tasks)
    return tuple(prepared(task, framework_id=None, role=role) for task in named), alone


def validate_task_group(tasks: Sequence[TaskInfo], executor: ExecutorInfo, facts: Facts) -> None:
    """LAUNCH_GROUP of a `prepared_group`. Raises SpecError with the master's text, which is for all
    its tasks.
    """
    for index, task in enumerate(tasks):
        with within(f"tasks[{index}]", f"Task '{task.task_id}' is invalid: "):
            _validate_task_of_group(task, facts)
    with within("executor"):
        _validate_group_executor(tasks, executor, facts)
    _validate_group_resources(tasks, executor, facts)
    if executor.command is not None:
        with within("executor.command",
                    f"Executor '{executor.executor_id}'contains an invalid command: "):
            validate_command(executor.command)
    _validate_share_cgroups(tasks, executor, facts)


def _validate_task_of_group(task: TaskInfo, facts: Facts) -> None:
    validate_task_itself(task, facts)
    if task.executor is None:
        raise SpecError("executor", "'TaskInfo.executor' must be set")
    container, check = task.container, task.health_check
    if container is not None:
        if container.network_infos and check is not None and check.type in {"HTTP", "TCP"}:
            raise SpecError("health_check",
                            "HTTP and TCP health checks are not supported for nested containers not "
                                            "joining parent's network")
        if container.type == "DOCKER":
            raise SpecError("container.type", "Docker ContainerInfo is not supported on the task")
    apart = container is not None and container.linux_info is not None and shares_cgroups(
        container) is False
    if task.limits and not apart:
        raise SpecError("limits", "Resource limits may only be set for tasks within a task group "
                                  "when the 'share_cgroups' field is set to 'false'.")


def _validate_group_executor(tasks: Sequence[TaskInfo], executor: ExecutorInfo,
                             facts: Facts) -> None:
    validate_executor(executor, facts)
    if executor.type is None or executor.type not in {"DEFAULT", "CUSTOM", "UNKNOWN"}:
        raise SpecError("type", "'ExecutorInfo.type' must be set")
    if executor.type == "UNKNOWN":
        raise SpecError("type", "Unknown executor type")
    if executor.container is not None and executor.container.type == "DOCKER":
        raise SpecError("container.type", "Docker ContainerInfo is not supported on the executor")
    name = executor.executor_id
    for task in tasks:
        if task.executor is not None and task.executor != executor:
            raise SpecError("",
                            f"The `ExecutorInfo` of task '{task.task_id}' is different from executor '{name}'")
    total = Resources(executor.resources)
    if total.cpus is None or total.cpus < MIN_CPUS:
        found = "None" if total.cpus is None else f"{total.cpus:.6g}"
        raise SpecError("resources",
                        f"Executor '{name}' uses less CPUs ({found}) than the minimum required "
                                     f"({MIN_CPUS})")
    if total.mem is None or total.mem < MIN_MEM:
        found = "None" if total.mem is None else print_size(total.mem)
        raise SpecError("resources",
                        f"Executor '{name}' uses less memory ({found}) than the minimum required "
                                     f"({print_size(MIN_MEM)})")
    if total.disk is None:
        raise SpecError("resources", f"Executor '{name}' uses no disk")


def _validate_group_resources(tasks: Sequence[TaskInfo], executor: ExecutorInfo,
                              facts: Facts) -> None:
    used = Resources(resource for task in tasks for resource in task.resources)
    total = Resources(executor.resources) + used
    for problem, prefix in (
            (rules.duplicate_persistence_problem(total),
             "Task group and executor use duplicate persistence ID: "),
            (rules.revocable_problem(total),
             "Task group and executor mix revocable and non-revocable resources: ")):
        if problem is not None:
            raise SpecError("resources", prefix + problem)
    if rules.overlap(*(task.resources for task in tasks), executor.resources):
        parts = ", ".join(as_json(task.resources) for task in tasks)
        raise SpecError("resources",
                        f"There are overlapping resources in the task group's task resources [ {parts} ] "
                                     f"and/or executor resources {as_json(executor.resources)}")
    needed = used if facts.existing_executor is not None else used + executor.resources
    if facts.offered is not None and not facts.offered.contains(needed):
        raise SpecError("resources",
                        f"Total resources {needed} required by task group and its executor are more than "
                                     f"available {facts.offered}")


def _validate_share_cgroups(tasks: Sequence[TaskInfo], executor: ExecutorInfo,
                            facts: Facts) -> None:
    path = "container.linux_info.share_cgroups"
    if shares_cgroups(executor.container) is True:
        raise SpecError(f"executor.{path}",
                        "The 'share_cgroups' field cannot be set to 'true' on executor containers")
    wishes = {shares_cgroups(task.container) is not False for task in tasks}
    if facts.existing_executor is not None and facts.share_cgroups is not None:
        wishes.add(facts.share_cgroups)
    if len(wishes) > 1:
        raise SpecError(path, "If set, the value of 'share_cgroups' must be the same for all tasks "
                              "in each task group and under a single executor")
