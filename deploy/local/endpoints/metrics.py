"""/metrics/snapshot and GET_METRICS: the gauges that can be read off the state, by Mesos's names.

Counters of messages and of calls, timers and the allocator's own figures do not exist here.

As Mesos: master/metrics.cpp, slave/metrics.cpp, libprocess metrics.
"""
from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from deploy.local.agent.executors import REGISTERING, RUNNING, TERMINATING
from deploy.local.agent.state import AgentState
from deploy.local.endpoints import models
from deploy.local.endpoints.summaries import all_tasks
from deploy.local.master.cluster import Cluster
from deploy.local.records.messages import resources_of
from deploy.local.records.task import Task
from specs.resources.sums import Resources

Metrics = dict[str, float]

_ENDED: Final = ("dropped", "error", "failed", "finished", "gone", "gone_by_operator", "killed",
                 "lost")
_LIVING: Final = ("killing", "running", "staging", "starting", "unreachable")
_RESOURCES: Final = ("cpus", "disk", "gpus", "mem")


def master_metrics(cluster: Cluster) -> Metrics:
    """Of a master."""
    agents, frameworks = cluster.agents.values(), cluster.frameworks.values()
    tasks = [task for framework in (*frameworks, *cluster.completed.values())
             for task in all_tasks(framework)]
    connected = sum(agent.connected for agent in agents)
    active = sum(agent.active for agent in agents)
    subscribed = sum(framework.connected for framework in frameworks)
    offered = sum(framework.active for framework in frameworks)
    return _sorted("master/", {
        "elected": 1.0, "uptime_secs": time.time() - cluster.start_time,
        "outstanding_offers": len(cluster.offers),
        "slaves_connected": connected, "slaves_disconnected": len(cluster.agents) - connected,
        "slaves_active": active,
        "slaves_inactive": len(cluster.agents) - active,
        "slaves_unreachable": len(cluster.unreachable_agents),
        "frameworks_connected": subscribed,
        "frameworks_disconnected": len(cluster.frameworks) - subscribed,
        "frameworks_active": offered, "frameworks_inactive": len(cluster.frameworks) - offered,
        **_task_counts(tasks),
        **_resources(models.sum_of(agent.total for agent in agents),
                     models.sum_of(agent.used() for agent in agents)),
    })


def agent_metrics(state: AgentState, start_time: float) -> Metrics:
    """Of an agent."""
    executors = [executor for framework in state.frameworks.values()
                 for executor in framework.executors.values()]
    states = Counter(executor.state for executor in executors)
    tasks = [task for framework in (*state.frameworks.values(), *state.completed)
             for executor in (*framework.executors.values(), *framework.completed_executors)
             for task in (*executor.queued_tasks(), *executor.launched.values(),
                          *executor.terminated.values(), *executor.completed)]
    used = models.sum_of(models.executor_resources(executor) for executor in executors)
    return _sorted("slave/", {
        "registered": float(state.running), "uptime_secs": time.time() - start_time,
        "frameworks_active": len(state.frameworks), "executors_registering": states[REGISTERING],
        "executors_running": states[RUNNING], "executors_terminating": states[TERMINATING],
        **_task_counts(tasks), **_resources(resources_of(state.info), used),
    })


def _task_counts(tasks: Iterable[Task]) -> dict[str, float]:
    counted = Counter(task.state for task in tasks)
    return {f"tasks_{name}": float(counted[f"TASK_{name.upper()}"]) for name in (*_ENDED, *_LIVING)}


def _resources(total: Resources, used: Resources) -> dict[str, float]:
    result: dict[str, float] = {}
    for name in _RESOURCES:
        whole, held = total.scalar(name) or 0.0, used.scalar(name) or 0.0
        result |= {f"{name}_total": whole, f"{name}_used": held,
                   f"{name}_percent": held / whole if whole else 0.0}
    return result


def _sorted(prefix: str, values: Mapping[str, float]) -> Metrics:
    named = {f"{prefix}{name}": float(value) for name, value in values.items()}
    one, five, fifteen = os.getloadavg()
    named |= {"system/cpus_total": float(os.cpu_count() or 1), "system/load_1min": one,
              "system/load_5min": five,
              "system/load_15min": fifteen, **{f"system/{name}": float(value) for name,
                                               value in memory().items()}}
    return dict(sorted(named.items()))


def memory() -> dict[str, int]:
    """Of the machine, in bytes."""
    page = os.sysconf("SC_PAGE_SIZE")
    return {"mem_free_bytes": os.sysconf("SC_AVPHYS_PAGES") * page,
            "mem_total_bytes": os.sysconf("SC_PHYS_PAGES") * page}


def system_stats() -> dict[str, Any]:
    """/system/stats.json."""
    one, five, fifteen = os.getloadavg()
    return {"avg_load_15min": fifteen, "avg_load_1min": one, "avg_load_5min": five,
            "cpus_total": os.cpu_count() or 1, **memory()}
