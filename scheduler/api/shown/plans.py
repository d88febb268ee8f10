"""The plans of events as Marathon tells them: with all groups and apps, before and after.

In the log of events a plan names two versions of the tree, and no more: there would be two copies of everything in each
event. They are put in for who wants them, on their way out. As Marathon: core/event/DeploymentPlan's JSON, and
`plan-format=light`, which leaves them out.
"""
from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any, Final

from scheduler.api.shown.apps import old_group
from scheduler.storage.records import StoredEvent
from specs.marathon.group import Group

KEPT: Final = 4  # events, for those who follow at the same time
LONGEST: Final = 8 * 1024 * 1024  # characters; longer ones go out light


class Plans:
    """Whole plans; one thread's."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, str] = OrderedDict()  # by the number of the event

    def known(self, event: StoredEvent) -> str | None:
        """The event's data, if it was made lately."""
        return self._known.get(event.number)

    def whole(self, event: StoredEvent, trees: dict[str, Group]) -> str:
        """The event's data with these trees, by version, in its plan; what is not there any more stays as it is."""
        data = json.loads(event.data)
        for name in ("original", "target"):
            tree = trees.get(data["plan"][name].get("version", ""))
            if tree is not None:
                data["plan"][name] = old_group(tree)
        text = json.dumps(data, separators=(",", ":"))
        self._known[event.number] = text if len(text) <= LONGEST else event.data
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return self._known[event.number]


def has_plan(event: StoredEvent) -> bool:
    return event.type.startswith("deployment_")


def versions(event: StoredEvent) -> list[str]:
    """Of the trees that its plan names."""
    plan: dict[str, Any] = json.loads(event.data)["plan"]
    return [plan[name]["version"] for name in ("original", "target") if plan[name].get("version")]
