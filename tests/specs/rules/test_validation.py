"""The master's rules that depend on what the master knows, and those of task groups; the vectors have the others."""
from __future__ import annotations

from dataclasses import replace

import pytest

from specs.errors import SpecError
from specs.messages.check import HealthCheck, HTTPCheckInfo
from specs.messages.command import CommandInfo
from specs.messages.containerinfo import ContainerInfo, DockerInfo, LinuxInfo
from specs.messages.resource import Range, Resource
from specs.messages.task import ExecutorInfo, TaskInfo
from specs.resources.parsed import parse_resources
from specs.rules.groups import prepared_group, validate_task_group
from specs.rules.tasks import Facts, prepared, validate_task

RESOURCES = tuple(parse_resources("cpus:1;mem:64;disk:32"))
TASK = TaskInfo("t", "t", "S0", resources=RESOURCES, command=CommandInfo("true"))
EXECUTOR = ExecutorInfo("e", "CUSTOM", "F", CommandInfo("run"), resources=RESOURCES)
OWN = replace(TASK, command=None, executor=EXECUTOR)
PORTS = Resource("ports", "RANGES", ranges=(Range(1, 2),))

TOO_MUCH = ("Total resources cpus(allocated: *):2; mem(allocated: *):128; disk(allocated: *):64 required by task and "
            "its executor is more than available cpus(allocated: *):1; mem(allocated: *):64; disk(allocated: *):32")
NOT_APART = ("Task 't' is invalid: Resource limits may only be set for tasks within a task group when the "
             "'share_cgroups' field is set to 'false'.")


def problem(task: TaskInfo, facts: Facts) -> str | None:
    try:
        validate_task(prepared(task, framework_id="F", role="*"), facts)
    except SpecError as error:
        return error.problem
    return None


def offered(text: str) -> Facts:
    return Facts(offered=parse_resources(text).allocated("*"))


@pytest.mark.parametrize(("task", "facts", "expected"), [
    (TASK, offered("cpus:1;mem:64;disk:32"), None),
    (OWN, offered("cpus:1;mem:64;disk:32"), TOO_MUCH),
    (TASK, Facts(unreachable={"t"}), "Task reuses the ID of an unreachable task: t"),
    (replace(TASK, limits={"cpus": 2.0}), Facts(task_resource_limits=False),
     "Agent is not capable of handling task resource limits"),
    (OWN, Facts(framework_id="G"), "ExecutorInfo has an invalid FrameworkID (Actual: F vs Expected: G)"),
    (replace(OWN, resources=(*RESOURCES, PORTS), executor=replace(EXECUTOR, resources=(PORTS,))), Facts(),
     "There are overlapping resources in the task resources"),
    (replace(TASK, resources=(replace(PORTS, ranges=(Range(2, 1),)),)), Facts(),
     "Resource 'ports:[2-1]' is invalid: Invalid ranges resource: begin > end"),
    (replace(TASK, health_check=HealthCheck(command=CommandInfo("true"))), Facts(), None),
    (replace(TASK, health_check=HealthCheck(http=HTTPCheckInfo(80))), Facts(), None),
    (replace(TASK, health_check=HealthCheck(command=CommandInfo("true"), http=HTTPCheckInfo(80))), Facts(),
     "Task uses invalid health check: HealthCheck must specify 'type'"),
])
def test_facts(task: TaskInfo, facts: Facts, expected: str | None) -> None:
    found = problem(task, facts)
    assert found == expected or (expected is not None and str(found).startswith(expected))


def test_an_executor_that_runs_must_be_the_same_and_is_not_counted_again() -> None:
    running = prepared(OWN, framework_id="F", role="*").executor
    same = replace(offered("cpus:1;mem:64;disk:32"), existing_executor=running)
    assert problem(OWN, same) is None
    other = replace(OWN, executor=replace(EXECUTOR, name="other"))
    assert str(problem(other, same)).startswith("ExecutorInfo is not compatible with existing ExecutorInfo with same")


def group_problem(task: TaskInfo, executor: ExecutorInfo = EXECUTOR, facts: Facts | None = None) -> str | None:
    try:
        validate_task_group(*prepared_group([task], executor, role="*"), facts or Facts())
    except SpecError as error:
        return error.problem
    return None


DOCKER = ContainerInfo("DOCKER", docker=DockerInfo("i"))


@pytest.mark.parametrize(("task", "executor", "expected"), [
    (TASK, EXECUTOR, None),
    (replace(TASK, container=DOCKER), EXECUTOR,
     "Task 't' is invalid: Docker ContainerInfo is not supported on the task"),
    (TASK, replace(EXECUTOR, type=None), "'ExecutorInfo.type' must be set"),
    (TASK, replace(EXECUTOR, container=DOCKER), "Docker ContainerInfo is not supported on the executor"),
    (TASK, replace(EXECUTOR, resources=tuple(parse_resources("cpus:0.001;mem:32;disk:1"))),
     "Executor 'e' uses less CPUs (0.001) than the minimum required (0.01)"),
    (TASK, replace(EXECUTOR, resources=tuple(parse_resources("cpus:1;mem:16;disk:1"))),
     "Executor 'e' uses less memory (16MB) than the minimum required (32MB)"),
    (replace(TASK, limits={"cpus": 2.0}), EXECUTOR, NOT_APART),
    (TASK, replace(EXECUTOR, container=ContainerInfo("MESOS", linux_info=LinuxInfo(share_cgroups=True))),
     "The 'share_cgroups' field cannot be set to 'true' on executor containers"),
])
def test_groups(task: TaskInfo, executor: ExecutorInfo, expected: str | None) -> None:
    assert group_problem(task, executor) == expected


def test_groups_have_to_fit_the_offer() -> None:
    assert str(group_problem(TASK, facts=offered("cpus:1"))).startswith(
        "Total resources cpus(allocated: *):2; mem(allocated: *):128; disk(allocated: *):64 required by task group")
