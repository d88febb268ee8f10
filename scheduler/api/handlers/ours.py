"""/api/v1: what is ours: instances, what ended, why something waits, plans, agents, and what steers
deployments.
"""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from scheduler.api.asking import Asking, deployment_answer
from scheduler.api.conditions import app_check
from scheduler.api.errors import RefusedError, not_found
from scheduler.api.handlers.apps import Apps, app_path
from scheduler.api.handlers.groups import Groups
from scheduler.api.server import Asked, json_answer
from scheduler.api.shown.agents import agents_json
from scheduler.api.shown.ours import (
    ended_json,
    instance_json,
    mass_loss,
    places,
    usage_json,
    version_json,
    why,
)
from scheduler.deployments.stuck import stuck
from scheduler.service import tree
from scheduler.service.changes import Planned
from scheduler.service.news.history import KEPT
from scheduler.service.news.told import step_json
from scheduler.service.views import View, ground
from scheduler.tasks.timestamps import timestamp
from specs.marathon import ids
from specs.marathon.app import App
from specs.marathon.errors import Detail
from specs.marathon.group import Group
from specs.marathon.rendering import app_json

FRESH = 5.0  # seconds for which an offer is news
MOMENT = 1.5  # seconds that a plan waits for some


class Ours:
    """Handlers."""

    def __init__(self, asking: Asking, apps: Apps, groups: Groups,
                 document: Callable[[], Mapping[str, Any]]) -> None:
        """`document`: the OpenAPI document."""
        self._asking = asking
        self._apps = apps
        self._groups = groups
        self._document = document

    async def instances(self, asked: Asked) -> web.Response:
        """GET /api/v1/instances?app=&agent=&id=…&stats=: with what each has used last, if that is wanted."""
        app_id, agent = asked.request.query.get("app"), asked.request.query.get("agent")
        ids = frozenset(asked.texts("id"))
        found = [self._one(app_path(app_id))] if app_id else list(self._asking.view.apps.values())
        samples = self._asking.service.telemetry.samples if asked.flag("stats") else None
        return json_answer([
            instance_json(each) if samples is None
            else {**instance_json(each), "stats": usage_json(samples.last(each.id))}
            for app in found for each in app.instances if (not ids or each.id in ids)
            and (agent is None or (each.location is not None and each.location.agent_id == agent))])

    async def history(self, asked: Asked) -> web.Response:
        """GET /api/v1/history/APP: the newest first; of an app that is gone, where they ran."""
        app_id = app_path(asked.ids[0])
        app = self._asking.view.apps.get(app_id)
        ended = self._asking.service.history.past_of(app_id) if app is None else app.ended
        if app is None and not ended:
            raise not_found(f"App '{app_id}' does not exist")
        return json_answer([ended_json(each) for each in reversed(ended[-KEPT:])])

    async def versions(self, asked: Asked) -> web.Response:
        """GET /api/v1/versions/APP: who made each, when, from where and why; the newest first."""
        app = self._one(app_path(asked.ids[0]))
        return json_answer([version_json(version, each) for version, each
                            in sorted(app.definitions.items(), reverse=True)])

    async def why(self, asked: Asked) -> web.Response:
        """GET /api/v1/why?app=."""
        app_id = asked.request.query.get("app")
        view = self._asking.view
        found = [self._one(app_path(app_id))] if app_id else list(view.apps.values())
        now = self._asking.clock()
        losses = () if app_id else mass_loss(view)
        return json_answer([*losses, *(row for app in found for row in why(app, view, now))])

    async def agents(self, asked: Asked) -> web.Response:
        """GET /api/v1/agents: those on which instances are, or that have offered something; as long as
        nobody has asked for offers, they are asked for now.
        """
        _ = asked
        if not self._asking.view.agents:
            await self._fresh_offers()
        return json_answer(agents_json(self._asking.view, self._asking.service.telemetry.executors.versions()))

    async def plan(self, asked: Asked) -> web.Response:
        """POST /api/v1/plan: what a definition of an app, a group or several apps would change."""
        body = await asked.json()
        warnings: list[str] = []
        await self._fresh_offers()

        def answer() -> dict[str, Any]:
            edit, whole = self._edit(body, warnings)
            before = self._asking.operations.root
            planned = self._asking.operations.plan(edit, whole)
            return {**_plan(before, planned, warnings), "stuck": self._stuck(planned),
                    "places": places(self._asking.service.trial(planned.deployment.changes))}

        return json_answer(await self._asking.ask(answer))

    async def losses(self, asked: Asked) -> web.Response:
        """GET /api/v1/losses: whether lost instances are replaced slowly, because there are so
        many.
        """
        _ = asked
        found = self._asking.view.losses
        return json_answer({"slowed": found.is_slowed, "givenUp": found.given_up,
                            "since": None if found.since is None else timestamp(found.since)})

    async def lift_losses(self, asked: Asked) -> web.Response:
        """POST /api/v1/losses/lift: replace them at once."""
        _ = asked
        await self._asking.told(asked, self._asking.operations.lift_losses)
        return web.Response(status=204)

    async def pause(self, asked: Asked) -> web.Response:
        """POST /api/v1/deployments/ID/pause."""
        await self._asking.told(asked, lambda: self._asking.operations.pause(asked.ids[0]))
        return web.Response(status=204)

    async def resume(self, asked: Asked) -> web.Response:
        """POST /api/v1/deployments/ID/resume."""
        await self._asking.told(asked, lambda: self._asking.operations.resume(asked.ids[0]))
        return web.Response(status=204)

    async def promote(self, asked: Asked) -> web.Response:
        """POST /api/v1/promote/APP."""
        app_id = app_path(asked.ids[0])
        await self._asking.told(asked, lambda: self._asking.operations.promote(app_id), app_id)
        return web.Response(status=204)

    async def scale(self, asked: Asked) -> web.Response:
        """POST /api/v1/scale/APP: {instances, seconds?}; with seconds the count goes back after so
        long.
        """
        body = await asked.json()
        instances, seconds = (body.get("instances"),
                              body.get("seconds")) if isinstance(body, dict) else (None, None)
        if not isinstance(instances, int) or isinstance(instances,
                                                        bool) or not 0 <= instances <= 1_000_000:
            raise RefusedError(422, "Invalid JSON",
                               [Detail("/instances", ("is a whole number from 0",))])
        if seconds is not None and (not isinstance(seconds, int | float)
                                    or isinstance(seconds, bool)
                                    or not 0 < seconds < 1e9):
            raise RefusedError(422, "Invalid JSON", [Detail("/seconds", ("is a number above 0",))])
        app_id = app_path(asked.ids[0])
        until = None if seconds is None else self._asking.clock() + seconds
        return deployment_answer(await self._asking.change(
            asked, lambda by: self._asking.operations.scale_app(app_id, instances, by,
                                                                until=until),
            app_check(asked.request.headers, app_id)))

    async def openapi(self, asked: Asked) -> web.Response:
        """GET /api/v1/openapi.json."""
        _ = asked
        return json_answer(self._document())

    # ---- inside

    def _one(self, app_id: str) -> Any:
        app = self._asking.view.apps.get(app_id)
        if app is None:
            raise not_found(f"App '{app_id}' does not exist")
        return app

    async def _fresh_offers(self) -> None:
        """What agents offer now; while nothing waits for a place nobody asks for it, so this may take a moment."""
        began = self._asking.clock()
        if _newest(self._asking.view) > began - FRESH or self._asking.view.framework.master is None:
            return
        await self._asking.ask(self._asking.service.look_around)
        while _newest(self._asking.view) < began < self._asking.clock() < began + MOMENT:
            await asyncio.sleep(0.05)

    def _stuck(self, planned: Planned) -> list[dict[str, Any]]:
        """The changes of the plan that would never be done."""
        view, rows = self._asking.view, []
        for app_id, change in planned.deployment.changes.items():
            app = view.apps.get(app_id)
            found = stuck(change, () if app is None else app.instances, ground(view, app_id))
            if found is not None:
                rows.append({"app": app_id, "reason": found.reason, "hint": found.hint})
        return rows

    def _edit(self, body: Any,
              warnings: list[str]) -> tuple[Callable[[Group], Group], Sequence[str]]:
        """What a body asks for, an app, several apps in an array, or a group; and the apps of which it
        says all.
        """
        if isinstance(body, dict) and ("apps" in body or "groups" in body):
            update = self._groups.read(body, ids.ROOT)
            warnings.extend(update.unknown)
            return lambda root: self._groups.edited(root, update), tuple(update.defined())
        apps = [self._read_app(each, warnings) for each in (
            body if isinstance(body, list) else [body])]
        return lambda root: tree.with_apps(root, apps), [app.id for app in apps]

    def _read_app(self, value: Any, warnings: list[str]) -> App:
        if not isinstance(value, dict) or not isinstance(value.get("id"), str):
            raise RefusedError(422, "Invalid JSON", [Detail("/id", ("error.path.missing",))])
        app_id = ids.canonical(value["id"])
        existing = tree.find_app(self._asking.operations.root, app_id)
        read = self._apps.read_update(value, app_id, existing, partial=False)
        warnings.extend(read.unknown)
        return read.app


def _newest(view: View) -> float:
    return max((each.at for each in view.offered.values()), default=0.0)


def _plan(before: Group, planned: Planned, warnings: list[str]) -> dict[str, Any]:
    old = {app.id: app for app in before.all_apps()}
    new = {app.id: app for app in planned.root.all_apps()}
    rows = []
    for app_id, change in planned.deployment.changes.items():
        one, other = old.get(app_id), new.get(app_id)
        rows.append({
            "id": app_id, "action": change.kind.value, "changes": _differences(one, other),
            "instances": {"before": 0 if one is None else one.instances,
                          "after": 0 if other is None else other.instances}})
    return {
        "version": planned.version, "apps": rows,
        "steps": [step_json(step) for step in planned.deployment.steps],
        "conflicts": list(planned.cancelled), "warnings": warnings}


def _differences(one: App | None, other: App | None) -> list[dict[str, Any]]:
    first = {} if one is None else app_json(one)
    second = {} if other is None else app_json(other)
    keys = sorted(key for key in first.keys() | second.keys() if first.get(key) != second.get(key))
    return [{"path": f"/{key}", "before": first.get(key), "after": second.get(key)} for key in keys]
