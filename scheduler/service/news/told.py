"""Marathon's events about instances and deployments: type, data, app. As Marathon:
core/event/MarathonEvent.scala.
"""
from __future__ import annotations

from typing import Any

from scheduler.apps.ids import task_id
from scheduler.apps.instance import Instance
from scheduler.deployments.deployment import Deployment, DeploymentStep
from scheduler.deployments.facts import Ending
from scheduler.tasks.conditions import Condition
from scheduler.tasks.states import api_state
from specs.messages.status import TaskStatus

Event = tuple[str, dict[str, Any], str]


def instance_event(instance: Instance) -> Event:
    """It came into another condition."""
    location = instance.location
    data: dict[str, Any] = {
        "instanceId": instance.id, "condition": instance.condition.value,
        "runSpecId": instance.app_id, "runSpecVersion": instance.version}
    if location is not None:
        data |= {"agentId": location.agent_id, "host": location.hostname}
    return "instance_changed_event", data, instance.app_id


def status_event(instance: Instance, status: TaskStatus) -> Event:
    """A task's status is news."""
    return _task_event(instance, status.message or "")


def leaving_event(instance: Instance) -> Event:
    """It shall end: those who send requests to it are told before Mesos is."""
    return _task_event(instance, "" if instance.sentence is None
                       else instance.sentence.reason.value)


def is_leaving(before: Instance | None, after: Instance) -> bool:
    """Whether that it is on its way out is news to clients."""
    return before is not None and before.shown is Condition.RUNNING and after.shown is Condition.KILLING


def _task_event(instance: Instance, message: str) -> Event:
    location = instance.location
    return "status_update_event", {
        "slaveId": "" if location is None else location.agent_id,
        "taskId": task_id(instance.id, instance.incarnation),
        "taskStatus": api_state(instance.shown).value, "message": message, "appId": instance.app_id,
        "host": "" if location is None else location.hostname,
        "ipAddresses": [{"ipAddress": text, "protocol": protocol} for text,
                        protocol in instance.ip_addresses],
        "ports": list(instance.host_ports), "version": instance.version}, instance.app_id


def health_event(instance: Instance) -> Event:
    """Its health is another than before."""
    return "instance_health_changed_event", {
        "instanceId": instance.id, "runSpecId": instance.app_id, "healthy": instance.healthy,
        "runSpecVersion": instance.version}, instance.app_id


def alive_event(instance: Instance, *, alive: bool) -> Event:
    """The older name of the same, which load balancers follow."""
    return "health_status_changed_event", {
        "appId": instance.app_id, "instanceId": instance.id, "version": instance.version,
        "alive": alive,
    }, instance.app_id


def deployment_event(kind: str, deployment: Deployment, step: int) -> Event:
    """A step of a deployment begins or is done; `step` counts from 0."""
    current = deployment.steps[step] if step < len(deployment.steps) else DeploymentStep(())
    return kind, {"plan": plan_json(deployment), "currentStep": step_json(current)}, ""


def ending_event(deployment: Deployment, ending: Ending) -> Event:
    """A deployment is over."""
    data: dict[str, Any] = {"id": deployment.id, "plan": plan_json(deployment)}
    if ending.reason is None:
        return "deployment_success", data, ""
    return "deployment_failed", {**data, "reason": ending.reason}, ""


def plan_json(deployment: Deployment) -> dict[str, Any]:
    """With the versions of the trees in their places; who wants all of them gets them on the way
    out (scheduler/api/shown/plans.py).
    """
    return {"id": deployment.id, "version": deployment.version,
            "original": {"id": "/", "version": deployment.original},
            "target": {"id": "/", "version": deployment.version},
            "steps": [step_json(step) for step in deployment.steps]}


def step_json(step: DeploymentStep) -> dict[str, Any]:
    return {"actions": [{"action": action.kind.value, "app": action.app_id}
                        for action in step.actions]}
