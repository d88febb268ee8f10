"""What /api/v1 shows beside Marathon's forms: instances with their phase, what ended, why something
waits.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from scheduler.apps.ids import task_id
from scheduler.apps.instance import Instance
from scheduler.deployments.deployment import Deployment, Progress
from scheduler.deployments.orders import Mode, Order, order
from scheduler.deployments.progress import waits_for_promotion
from scheduler.deployments.stuck import Stuck, stuck
from scheduler.placement.matching import Misfit
from scheduler.placement.needs import Shortage
from scheduler.service.board import Definition
from scheduler.service.news.history import Ended
from scheduler.service.offered import Trial
from scheduler.service.views import AppView, View, ground
from scheduler.tasks.conditions import Condition
from scheduler.tasks.states import api_state
from scheduler.tasks.timestamps import timestamp
from scheduler.telemetry.samples import UsageSample

MOST_AGENTS = 20  # of which a plan says why they are not for an app
_LAUNCHING = frozenset({Condition.STAGING, Condition.STARTING})
_PULL = re.compile(r"Pulling image \S+: (?P<done>\d+) of (?P<layers>\d+) layers"  # as our executor says it
                   r"(?:, [\d.]+ of (?P<all>[\d.]+) MB)?")
_CHECKS = re.compile(r"(?P<succeed>\d+) of (?P<checks>\d+) health checks succeed")  # as our executor says it
_MASS_LOSS = ", and so are many others: they are replaced one after the other"
_AT_ONCE = "mesos-docker resume --losses replaces them at once"
_NODES = frozenset({Condition.DROPPED, Condition.GONE})  # ends that are the node's fault
_PHASES = {
    Condition.SCHEDULED: "waiting for an offer", Condition.PROVISIONED: "launched", Condition.STAGING: "staging",
    Condition.STARTING: "starting", Condition.KILLING: "ending",
    Condition.UNREACHABLE: "unreachable", Condition.UNREACHABLE_INACTIVE: "unreachable, replaced"}


def instance_json(instance: Instance) -> dict[str, Any]:
    """One instance, as `ps` shows it."""
    location = instance.location
    return {
        "id": instance.id, "taskId": task_id(instance.id, instance.incarnation)
        if instance.incarnation else None,
        "app": instance.app_id, "state": api_state(instance.shown).value, "phase": phase(instance),
        "healthy": instance.healthy, "agent": None if location is None else location.agent_id,
        "host": None if location is None else location.hostname,
        "ports": [] if instance.condition.is_terminal else list(instance.host_ports),
        "since": timestamp(instance.since), "version": instance.version,
        "exitCode": instance.exit_code, "reason": instance.message or (
            None if instance.condition is Condition.RUNNING else instance.reason)}


def usage_json(sample: UsageSample | None) -> dict[str, Any] | None:
    """What an instance has used last; None if nobody has told."""
    if sample is None:
        return None
    return {"at": timestamp(sample.at), "cpuCores": round(sample.cores, 4), "memoryBytes": sample.memory}


def phase(instance: Instance) -> str:
    """Where it is on its way, in a word or two."""
    if (pull := _PULL.match(instance.message or "")) and instance.condition in _LAUNCHING:
        size = f" {float(pull['all']):.0f} MB" if pull["all"] else ""
        return f"pulling {pull['done']}/{pull['layers']} layers{size}"
    if instance.sentence is not None and instance.condition is not Condition.KILLING:
        return f"to end: {instance.sentence.reason.value}"
    if instance.condition is not Condition.RUNNING:
        return _PHASES.get(instance.condition) or str(instance.condition.value).lower()
    if instance.has_health_check and instance.healthy is False:
        return "unhealthy"
    if instance.is_serving:
        return "running"
    succeed, checks = _checks(instance)
    return f"health {succeed}/{checks}"


def _checks(instance: Instance) -> tuple[int, int]:
    """How many of its checks have succeeded, and how many it has; being ready is one of them."""
    succeed, checks = int(instance.healthy is True), int(instance.has_health_check)
    if instance.healthy is None and (told := _CHECKS.match(instance.message or "")):
        succeed, checks = int(told["succeed"]), int(told["checks"])
    is_ready = instance.has_readiness_check and instance.ready
    return succeed + is_ready, checks + instance.has_readiness_check


def version_json(version: str, definition: Definition) -> dict[str, Any]:
    """Who made it; empty where it is not known."""
    by = definition.author
    return {"version": version, "at": timestamp(definition.at), "user": by.user, "address": by.address,
            "why": by.why}


def ended_json(ended: Ended) -> dict[str, Any]:
    """One task that ended."""
    return {
        "id": ended.instance_id, "taskId": ended.task_id, "app": ended.app_id,
        "state": api_state(ended.condition).value, "at": timestamp(ended.at),
        "startedAt": None if ended.started_at is None else timestamp(ended.started_at),
        "seconds": None if ended.duration is None else round(ended.duration, 3),
        "exitCode": ended.exit_code,
        "reason": ended.reason, "message": ended.message, "asked": ended.asked,
        "agent": ended.agent_id, "host": ended.host, "version": ended.version}


def why(app: AppView, view: View, now: float) -> Iterator[dict[str, Any]]:
    """Why each instance that does not serve does not; and why the app does not change, if it does
    not.
    """
    for fault in view.faults.get(app.id, ()):
        yield {"instance": None, "app": app.id, "since": timestamp(fault.since),
               "reasons": [_reason(
            f"a fault of this service in {fault.doing.value} {app.id}: {fault.text}",
            hint=f"it is tried again in {max(0.0, fault.until - now):.0f} s; the log has the trace")]}
    deployment = view.deployments.get(app.deployments[0]) if app.deployments else None
    if deployment is not None:
        yield from _why_deployment(app, deployment, view)
    for instance in app.instances:
        reasons = _reasons(app, view, instance, now)
        if reasons:
            yield {"instance": instance.id, "app": app.id, "since": timestamp(instance.since),
                   "reasons": reasons}


def _why_deployment(app: AppView, deployment: Deployment, view: View) -> Iterator[dict[str, Any]]:
    asked = order(app.id, app.target, deployment, app.progress)
    since = timestamp(deployment.step_since)
    held = _stuck(app, asked, view)
    if deployment.paused:
        reason = _reason("its deployment is paused", hint=f"mesos-docker resume {deployment.id}")
    elif held is not None:
        reason = _reason(f"it would wait for ever: {held.reason}", hint=held.hint)
    elif asked.change is None:
        needed = deployment.current.actions if deployment.current is not None else ()
        names = ", ".join(action.app_id for action in needed)
        reason = _reason(f"its deployment is at an earlier step: {names}")
    elif asked.mode is Mode.ROLL and app.progress is not None and not app.progress.done:
        reason = _upgrade(app, app.progress, deployment)
    else:
        return
    yield {"instance": None, "app": app.id, "since": since, "reasons": [reason]}


def _upgrade(app: AppView, progress: Progress, deployment: Deployment) -> dict[str, Any]:
    count = app.target.app.instances if app.target else 0
    text = f"it is being upgraded: {progress.served} of {count} new instances serve"
    if progress.failures:
        text += f", {progress.failures} failures so far"
    nodes = sum(each.condition in _NODES and each.asked is None and each.at >= deployment.step_since
                for each in app.ended)
    if nodes:
        text += f", {nodes} ended by the fault of their nodes"
    if not waits_for_promotion(progress):
        return _reason(text)
    after = app.target.policy.rollout.promote_after if app.target else None
    alone = "" if after is None else (
        f", which happens by itself when they have served for {after:g} s without a break")
    return _reason(f"{text}; its canaries wait to be promoted{alone}", hint=(
        f"mesos-docker promote {app.id.strip('/')}, or mesos-docker rollback {deployment.id}"))


def mass_loss(view: View) -> Iterator[dict[str, Any]]:
    """That lost instances are replaced slowly, which goes on until somebody ends it."""
    found = view.losses
    if found.since is not None:
        text = (f"many of {found.instances} instances were lost at once: they are replaced one "
                f"after the other, {found.given_up} so far, and so is what is lost from now on")
        yield {"instance": None, "app": "/", "since": timestamp(found.since),
               "reasons": [_reason(text, hint=_AT_ONCE)]}


def _lost(app: AppView, view: View, instance: Instance) -> dict[str, Any]:
    if app.target is not None and app.target.policy.unreachable is None:
        return _reason(
            "its agent is out of reach, and its unreachableStrategy is disabled: it is waited for, "
            "however long that takes", agent=_host(instance),
            hint=f"mesos-docker kill {instance.id} gives it up, and another one takes its place")
    slowed = view.losses.is_slowed and instance.condition is Condition.UNREACHABLE
    return _reason("its agent is out of reach" + (_MASS_LOSS if slowed else ""),
                   agent=_host(instance), hint=_AT_ONCE if slowed else None)


def _stuck(app: AppView, asked: Order, view: View) -> Stuck | None:
    if asked.change is None or app.progress is None or app.progress.done:
        return None
    return stuck(asked.change, app.instances, ground(view, app.id))


def _reasons(app: AppView, view: View, instance: Instance, now: float) -> list[dict[str, Any]]:
    if instance.sentence is not None:
        return [_reason(f"it shall end: {instance.sentence.reason.value}")]
    if instance.condition is Condition.SCHEDULED:
        return _waiting(app, view, instance, now)
    if instance.condition in (Condition.PROVISIONED, Condition.STAGING, Condition.STARTING):
        return [_reason(instance.message or "its launch goes on", agent=_host(instance))]
    if instance.condition.is_lost:
        return [_lost(app, view, instance)]
    if instance.condition is Condition.RUNNING and not instance.is_serving:
        return [_reason(instance.message or phase(instance), agent=_host(instance))]
    if instance.condition.is_terminal and instance.condition is not Condition.FINISHED:
        return [_reason(f"it has ended, and its restart policy has it stay so: "
                        f"{instance.message or phase(instance)}", agent=_host(instance),
                        hint=f"mesos-docker restart {app.id.strip('/')} starts another one")]
    return []


def _waiting(app: AppView, view: View, instance: Instance, now: float) -> list[dict[str, Any]]:
    delay = app.delays.get(instance.config)
    if delay is not None and delay.deadline > now:
        return [_reason(f"its app failed before: the next start is in {delay.deadline - now:.0f} s",
                        hint=f"mesos-docker resume --backoff {app.id.strip('/')} starts it now"),
                *_last_end(app, instance)]
    if view.framework.master is None:
        return [_reason(f"there is no master: {view.framework.why_not or 'not subscribed yet'}")]
    if app.waiting is None or not app.waiting.misfits:
        return [_reason("no offer has come yet")]
    return [_misfit(misfit, shortage) for misfit in app.waiting.misfits
            for shortage in misfit.shortages]


def _last_end(app: AppView, instance: Instance) -> Iterator[dict[str, Any]]:
    """How its last task ended, and whose fault that was."""
    own = [each for each in app.ended if each.instance_id == instance.id and each.asked is None]
    if own:
        last = own[-1]
        text = f"its last task ended, {api_state(last.condition).value}: {last.message or last.reason or ''}"
        nodes = ("that is the node's fault, which no failure limit counts; a progress deadline "
                 "(MESOS_DOCKER_PROGRESS_DEADLINE) bounds it")
        yield _reason(text, agent=last.host, hint=nodes if last.condition in _NODES else None)


def places(trials: Mapping[str, Trial]) -> list[dict[str, Any]]:
    """Where each new instance of a plan would go with what was offered last, and why not where it would not."""
    return [{"app": app_id, "hosts": list(trial.hosts),
             "reasons": [_misfit(misfit, shortage) for misfit in trial.misfits[:MOST_AGENTS]
                         for shortage in misfit.shortages] if None in trial.hosts else []}
            for app_id, trial in trials.items()]


def _misfit(misfit: Misfit, shortage: Shortage) -> dict[str, Any]:
    where = misfit.hostname or misfit.agent_id
    reason = shortage.resource if shortage.reason is None else f"{shortage.reason.value}: {shortage.resource}"
    return {"agent": where, "reason": reason, "wanted": shortage.needed,
            "offered": shortage.offered, "hint": _hint(where, shortage)}


def _hint(where: str, shortage: Shortage) -> str | None:
    if shortage.resource in ("cpus", "mem", "disk", "gpus"):
        try:
            missing = float(shortage.needed) - float(shortage.offered)
        except ValueError:
            return None
        unit = "MiB of " if shortage.resource in ("mem", "disk") else ""
        return f"free {round(missing, 3):.12g} {unit}{shortage.resource} on {where}"
    if shortage.resource == "ports":
        return f"free the port on {where}, or ask for any port (0)"
    if shortage.resource.startswith("attribute"):
        return f"no other constraint, or an agent with {shortage.resource.removeprefix('attribute ')} {shortage.needed}"
    return None


def _reason(text: str, *, agent: str | None = None, hint: str | None = None) -> dict[str, Any]:
    return {"agent": agent, "reason": text, "wanted": None, "offered": None, "hint": hint}


def _host(instance: Instance) -> str | None:
    return None if instance.location is None else instance.location.hostname
