"""Tasks as Marathon's API shows them, and what is counted of them.

Integers are integers and what is not known is left out: clients fail on 1.0, and on null
(reference: the clients of Marathon). As Marathon: api/v2/json/Formats.scala, `TaskWrites`;
core/appinfo/TaskStatsByVersion.scala.
"""
from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from scheduler.apps.ids import task_id
from scheduler.apps.instance import Instance
from scheduler.service.news.history import Ended
from scheduler.service.views import AppView
from scheduler.tasks.conditions import Condition
from scheduler.tasks.states import api_state, is_failure
from scheduler.tasks.timestamps import timestamp

_STAGED = frozenset({Condition.PROVISIONED, Condition.STAGING})


def is_task(instance: Instance) -> bool:
    """Whether it has a task: one that waits for a place has none, and is in no list of tasks."""
    return instance.condition is not Condition.SCHEDULED


def task_json(instance: Instance, service_ports: Sequence[int] = ()) -> dict[str, Any]:
    """One task; `service_ports` are shown by /v2/tasks only. One that has ended (of an app that runs
    once) has no ports and times any more, and no version: clients send nobody there.

    As Marathon: raml/TaskConversion.scala.
    """
    location, is_over = instance.location, instance.condition.is_terminal
    shown: dict[str, Any] = {
        "id": task_id(instance.id, instance.incarnation), "appId": instance.app_id,
        "host": "" if location is None else location.hostname,
        "state": api_state(instance.shown).value,
        "ports": [] if is_over else list(instance.host_ports), "servicePorts": list(service_ports),
        "ipAddresses": [{"ipAddress": text, "protocol": protocol} for text,
                        protocol in instance.ip_addresses],
        "healthCheckResults": health_results(instance), "localVolumes": [], "role": instance.role,
    }
    if location is not None:
        shown["slaveId"] = location.agent_id
        shown |= {key: value for key, value in (("region", location.region),
                                                ("zone", location.zone))
                  if value is not None}
    if is_over:
        return shown
    shown["version"] = instance.version
    if instance.staged_at is not None:
        shown["stagedAt"] = timestamp(instance.staged_at)
    if instance.started_at is not None:
        shown["startedAt"] = timestamp(instance.started_at)
    return shown


def health_results(instance: Instance) -> list[dict[str, Any]]:
    """What its checks say, all together: they run where the task is, and what they tell is one
    word.
    """
    if not instance.has_health_check or instance.healthy is None:
        return []
    since = timestamp(instance.since)
    result: dict[str, Any] = {"alive": instance.healthy,
                              "consecutiveFailures": 0 if instance.healthy else 1,
                              "instanceId": instance.id}
    return [result | ({"firstSuccess": since, "lastSuccess": since} if instance.healthy
                      else {"lastFailure": since})]


def counts(instances: Iterable[Instance]) -> dict[str, int]:
    """tasksStaged, tasksRunning, tasksHealthy and tasksUnhealthy."""
    staged = running = healthy = unhealthy = 0
    for instance in instances:
        staged += instance.condition in _STAGED
        running += instance.shown is Condition.RUNNING
        if instance.has_health_check and is_task(instance):
            healthy += instance.healthy is True
            unhealthy += instance.healthy is False
    return {"tasksStaged": staged, "tasksRunning": running, "tasksHealthy": healthy,
            "tasksUnhealthy": unhealthy}


def readiness(app: AppView) -> list[dict[str, Any]]:
    """What the readiness checks of its current instances say."""
    check = next(iter(app.target.app.readiness_checks), None) if app.target is not None else None
    if check is None:
        return []
    return [{"name": check.name, "taskId": task_id(each.id, each.incarnation), "ready": each.ready}
            for each in app.instances if each.has_readiness_check and each.started_at is not None]


def last_failure(app: AppView) -> dict[str, Any] | None:
    """Of the tasks that ended by their own fault, or were ended for a failed health check; None if
    none did.
    """
    ended = next((each for each in reversed(app.ended) if _counts_as_failure(each)), None)
    if ended is None:
        return None
    shown = {"appId": ended.app_id, "host": ended.host or "", "instanceId": ended.instance_id,
             "message": ended.message or "", "state": api_state(ended.condition).value,
             "taskId": ended.task_id, "timestamp": timestamp(ended.at), "version": ended.version}
    return shown | ({"slaveId": ended.agent_id} if ended.agent_id is not None else {})


def task_stats(app: AppView, now: float) -> dict[str, Any]:
    """Counts and life times of its tasks: all, since the last scaling, with the latest
    configuration, with an older.
    """
    tasks = [each for each in app.instances if is_task(each)]
    groups: dict[str, list[Instance]] = {"totalSummary": tasks}
    if app.target is not None:
        info, config = app.target.info, app.target.config
        groups |= {"startedAfterLastScaling": [each for each in tasks
                                               if each.version >= info.last_scaling_at],
                   "withLatestConfig": [each for each in tasks if each.config == config],
                   "withOutdatedConfig": [each for each in tasks if each.config != config]}
    return {name: {"stats": _stats(members, now)} for name, members in groups.items() if members}


def _stats(tasks: Sequence[Instance], now: float) -> dict[str, Any]:
    found = counts(tasks)
    shown: dict[str, Any] = {"counts": {
        "staged": found["tasksStaged"], "running": found["tasksRunning"],
        "healthy": found["tasksHealthy"], "unhealthy": found["tasksUnhealthy"]}}
    lives = [now - each.started_at for each in tasks
             if each.started_at is not None and not each.condition.is_terminal]
    if lives:
        shown["lifeTime"] = {"averageSeconds": statistics.fmean(lives),
                             "medianSeconds": statistics.median(lives)}
    return shown


def _counts_as_failure(ended: Ended) -> bool:
    if ended.asked is not None:
        return False
    unhealthy = ended.condition is Condition.KILLED and (ended.reason
                                                         or "").startswith("REASON_TASK_HEALTH")
    return unhealthy or is_failure(api_state(ended.condition))
