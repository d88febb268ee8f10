"""The JSON of lists, put together from the texts of apps, which are kept.

A list of a thousand apps is asked for every few seconds by every load balancer, and few of them
have changed since. What an app is shown with follows from its view alone, which is another value
when anything of it has changed; so its text is good for as long as the app has that view. What
depends on the time (`taskStats`) is made anew each time. The larger part of a text is the app's
definition, which is kept by itself: it stays while instances come and go.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

from scheduler.api.shown.apps import app_definition, shown_group, shown_parts
from scheduler.api.shown.tasks import is_task, task_json
from scheduler.apps.target import Target
from scheduler.service.views import AppView, View
from specs.marathon.embeds import AppPart, GroupPart
from specs.marathon.group import Group

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))
KEPT: Final = 3  # combinations of parts of which texts are kept
TASKS: Final = "tasks"  # of /v2/tasks

_Kind = frozenset[AppPart] | str


class Texts:
    """Belongs to one thread."""

    def __init__(self, count: Callable[[], int]) -> None:
        """`count`: how many apps there are."""
        self._count = count
        self._known: dict[_Kind, dict[str, tuple[AppView, str]]] = {}
        self._definitions: dict[str, tuple[Target, str]] = {}

    def apps(self, apps: Iterable[tuple[AppView, Target]], parts: Collection[AppPart],
             now: float) -> str:
        """A list of apps."""
        kind = frozenset(parts)
        return f"[{','.join(self._app(app, target, kind, now) for app, target in apps)}]"

    def group(self, group: Group, view: View, parts: Collection[AppPart],
              inside: Collection[GroupPart], now: float) -> str:
        """A group as `shown_group` shows it."""
        shown = shown_group(group, view, parts, set(inside) & {GroupPart.PODS}, now)
        texts = {name: _dumped(value) for name, value in shown.items()}
        if GroupPart.APPS in inside:
            found = (view.apps.get(app_id) for app_id in group.apps)
            texts["apps"] = self.apps(((app, app.target) for app in found
                                       if app is not None and app.target is not None), parts, now)
        if GroupPart.GROUPS in inside:
            groups = (self.group(each, view, parts, inside, now) for each in group.groups.values())
            texts["groups"] = f"[{','.join(groups)}]"
        return "{" + ",".join(f"{_dumped(name)}:{text}" for name, text in texts.items()) + "}"

    def tasks(self, apps: Iterable[AppView]) -> str:
        """A list of the tasks of all these apps."""
        found = (self._kept(TASKS, app, lambda app=app: _tasks(app)) for app in apps)  # type: ignore[misc]
        return f"[{','.join(filter(None, found))}]"

    def _app(self, app: AppView, target: Target, parts: frozenset[AppPart], now: float) -> str:
        def made() -> str:
            more = shown_parts(app, parts, now)
            definition = self._definition(app.id, target)
            return f"{definition[:-1]},{_dumped(more)[1:]}" if more else definition

        return made() if AppPart.TASK_STATS in parts else self._kept(parts, app, made)

    def _definition(self, app_id: str, target: Target) -> str:
        found = self._definitions.get(app_id)
        if found is None or found[0] is not target:
            if len(self._definitions) > 2 * self._count():  # most of them are of apps that are no more
                self._definitions.clear()
            found = self._definitions[app_id] = target, _dumped(app_definition(target))
        return found[1]

    def _kept(self, kind: _Kind, app: AppView, made: Callable[[], str]) -> str:
        known = self._known.get(kind)
        if known is None:
            if len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            known = self._known[kind] = {}
        found = known.get(app.id)
        if found is None or found[0] is not app:
            if len(known) > 2 * self._count():  # most of them are of apps that are no more
                known.clear()
            found = known[app.id] = app, made()
        return found[1]


def _tasks(app: AppView) -> str:
    ports = () if app.target is None else app.target.app.service_ports
    return ",".join(_dumped(task_json(each, ports)) for each in app.instances if is_task(each))


def _dumped(value: Any) -> str:
    return _ENCODER.encode(value)
