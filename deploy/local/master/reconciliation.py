"""What the master answers when a framework asks how its tasks are. Pure.

As Mesos: master/master.cpp, `reconcile`.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from deploy.local.master.memory import Framework
from deploy.local.records.messages import status
from deploy.local.records.task import Task
from specs.forms import Json


def implicit(framework: Framework) -> list[Json]:
    """The statuses of all tasks of the framework."""
    return [_known(task) for task in framework.tasks.values()]


def explicit(framework: Framework, tasks: Iterable[Mapping[str, Any]], *,
             registered: Collection[str],
             recovered: Collection[str], unreachable: Mapping[str, float],
             gone: Collection[str]) -> list[Json]:
    """The statuses of these tasks (task_id and, if known, agent_id). Nothing is said about what may
    yet come back.

    The collections are ids of agents; `unreachable` gives the time since when.
    """
    answers: list[Json] = []
    for asked in tasks:
        agent = asked.get("agent_id", {}).get("value")
        task = framework.tasks.get(asked["task_id"]["value"])
        if task is not None:
            answers.append(_known(task))
        elif agent in recovered if agent is not None else bool(recovered):
            continue
        elif agent in registered:
            answers.append(_unknown(framework, asked, "TASK_GONE",
                                    "Reconciliation: Task is unknown to the agent"))
        elif agent in unreachable:
            since = {"nanoseconds": int(unreachable[agent] * 1e9)}
            answers.append(_unknown(framework, asked, "TASK_UNREACHABLE",
                                    "Reconciliation: Task is unreachable", unreachable_time=since))
        elif agent in gone:
            answers.append(_unknown(framework, asked, "TASK_GONE_BY_OPERATOR",
                                    "Reconciliation: Task is gone"))
        else:
            answers.append(_unknown(framework, asked, "TASK_UNKNOWN",
                                    "Reconciliation: Task is unknown"))
    return answers


def operations(asked: Iterable[Mapping[str, Any]], *, registered: Collection[str],
               recovered: Collection[str],
               unreachable: Collection[str], gone: Collection[str]) -> list[Json]:
    """OperationStatuses for RECONCILE_OPERATIONS: no operation is known here, but agents are."""
    return [_operation(item, registered, recovered, unreachable, gone) for item in asked]


def _operation(asked: Mapping[str, Any], registered: Collection[str], recovered: Collection[str],
               unreachable: Collection[str], gone: Collection[str]) -> Json:
    agent = asked.get("agent_id", {}).get("value")
    if agent is None:
        state, message = "UNKNOWN", "Operation is unknown and no 'agent_id' was provided"
    elif agent in recovered:
        state, message = "RECOVERING", "Agent is recovered but has not re-registered"
    elif agent in registered:
        state, message = "UNKNOWN", "Operation is unknown"
    elif agent in unreachable:
        state, message = "UNREACHABLE", "Agent is unreachable"
    elif agent in gone:
        state, message = "GONE_BY_OPERATOR", "Agent marked gone by operator"
    else:
        state, message = "UNKNOWN", "Both operation and agent are unknown"
    kept = {name: asked[name] for name in ("operation_id", "agent_id", "resource_provider_id")
            if name in asked}
    return {**kept, "state": f"OPERATION_{state}", "message": f"Reconciliation: {message}"}


def _known(task: Task) -> Json:
    return status(task.info["task_id"], task.known_state, source="SOURCE_MASTER",
                  agent_id=task.info["agent_id"],
                  message="Reconciliation: Latest task state", reason="REASON_RECONCILIATION",
                  executor_id=task.executor_id, **last_findings(task))


def last_findings(task: Task) -> Json:
    """Health and check of the last status, and the newest container_status that any status has."""
    last = task.statuses[-1] if task.statuses else {}
    kept: Json = {name: last[name] for name in ("healthy", "check_status") if name in last}
    for earlier in reversed(task.statuses):
        if "container_status" in earlier:
            return {**kept, "container_status": earlier["container_status"]}
    return kept


def _unknown(framework: Framework, asked: Mapping[str, Any], state: str, message: str,
             **more: Any) -> Json:
    return status(asked["task_id"], state if framework.has("PARTITION_AWARE") else "TASK_LOST",
                  source="SOURCE_MASTER",
                  agent_id=asked.get("agent_id"), message=message, reason="REASON_RECONCILIATION",
                  **more)
