"""The master's questions to `specs/rules`, and where the facts for the answers come from.

The rules are those of specs, which `mesos-docker explain` and `run` use too; here they are only
asked with what the master knows: the framework, the agent, what is left of the offers.
"""
from __future__ import annotations

from collections.abc import Sequence

from deploy.local.master.memory import AgentRecord, Framework
from deploy.local.records.messages import resource_messages, tasks_of
from deploy.local.wire.debug_text import incompatible_executors
from specs.errors import SpecError
from specs.forms import Json, codec
from specs.forms.taskinfo import task_from_mapping
from specs.messages.task import ExecutorInfo, TaskInfo
from specs.resources.sums import Resources
from specs.rules.groups import prepared_group, validate_task_group
from specs.rules.tasks import Facts, prepared, validate_task


def prepared_operation(operation: Json, framework_id: str, role: str) -> Json:
    """The operation as the master completes it before it looks at its tasks; other operations stay
    as they are.

    Raises SpecError, with Mesos's text, if resources are not well formed: it then fails as a whole.
    """
    tasks = [task_from_mapping(task, strict=False) for task in tasks_of(operation)]
    if operation["type"] == "LAUNCH":
        done = [prepared(task, framework_id=framework_id, role=role) for task in tasks]
        return {**operation, "launch": {"task_infos": _completed(tasks_of(operation), done)}}
    if operation["type"] != "LAUNCH_GROUP" or "launch_group" not in operation:
        return operation
    group = operation["launch_group"]
    members, executor = prepared_group(tasks,
                                       codec.read(ExecutorInfo, group["executor"], strict=False),
                                       role=role)
    alone = _completed_executor(group["executor"], executor)
    infos = _completed(tasks_of(operation), members, alone)
    return {**operation, "launch_group": {**group, "executor": alone,
                                          "task_group": {"tasks": infos}}}


def _completed(infos: Sequence[Json], tasks: Sequence[TaskInfo],
               executor: Json | None = None) -> list[Json]:
    """TaskInfos as they were sent, with what the master fills in; `executor`: of those that have
    none.
    """
    result = []
    for info, task in zip(infos, tasks, strict=True):
        more: Json = {}
        if "resources" in info:
            more["resources"] = resource_messages(task.resources)
        if "executor" in info and task.executor is not None:
            more["executor"] = _completed_executor(info["executor"], task.executor)
        elif executor is not None:
            more["executor"] = executor
        if task.health_check is not None and task.health_check.type is not None:
            more["health_check"] = {**info["health_check"], "type": task.health_check.type}
        result.append({**info, **more})
    return result


def _completed_executor(info: Json, executor: ExecutorInfo) -> Json:
    more: Json = {}
    if executor.framework_id is not None:
        more["framework_id"] = {"value": executor.framework_id}
    if "resources" in info:
        more["resources"] = resource_messages(executor.resources)
    return {**info, **more}


def task_problem(task: Json, framework: Framework, agent: AgentRecord,
                 offered: Resources) -> str | None:
    """Why a task of a LAUNCH is refused, or None."""
    try:
        validate_task(task_from_mapping(task, strict=False),
                      _facts(framework, agent, offered, task.get("executor")))
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


def _facts(framework: Framework, agent: AgentRecord, offered: Resources,
           executor: Json | None) -> Facts:
    existing = None
    if executor is not None:
        existing = agent.executors.get((framework.id, executor["executor_id"]["value"]))
    return Facts(
        framework_id=framework.id, agent_id=agent.id, offered=offered, running=framework.tasks,
        unreachable=framework.unreachable_tasks,
        existing_executor=None if existing is None
        else codec.read(ExecutorInfo, existing, strict=False),
        show_executor="" if existing is None or executor is None
        else incompatible_executors(existing, executor),
    )
