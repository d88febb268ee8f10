"""An app in a row: how its instances are, in numbers that add up, and what it is.

Each instance is counted once. `over`: it is to end, or there are more than the app wants; `waiting`:
for a place; `staging`: it is being launched, or nobody knows yet whether it serves; `ended`: it has
run, and its app does not want it again.
"""
from __future__ import annotations

from collections import Counter
from typing import Any, Final

from scheduler.apps.instance import Instance
from scheduler.deployments.progress import waits_for_promotion
from scheduler.service.views import AppView
from scheduler.tasks.conditions import Condition
from scheduler.tasks.timestamps import timestamp
from specs.marathon.app import App

KINDS: Final = ("healthy", "unhealthy", "staging", "waiting", "over", "ended")
MOST_LABELS: Final = 30
LONGEST: Final = 200  # characters of what it runs


def overview_json(app: AppView) -> dict[str, Any]:
    """One app; `wanted` is null when it was removed and its instances are on their way out."""
    target = app.target
    progress = app.progress if app.deployments else None
    found = None if target is None else target.app
    failed = next((each for each in reversed(app.ended) if each.asked is None), None)
    return {
        "id": app.id, "wanted": None if found is None else found.instances,
        "counts": counted(app), "what": "" if found is None else _what(found),
        "cpus": 0 if found is None else found.cpus, "mem": 0 if found is None else found.mem,
        "labels": {} if found is None else dict(list(found.labels.items())[:MOST_LABELS]),
        "version": None if target is None else target.version,
        "deployments": list(app.deployments),
        "served": None if progress is None else progress.served,
        "failures": 0 if progress is None else progress.failures,
        "waitsForPromotion": progress is not None and waits_for_promotion(progress),
        "failedAt": None if failed is None else timestamp(failed.at)}


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


def _what(app: App) -> str:
    """Its image, else its command."""
    image = None if app.container is None or app.container.docker is None else app.container.docker.image
    return (image or app.cmd or " ".join(app.args))[:LONGEST]
