"""The master's questions to `specs/rules`, and where the facts for the answers come from.

The rules are those of specs, which `mesos-docker explain` and `run` use too; here they are only asked with what the
master knows: the framework, the agent, what is left of the offers.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.local.master.memory import AgentRecord, Framework
from deploy.local.records.messages import tasks_of
from deploy.local.wire.debug_text import incompatible_executors
from specs.errors import SpecError
from specs.forms import Json, codec
from specs.forms.taskinfo import task_from_mapping
from specs.messages.resource import Resource
from specs.messages.task import ExecutorInfo
from specs.resources.rules import resources_problem
from specs.resources.sums import Resources
from specs.rules.groups import validate_task_group
from specs.rules.tasks import Facts, validate_task


def operation_problem(operation: Mapping[str, Any]) -> str | None:
    """What is wrong with the form of an operation's resources; it then fails as a whole."""
    messages = [*tasks_of(operation), *(task.get("executor", {}) for task in tasks_of(operation)),
                operation.get("launch_group", {}).get("executor", {})]
    for message in messages:
        try:
            resources = [codec.read(Resource, item, strict=False) for item in message.get("resources", ())]
        except SpecError as error:
            return error.problem
        problem = resources_problem(resources)
        if problem is not None:
            return problem
    return None


def task_problem(task: Json, framework: Framework, agent: AgentRecord, offered: Resources) -> str | None:
    """Why a task of a LAUNCH is refused, or None."""
    try:
        validate_task(task_from_mapping(task, strict=False), _facts(framework, agent, offered, task.get("executor")))
    except SpecError as error:
        return error.problem
    return None


def group_problem(tasks: list[Json], executor: Json, framework: Framework, agent: AgentRecord,
                  offered: Resources) -> str | None:
    """Why a LAUNCH_GROUP is refused, or None."""
    try:
        validate_task_group([task_from_mapping(task, strict=False) for task in tasks],
                            codec.read(ExecutorInfo, executor, strict=False),
                            _facts(framework, agent, offered, executor))
    except SpecError as error:
        return error.problem
    return None


def _facts(framework: Framework, agent: AgentRecord, offered: Resources, executor: Json | None) -> Facts:
    existing = None
    if executor is not None:
        existing = agent.executors.get((framework.id, executor["executor_id"]["value"]))
    return Facts(
        framework_id=framework.id, agent_id=agent.id, offered=offered, running=framework.tasks,
        unreachable=framework.unreachable_tasks,
        existing_executor=None if existing is None else codec.read(ExecutorInfo, existing, strict=False),
        show_executor="" if existing is None or executor is None else incompatible_executors(existing, executor),
    )
