"""What the master adds up: /state-summary, /roles and GET_ROLES. Pure.

As Mesos: master/readonly_handler.cpp (`stateSummary`, `roles`, `getRoles`), master/master.cpp
(`knownRoles`, `RoleResourceBreakdown`).
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from deploy.local.endpoints import models
from deploy.local.master.cluster import Cluster
from deploy.local.master.memory import Framework
from deploy.local.records.task import Task
from specs.forms import Json
from specs.messages.resource import Resource

Quantities = dict[str, float]

# Of the states that came later none is counted.
_COUNTED: Final = ("TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING",
                   "TASK_FINISHED", "TASK_KILLED",
                   "TASK_FAILED", "TASK_LOST", "TASK_ERROR", "TASK_UNREACHABLE")
_FRAMEWORK: Final = ("id", "name", "used_resources", "offered_resources", "capabilities",
                     "hostname", "webui_url", "active", "connected", "recovered")
_SHOWN_IN_V1: Final = frozenset({"cpus", "mem", "disk", "gpus"})


def state_summary(cluster: Cluster, agents: Iterable[Json]) -> Json:
    """/state-summary. `agents`: as /state shows them."""
    tasks = [task for framework in cluster.frameworks.values() for task in all_tasks(framework)]
    frameworks = [{**{name: model[name] for name in _FRAMEWORK}, **_counts(all_tasks(framework)),
                   "slave_ids": sorted({task.agent_id for task in all_tasks(framework)})}
                  for framework in cluster.frameworks.values()
                  for model in (models.framework(framework),)]
    shown = [{**agent, **_counts(task for task in tasks if task.agent_id == agent["id"]),
              "framework_ids": sorted({task.framework_id for task in tasks
                                       if task.agent_id == agent["id"]})}
             for agent in agents]
    return {"hostname": cluster.flags.hostname, "slaves": shown, "frameworks": frameworks}


def all_tasks(framework: Framework) -> list[Task]:
    """Of a framework: its tasks, lost ones and ended ones."""
    return [*framework.tasks.values(), *framework.unreachable_tasks.values(),
            *framework.completed_tasks]


def _counts(tasks: Iterable[Task]) -> Json:
    counted = Counter(task.state for task in tasks)
    return {state: counted[state] for state in _COUNTED}


# ---- roles


def roles(cluster: Cluster) -> list[Json]:
    """The elements of /roles."""
    result = []
    for name in known_roles(cluster):
        allocated, offered = allocated_to(cluster, name), offered_to(cluster, name)
        result.append({
            "name": name, "weight": 1.0,
            "quota": {"role": name, "guarantee": {}, "limit": {}, "consumed": allocated},
            "resources": _sum(allocated, offered), "allocated": allocated, "offered": offered,
            "reserved": {}, "frameworks": _frameworks(cluster, name)})
    return result


def role_messages(cluster: Cluster) -> list[Json]:
    """The messages Role of GET_ROLES; only the four resources that all know."""
    return [{"name": name, "weight": 1.0,
             "frameworks": [{"value": framework_id} for framework_id in _frameworks(cluster, name)],
             "resources": [{"name": resource, "type": "SCALAR", "scalar": {"value": value}}
                           for resource, value in
                           _sum(allocated_to(cluster, name), offered_to(cluster, name)).items()
                           if resource in _SHOWN_IN_V1]} for name in known_roles(cluster)]


def known_roles(cluster: Cluster) -> list[str]:
    """Roles that somebody has, and their ancestors; with --roles those instead."""
    names = {*cluster.flags.roles, "*"} if cluster.flags.roles else {
        role for framework in cluster.frameworks.values() for role in _roles_of(framework)}
    parts = [name.split("/") for name in names]
    return sorted({"/".join(words[:length]) for words in parts
                   for length in range(1, len(words) + 1)})


def _frameworks(cluster: Cluster, role: str) -> list[str]:
    return [framework.id for framework in cluster.frameworks.values()
            if role in _roles_of(framework)]


def _roles_of(framework: Framework) -> set[str]:
    """Those it has, and those for which it still holds something."""
    return {*framework.roles, *(offer.role for offer in framework.offers.values()),
            *(_holder(resource) for resource in models.framework_resources(framework))}


def allocated_to(cluster: Cluster, role: str) -> Quantities:
    """What tasks and executors of a role, and of roles below it, hold."""
    return _quantities(role, (resource for framework in cluster.frameworks.values()
                              for resource in models.framework_resources(framework)))


def offered_to(cluster: Cluster, role: str) -> Quantities:
    """What frameworks have been offered for a role, and for roles below it."""
    return _quantities(role, (resource for offer in cluster.offers.values()
                              for resource in offer.resources))


def _quantities(role: str, resources: Iterable[Resource]) -> Quantities:
    total: Quantities = {}
    for resource in resources:
        holder = _holder(resource)
        if holder == role or holder.startswith(f"{role}/"):
            total[resource.name] = total.get(resource.name, 0.0) + _quantity(resource)
    return {name: round(total[name], 3) for name in sorted(total) if total[name]}


def _holder(resource: Resource) -> str:
    info = resource.allocation_info
    return "" if info is None or info.role is None else info.role


def _quantity(resource: Resource) -> float:
    if resource.type == "SCALAR":
        return resource.scalar or 0.0
    if resource.type == "RANGES":
        return float(sum(item.end - item.begin + 1 for item in resource.ranges or ()))
    return float(len(resource.set or ()))


def _sum(left: Quantities, right: Quantities) -> Quantities:
    return {name: round(left.get(name, 0.0) + right.get(name, 0.0), 3)
            for name in sorted({*left, *right})}
