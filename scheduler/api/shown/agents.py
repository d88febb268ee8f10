"""Agents: what runs there, and what was left of what they offered last."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scheduler.placement.location import Location
from scheduler.service.offered import OffersLooked
from scheduler.service.views import View
from scheduler.tasks.timestamps import timestamp
from specs.resources.sums import Resources


def agents_json(view: View, versions: Mapping[str, str]) -> list[dict[str, Any]]:
    """Those on which instances are, or that have offered something. `versions`: of executors, by
    agent."""
    found: dict[str, dict[str, Any]] = {}
    for app in view.apps.values():
        for instance in app.instances:
            if instance.location is not None:
                row = _row(found, instance.location)
                row["instances"] += 1
                row["apps"].setdefault(app.id)
    for location in view.agents.values():
        _row(found, location)
    for agent_id, row in found.items():
        offered = view.offered.get(agent_id)
        row["offered"] = None if offered is None else _offered(offered)
        row["apps"] = list(row["apps"])
        row["executorVersion"] = versions.get(agent_id)
    return list(found.values())


def _row(found: dict[str, dict[str, Any]], place: Location) -> dict[str, Any]:
    return found.setdefault(place.agent_id, {
        "id": place.agent_id, "host": place.hostname, "instances": 0, "apps": {},
        "attributes": dict(place.attributes), "region": place.region, "zone": place.zone})


def _offered(looked: OffersLooked) -> dict[str, Any]:
    ports = Resources(each for offer in looked.left() for each in offer.resources
                      if each.name == "ports")
    ranges = [f"{each.begin}-{each.end}" for resource in ports for each in resource.ranges or ()]
    return {"at": timestamp(looked.at), "ports": ", ".join(ranges),
            "amounts": {name: amount / 1000 for name, amount in looked.free().items()}}
