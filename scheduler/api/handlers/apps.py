"""/v2/apps: listed, created, changed, removed, restarted, and as they were."""
from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from scheduler.api.asking import Asking, author, deployment_answer
from scheduler.api.conditions import app_check
from scheduler.api.errors import RefusedError, no_app, not_found
from scheduler.api.server import Asked, json_answer, text_answer
from scheduler.api.shown.apps import LISTED, SINGLE, shown_app
from scheduler.api.shown.texts import Texts
from scheduler.apps.target import Target
from scheduler.service.board import Definition
from scheduler.service.changes import Planned
from scheduler.service.completion import MAX_APPS
from scheduler.service.operations import By
from scheduler.service.tree import find_app, is_below
from scheduler.service.views import AppView
from specs.errors import SpecError
from specs.marathon import ids
from specs.marathon.app import App
from specs.marathon.definitions import Config, Read, read_app, updated_app, version_to_restore
from specs.marathon.embeds import app_parts
from specs.marathon.errors import Detail, MarathonError, broken
from specs.marathon.group import Group
from specs.marathon.rendering import app_json
from specs.words.selectors import matches

WARNINGS = "X-Mesos-Docker-Warnings"  # a JSON list of the paths of fields that were passed over


class Apps:
    """Handlers."""

    def __init__(self, asking: Asking, config: Config, texts: Texts) -> None:
        self._asking = asking
        self._config = config
        self._texts = texts

    async def listed(self, asked: Asked) -> web.Response:
        """GET /v2/apps."""
        parts = LISTED | app_parts(asked.texts("embed"))
        now = self._asking.clock()
        return text_answer(f'{{"apps":{self._texts.apps(self._selected(asked), parts, now)}}}')

    async def shown(self, asked: Asked) -> web.Response:
        """GET /v2/apps/ID, where ID may be GROUP/*."""
        path = app_path(asked.ids[0])
        parts = SINGLE | app_parts(asked.texts("embed"))
        now = self._asking.clock()
        if path.endswith("/*"):
            group = path.removesuffix("/*") or ids.ROOT
            found = [app for app in self._asking.view.apps.values() if is_below(app.id, group)]
            return json_answer({"*": [shown_app(app, app.target, parts, now) for app in found
                                      if app.target is not None]})
        app, target = self.one(path)
        return json_answer({"app": shown_app(app, target, parts, now, ended=True)},
                           headers={"ETag": f'"{target.version}"'})

    async def created(self, asked: Asked) -> web.Response:
        """POST /v2/apps."""
        read = self._read(await asked.json())
        planned = await self._asking.change(
            asked, lambda by: self._posted(asked, read.app, self._asking.operations.create_app(read.app, by)))
        shown = app_json(planned.targets[read.app.id].app)
        body = {**shown, "version": planned.version, "tasks": [], "tasksStaged": 0,
                "tasksRunning": 0,
                "tasksHealthy": 0, "tasksUnhealthy": 0,
                "deployments": [{"id": planned.deployment.id}]}
        headers = {"Marathon-Deployment-Id": planned.deployment.id,
                   "Location": f"/v2/apps{read.app.id}", **warnings(asked, read.unknown)}
        return json_answer(body, 201, headers)

    async def put_many(self, asked: Asked) -> web.Response:
        """PUT /v2/apps: an array; missing ones are created."""
        return await self._many(asked, creates=True)

    async def patch_many(self, asked: Asked) -> web.Response:
        """PATCH /v2/apps: as PUT, but unknown ids are 404."""
        return await self._many(asked, creates=False)

    async def put(self, asked: Asked) -> web.Response:
        """PUT /v2/apps/ID."""
        return await self._one(asked, creates=True, partial=asked.flag("partialUpdate", True))

    async def patch(self, asked: Asked) -> web.Response:
        """PATCH /v2/apps/ID."""
        return await self._one(asked, creates=False, partial=True)

    async def removed(self, asked: Asked) -> web.Response:
        """DELETE /v2/apps/ID; forced unless it says otherwise."""
        app_id = app_path(asked.ids[0])
        by = By(author(asked), asked.flag("force", True))
        check = app_check(asked.request.headers, app_id)

        def remove() -> Planned:
            check(self._asking.service.board)
            return self._asking.operations.remove_app(app_id, by)

        return deployment_answer(await self._asking.defined(asked, remove))

    async def restarted(self, asked: Asked) -> web.Response:
        """POST /v2/apps/ID/restart."""
        app_id = app_path(asked.ids[0])
        return deployment_answer(await self._asking.change(
            asked, lambda by: self._asking.operations.restart_app(app_id, by),
            app_check(asked.request.headers, app_id)))

    async def versions(self, asked: Asked) -> web.Response:
        """GET /v2/apps/ID/versions."""
        app, _ = self.one(app_path(asked.ids[0]))
        return json_answer({"versions": sorted(app.definitions, reverse=True)})

    async def version(self, asked: Asked) -> web.Response:
        """GET /v2/apps/ID/versions/VERSION."""
        app_id, version = app_path(asked.ids[0]), asked.ids[1]
        app, _ = self.one(app_id)
        definition = app.definitions.get(version)
        if definition is None:
            raise not_found(f"App '{app_id}' does not exist in version {version}")
        return json_answer(_as_it_was(definition))

    def one(self, app_id: str) -> tuple[AppView, Target]:
        """Raises RefusedError 404."""
        app = self._asking.view.apps.get(app_id)
        if app is None or app.target is None:
            raise no_app(app_id)
        return app, app.target

    def read_update(self, value: Any, app_id: str, existing: App | None, *, partial: bool) -> Read:
        """What a PUT makes of an app. Raises MarathonError."""
        return updated_app(value, self._config, existing, app_id, partial=partial,
                           enforced=self.is_enforced(app_id))

    def is_enforced(self, app_id: str) -> bool:
        """Whether the top-level group of an app says that its apps have the group's role."""
        return is_enforced(self._asking.view.root, app_id)

    # ---- inside

    async def _one(self, asked: Asked, *, creates: bool, partial: bool) -> web.Response:
        app_id = app_path(asked.ids[0])
        body = await asked.json()
        _object(body)
        check = app_check(asked.request.headers, app_id)
        found: list[Read] = []

        def change(by: By) -> Planned:
            root = self._asking.operations.root
            existing = find_app(root, app_id)
            if existing is None and not creates:
                raise no_app(app_id)
            version = version_to_restore(body)
            if version is not None:
                app = self._asking.operations.app_at(app_id, version)
                read = Read(app)
            else:
                read = self.read_update(body, app_id, existing, partial=partial)
            check(self._asking.service.board)
            found.append(read)
            return self._posted(asked, read.app,
                                self._asking.operations.put_apps([read.app], by, whole=not partial))

        planned = await self._asking.change(asked, change)
        new = planned.deployment.changes.get(app_id)
        created = new is not None and new.before is None
        answer = deployment_answer(planned, 201 if created else 200)
        answer.headers.update(warnings(asked, found[0].unknown))
        if created:
            answer.headers["Location"] = f"/v2/apps{app_id}"
        return answer

    async def _many(self, asked: Asked, *, creates: bool) -> web.Response:
        values = await asked.json()
        if not isinstance(values, list):
            raise RefusedError(422, "Invalid JSON", [Detail("/", ("error.expected.jsarray",))])
        if len(values) > MAX_APPS:
            raise RefusedError(413, f"The service keeps at most {MAX_APPS} apps")
        partial = asked.flag("partialUpdate", True)
        unknown: list[str] = []

        def change(by: By) -> Planned:
            apps: dict[str, App] = {}
            for index, value in enumerate(values):
                _object(value, f"({index})")
                if not isinstance(value.get("id"), str):
                    raise broken(f"({index})", "App Update must have app id set")
                app_id = ids.canonical(value["id"])
                existing = apps.get(app_id) or find_app(self._asking.operations.root, app_id)
                if existing is None and not creates:
                    raise no_app(app_id)
                try:
                    read = self.read_update(value, app_id, existing, partial=partial)
                except MarathonError as error:
                    raise error.under(f"({index})") from None
                unknown.extend(f"({index}){path}" for path in read.unknown)
                apps[app_id] = read.app
            return self._asking.operations.put_apps(list(apps.values()), by, whole=not partial)

        answer = deployment_answer(await self._asking.change(asked, change))
        answer.headers.update(warnings(asked, unknown))
        return answer

    def _read(self, body: Any) -> Read:
        _object(body)
        app_id = ids.canonical(body["id"]) if isinstance(body.get("id"), str) else ids.ROOT
        return read_app(body, self._config, enforced=self.is_enforced(app_id))

    def _selected(self, asked: Asked) -> list[tuple[AppView, Target]]:
        query = asked.request.query
        cmd, name = query.get("cmd", "").lower(), query.get("id", "").lower()
        labels = asked.texts("label")
        found = []
        for app in self._asking.view.apps.values():
            target = app.target
            if target is None or name not in app.id or cmd not in (target.app.cmd or "").lower():
                continue
            try:
                if all(matches(each, target.app.labels) for each in labels):
                    found.append((app, target))
            except SpecError as error:
                raise RefusedError(422, f"Label selector: {error.problem}") from error
        return found

    def _posted(self, asked: Asked, app: App, planned: Planned) -> Planned:
        """Tell that an app was defined, as Marathon does, in the same turn: before anything that comes of it."""
        self._asking.service.events.emit("api_post_event", {
            "clientIp": asked.request.remote or "", "uri": asked.request.path, "appDefinition": app_json(app)}, app.id)
        return planned


def app_path(text: str) -> str:
    """The id of an app out of a path."""
    return ids.canonical("/" + text)


def is_enforced(root: Group, path: str) -> bool:
    """Whether the top-level group that a path is in says that its apps have its role."""
    group = root.groups.get(ids.top_level(path)) if path != ids.ROOT else None
    return group is not None and bool(group.enforce_role)


def warnings(asked: Asked, unknown: Sequence[str]) -> dict[str, str]:
    """The header that names what was passed over: fields that nobody knows, keys that come again;
    none if nothing.
    """
    found = [*unknown, *asked.repeated]
    return {WARNINGS: json.dumps(found)} if found else {}


def _object(value: Any, path: str = "/") -> None:
    if not isinstance(value, dict):
        raise RefusedError(422, "Invalid JSON", [Detail(path, ("error.expected.jsobject",))])


def _as_it_was(definition: Definition) -> dict[str, Any]:
    info = definition.info
    return {**app_json(definition.app), "version": info.version, "versionInfo": {
        "lastScalingAt": info.last_scaling_at, "lastConfigChangeAt": info.last_config_change_at}}

