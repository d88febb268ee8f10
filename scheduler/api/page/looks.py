"""/api/v1/overview and the events of an instance: what the page asks for besides what all others ask.

The overview says which event it reflects (`event`), and can be asked for some apps only: the page
follows the events and asks again for what they are about, not for everything. An event is told when
the view that has it is there.
"""
from __future__ import annotations

import json

from aiohttp import web

from scheduler.api.asking import Asking
from scheduler.api.errors import RefusedError
from scheduler.api.server import Asked, json_answer, text_answer
from scheduler.api.shown.overview import overview_json
from scheduler.api.shown.timeline import timeline_json
from scheduler.apps.ids import app_of_instance
from scheduler.service.views import AppView
from specs.errors import SpecError


class Looks:
    """Handlers. Texts of apps are kept for as long as their views are."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._known: dict[str, tuple[AppView, str]] = {}

    async def overview(self, asked: Asked) -> web.Response:
        """GET /api/v1/overview?app=…&app=…"""
        view = self._asking.view
        wanted = asked.texts("app") or view.apps.keys()
        rows = ",".join(self._row(view.apps[each]) for each in wanted if each in view.apps)
        if len(self._known) > 2 * len(view.apps) + 10:  # most are of apps that are gone
            self._known.clear()
        framework = json.dumps({"master": view.framework.master, "why": view.framework.why_not,
                                "trouble": view.trouble})
        paused = json.dumps([each.id for each in view.deployments.values() if each.paused])
        return text_answer(f'{{"event":{view.event},"framework":{framework},"paused":{paused},'
                           f'"apps":[{rows}]}}')

    async def timeline(self, asked: Asked) -> web.Response:
        """GET /api/v1/instances/ID/events: as far back as events are kept."""
        instance = asked.ids[0]
        try:
            app_id = app_of_instance(instance)
        except SpecError as error:
            raise RefusedError(404, f"{instance} is no instance: {error.problem}") from error
        found = await self._asking.ask(lambda: self._asking.service.events.of_app(app_id))
        return json_answer(list(timeline_json(found, instance)))

    def _row(self, app: AppView) -> str:
        known = self._known.get(app.id)
        if known is None or known[0] is not app:
            text = json.dumps(overview_json(app), separators=(",", ":"))
            known = self._known[app.id] = app, text
        return known[1]
