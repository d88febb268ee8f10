"""The plans of events as Marathon tells them: with all groups and apps, before and after.

In the log of events a plan names two versions of the tree, and no more: there would be two copies of
everything in each event. They are put in for who wants them, on their way out; the text of a tree is
made once for all who follow. As Marathon: core/event, `plan-format=light` leaves them out.
"""
from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Final

from scheduler.api.shown.apps import old_group
from scheduler.storage.records import StoredEvent
from specs.marathon.group import Group

KEPT: Final = 8  # trees
LONGEST: Final = 4 * 1024 * 1024  # characters; a longer one goes out as its version alone
_TREE = re.compile(r'"(original|target)":\{"id":"/","version":"([^"]*)"\}')  # as `told.plan_json` writes it


class Plans:
    """Texts of trees by version; one thread's."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str | None] = OrderedDict()  # None: it is not there any more, or too long

    def missing(self, event: StoredEvent) -> list[str]:
        """The versions of the trees that an event's plan names and that are not here."""
        if not event.type.startswith("deployment_"):
            return []
        return [version for _, version in _TREE.findall(event.data) if version and version not in self._texts]

    def learn(self, asked: Collection[str], trees: Mapping[str, Group]) -> None:
        """The trees of these versions, as far as they are kept."""
        for version in asked:
            group = trees.get(version)
            text = None if group is None else json.dumps(old_group(group), separators=(",", ":"))
            self._texts[version] = text if text is not None and len(text) <= LONGEST else None
        while len(self._texts) > KEPT:
            self._texts.popitem(last=False)

    def whole(self, event: StoredEvent) -> str:
        """The event's data, with the trees in its plan."""
        if not event.type.startswith("deployment_"):
            return event.data
        return _TREE.sub(self._put_in, event.data, count=2)

    def _put_in(self, found: re.Match[str]) -> str:
        text = self._texts.get(found[2])
        return found[0] if text is None else f'"{found[1]}":{text}'
