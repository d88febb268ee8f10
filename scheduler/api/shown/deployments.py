"""Deployments and what waits, as Marathon's API shows them. As Marathon: api/v2/json/Formats.scala,
QueueResource.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler.api.shown.apps import app_definition
from scheduler.api.shown.tasks import readiness
from scheduler.deployments.deployment import Action, Deployment, is_of
from scheduler.placement.matching import Misfit
from scheduler.placement.reasons import FunnelStep, Rejected, queue_delay
from scheduler.service.news.told import step_json
from scheduler.service.views import AppView, View, Waiting
from scheduler.tasks.timestamps import timestamp


def deployment_json(deployment: Deployment, apps: Mapping[str, AppView]) -> dict[str, Any]:
    """One that is running; `currentStep` counts from 1."""
    current = deployment.current
    return {
        "id": deployment.id, "version": deployment.version,
        "affectedApps": list(dict.fromkeys(action.app_id for step in deployment.steps
                                           for action in step.actions)),
        "affectedPods": [], "steps": [step_json(step) for step in deployment.steps],
        "currentActions": [_action(action, deployment, apps) for action in current.actions]
        if current else [],
        "currentStep": min(deployment.step + 1, len(deployment.steps)),
        "totalSteps": len(deployment.steps),
    }


def queue_json(view: View, now: float, *, with_offers: bool) -> dict[str, Any]:
    """What waits for a place, and why."""
    return {"queue": [_waiting(app, now, with_offers=with_offers) for app in view.apps.values()
                      if app.waits]}


def _action(action: Action, deployment: Deployment, apps: Mapping[str, AppView]) -> dict[str, Any]:
    app = apps.get(action.app_id)
    done = app is not None and app.progress is not None and is_of(app.progress,
                                                                  deployment) and app.progress.done
    return {"action": action.kind.value, "app": action.app_id,
            "readinessCheckResults": [] if app is None or done else readiness(app)}


def _waiting(app: AppView, now: float, *, with_offers: bool) -> dict[str, Any]:
    delay = app.delays.get(app.target.config) if app.target is not None else None
    left = queue_delay(None if delay is None else delay.deadline, now)
    waiting = app.waiting or Waiting(now)
    attempt = waiting.attempt
    shown: dict[str, Any] = {
        "count": app.waits, "delay": {"timeLeftSeconds": left.time_left, "overdue": left.overdue},
        "since": timestamp(waiting.since),
        "processedOffersSummary": {
            "processedOffersCount": attempt.processed, "unusedOffersCount": attempt.unused,
            "rejectSummaryLastOffers": [_step(step) for step in attempt.last_offers],
            "rejectSummaryLaunchAttempt": [_step(step) for step in attempt.launch_attempt],
            **({} if attempt.last_unused_at is None
               else {"lastUnusedOfferAt": timestamp(attempt.last_unused_at)}),
            **({} if attempt.last_used_at is None
               else {"lastUsedOfferAt": timestamp(attempt.last_used_at)})},
    }
    if app.target is not None:
        shown["app"] = app_definition(app.target)
    if with_offers:
        shown["lastUnusedOffers"] = [_rejected(each) for each in attempt.newest.values()]
    return shown


def _step(step: FunnelStep) -> dict[str, Any]:
    return {"reason": step.reason.value, "declined": step.declined, "processed": step.processed}


def _rejected(rejected: Rejected) -> dict[str, Any]:
    hostname = rejected.offer.hostname if isinstance(rejected.offer, Misfit) else ""
    return {"offer": {"id": rejected.agent_id, "agentId": rejected.agent_id, "hostname": hostname,
                      "resources": [], "attributes": []},
            "reason": [reason.value for reason in rejected.reasons],
            "timestamp": timestamp(rejected.at)}
