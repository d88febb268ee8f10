"""Small apps and instances for tables."""
from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from scheduler.apps.instance import Instance
from scheduler.apps.policy import policy
from scheduler.apps.target import Policy, Target
from scheduler.deployments import plan
from scheduler.deployments.controller import decide
from scheduler.deployments.deployment import Deployment
from scheduler.deployments.facts import AppState, Changes, Decision, Facts
from scheduler.placement.location import Location
from scheduler.tasks.conditions import Condition
from specs.marathon.app import App, UpgradeStrategy

NOW = 1000.0
AGENTS = [Location(f"agent-{number}", f"host-{number}") for number in range(5)]


def app(instances: int = 1, minimum: float = 1.0, over: float = 1.0, **fields: Any) -> App:
    return App(**{"id": "/a", "cmd": "v1", "instances": instances,
                  "upgrade_strategy": UpgradeStrategy(minimum, over), **fields})


def target(of: App, before: Target | None = None, version: str = "v1", **fields: Any) -> Target:
    """`fields` are of the policy."""
    rules: Policy = replace(policy(of), **fields)
    return plan.successor(of, before, version, rules)


def running(number: int = 0, config: str = "v1", **fields: Any) -> Instance:
    return Instance(**{
        "id": f"i{number}", "app_id": "/a", "version": config, "config": config, "condition": Condition.RUNNING,
        "since": 0.0, "created": 0.0, "incarnation": 1, "location": AGENTS[0], "started_at": 0.0, **fields})


def change(before: Target | None, after: Target | None, now: float = NOW, rollback_of: str | None = None) -> Deployment:
    """The deployment of one app."""
    cause = plan.Cause("d", after.version if after else "gone", now, rollback_of)
    return plan.deployment(cause, {"/a": before} if before else {}, {"/a": after} if after else {}, {})


def reached(deployment: Deployment) -> Deployment:
    """It is at the step that does the work."""
    return replace(deployment, step=deployment.changes["/a"].step, step_since=NOW)


def asked(state: AppState, instances: list[Instance], deployment: Deployment | None = None, now: float = NOW,
          **facts: Any) -> Decision:
    serial = itertools.count()
    return decide(Facts(state, instances, deployment, **facts), now, lambda _: f"new{next(serial)}")


def applied(instances: list[Instance], changes: Changes) -> list[Instance]:
    known = {each.id: each for each in (*instances, *changes.instances)}
    return [each for name, each in known.items() if name not in changes.forgotten]
