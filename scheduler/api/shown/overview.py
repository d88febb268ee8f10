"""An app in a row: how its instances are, in numbers that add up, why they are not well, and what it is.

Each instance is counted once. `over`: it is to end, or there are more than the app wants; `waiting`:
for a place; `staging`: it is being launched, or nobody knows yet whether it serves; `ended`: it has
run, and its app does not want it again.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from scheduler.api.shown.apps import scale_back
from scheduler.apps.instance import Instance
from scheduler.deployments.progress import waits_for_promotion
from scheduler.placement.needs import Shortage
from scheduler.service.views import AppView
from scheduler.tasks.conditions import Condition
from scheduler.tasks.timestamps import timestamp
from specs.marathon.app import App

KINDS: Final = ("healthy", "unhealthy", "staging", "waiting", "over", "ended")
MOST_LABELS: Final = 30
LONGEST: Final = 200  # characters of what it runs, and of why it is not well


def overview_json(app: AppView) -> dict[str, Any]:
    """One app; `wanted` is null when it was removed and its instances are on their way out."""
    target = app.target
    progress = app.progress if app.deployments else None
    found = None if target is None else target.app
    failed = next((each for each in reversed(app.ended) if each.asked is None), None)
    return {
        "id": app.id, "wanted": None if found is None else found.instances,
        "counts": counted(app), "why": ill_because(app),
        "what": "" if found is None else _what(found),
        "cpus": 0 if found is None else found.cpus, "mem": 0 if found is None else found.mem,
        "labels": {} if found is None else dict(list(found.labels.items())[:MOST_LABELS]),
        "version": None if target is None else target.version,
        "deployments": list(app.deployments),
        "served": None if progress is None else progress.served,
        "failures": 0 if progress is None else progress.failures,
        "waitsForPromotion": progress is not None and waits_for_promotion(progress),
        "failedAt": None if failed is None else timestamp(failed.at),
        "scaleBack": None if app.expiry is None else scale_back(app.expiry)}


def counted(app: AppView) -> dict[str, int]:
    """How many instances there are of each kind."""
    found = Counter(kind(each) for each in app.instances)
    wanted = 0 if app.target is None else app.target.app.instances
    surplus = sum(found[each] for each in ("healthy", "unhealthy", "staging")) - wanted
    moved = max(0, min(surplus, found["healthy"]))
    found["healthy"] -= moved
    found["over"] += moved
    return {each: found[each] for each in KINDS}


def kind(instance: Instance) -> str:
    """Of one instance, by itself: one of KINDS."""
    condition = instance.condition
    if condition.is_terminal:
        return "ended"
    if instance.sentence is not None or condition is Condition.KILLING:
        return "over"
    if condition is Condition.SCHEDULED:
        return "waiting"
    if instance.is_serving:
        return "healthy"
    if condition.is_lost or (condition is Condition.RUNNING and instance.healthy is False):
        return "unhealthy"
    return "staging"


def ill_because(app: AppView) -> str:
    """The first reason why an instance does not serve, in a line; empty where all do, or are on their way.

    What the whole cluster keeps them waiting for is told by the page's head.
    """
    return next((each.partition("\n")[0][:LONGEST] for each in _reasons(app) if each), "")


def _reasons(app: AppView) -> Iterator[str]:
    """The gravest first."""
    kinds = {each.id: kind(each) for each in app.instances}
    for instance in app.instances:
        if kinds[instance.id] == "unhealthy":
            host = "" if instance.location is None else f" on {instance.location.hostname}"
            lost = instance.condition.is_lost
            yield f"{instance.condition.value.lower()}{host}" if lost else instance.message or f"its check fails{host}"
    waits = {each for each, found in kinds.items() if found in ("waiting", "staging")}
    for ended in reversed(app.ended):
        if ended.asked is None and ended.instance_id in waits and ended.condition is not Condition.FINISHED:
            yield ended.message or ended.reason or f"it ended: {ended.condition.value.lower()}"
    if "waiting" in kinds.values() and app.waiting is not None:
        reasons = Counter(_shortage(shortage) for misfit in app.waiting.misfits
                          for shortage in misfit.shortages)
        yield from (f"{reason}, on {count} of {len(app.waiting.misfits)} agents" for reason, count
                    in reasons.most_common(1))


def _shortage(shortage: Shortage) -> str:
    reason = shortage.resource if shortage.reason is None else f"{shortage.reason.value}: {shortage.resource}"
    return f"{reason}, {shortage.needed} wanted" if shortage.needed else reason


def _what(app: App) -> str:
    """Its image, else its command."""
    image = None if app.container is None or app.container.docker is None else app.container.docker.image
    return (image or app.cmd or " ".join(app.args))[:LONGEST]
