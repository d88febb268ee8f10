"""/v2/tasks and the tasks of apps: listed, and ended."""
from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from scheduler.api.asking import Asking, author, deployment_answer
from scheduler.api.errors import RefusedError, no_app, not_found
from scheduler.api.handlers.apps import app_path
from scheduler.api.server import Asked, json_answer, text_answer
from scheduler.api.shown.tasks import is_task, task_json
from scheduler.api.shown.texts import Texts
from scheduler.apps.ids import read_task_id, task_id
from scheduler.apps.instance import Instance
from scheduler.service.operations import By
from scheduler.service.tree import is_below
from scheduler.service.views import AppView
from scheduler.tasks.conditions import Condition
from specs.errors import SpecError

_STATUSES = {"running": frozenset({Condition.RUNNING}),
             "staging": frozenset({Condition.STAGING, Condition.PROVISIONED, Condition.STARTING})}


class Tasks:
    """Handlers."""

    def __init__(self, asking: Asking, texts: Texts) -> None:
        self._asking = asking
        self._texts = texts

    async def listed(self, asked: Asked) -> web.Response:
        """GET /v2/tasks: as JSON, or as the lines that old proxies read."""
        accept = asked.request.headers.get("Accept", "*/*")
        if "text/plain" in accept and "application/json" not in accept and "*/*" not in accept:
            return web.Response(text=endpoints(self._asking.view.apps.values()))
        wanted = [each.lower() for each in asked.texts("status")]
        if any(each not in _STATUSES for each in wanted):
            raise RefusedError(400, "status is running or staging")
        apps = self._asking.view.apps.values()
        if not wanted:
            return text_answer(f'{{"tasks":{self._texts.tasks(apps)}}}')
        conditions = frozenset().union(*(_STATUSES[each] for each in wanted))
        return json_answer({"tasks": [task_json(each, _service_ports(app)) for app in apps
                                      for each in app.instances
                                      if is_task(each) and each.shown in conditions]})

    async def of_app(self, asked: Asked) -> web.Response:
        """GET /v2/apps/ID/tasks, where ID may be GROUP/*."""
        apps = self._apps(asked.ids[0])
        return json_answer({"tasks": [task_json(each) for app in apps for each in app.instances
                                      if is_task(each)]})

    async def kill_of_app(self, asked: Asked) -> web.Response:
        """DELETE /v2/apps/ID/tasks."""
        host = asked.request.query.get("host")
        apps = self._apps(asked.ids[0])
        found = [each for app in apps for each in app.instances if is_task(each)
                 and (host in (None, "*") or (each.location is not None
                                              and each.location.hostname == host))]
        return await self._kill(asked, found, many=True)

    async def kill_one(self, asked: Asked) -> web.Response:
        """DELETE /v2/apps/ID/tasks/TASK."""
        apps = self._apps(asked.ids[0])
        found = [each for app in apps for each in app.instances if _task_id(each) == asked.ids[1]
                 and is_task(each)]
        if not found:
            raise not_found(f"Task '{asked.ids[1]}' does not exist")
        return await self._kill(asked, found, many=False)

    async def kill_many(self, asked: Asked) -> web.Response:
        """POST /v2/tasks/delete."""
        body = await asked.json()
        ids = body.get("ids") if isinstance(body, dict) else None
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            raise RefusedError(422, "Invalid JSON")
        for each in ids:
            try:
                read_task_id(each)
            except SpecError as error:
                raise RefusedError(400, f"Invalid task id '{each}'. [{error.problem}]") from error
        wanted = set(ids)
        found = [each for app in self._asking.view.apps.values() for each in app.instances
                 if is_task(each) and _task_id(each) in wanted]
        return await self._kill(asked, found, many=True)

    async def _kill(self, asked: Asked, instances: list[Instance], *, many: bool) -> web.Response:
        scale, wipe = asked.flag("scale"), asked.flag("wipe")
        if scale and wipe:
            raise RefusedError(400, "You cannot use scale and wipe at the same time.")
        if scale and asked.flag("replaceFirst"):
            raise RefusedError(400, "You cannot use scale and replaceFirst at the same time.")
        by = By(author(asked), asked.flag("force"))  # `wipe` is so anyway: an instance goes with its task
        operations = self._asking.operations
        apps = {each.app_id for each in instances}
        killed, planned = await self._asking.told(asked, lambda: operations.kill(
            [_task_id(each) for each in instances], by, scale=scale,
            replace_first=asked.flag("replaceFirst")), apps.pop() if len(apps) == 1 else "")
        if planned is not None:
            return deployment_answer(planned)
        if not many and not killed:
            raise not_found(f"Task '{_task_id(instances[0])}' does not exist")  # it has ended just now
        shown = [task_json(each) for each in killed]
        return json_answer({"tasks": shown} if many else {"task": shown[0]})

    def _apps(self, name: str) -> list[AppView]:
        """The app of this id, or those of a group and below for GROUP/*. Raises RefusedError 404.
        """
        path = app_path(name)
        if path.endswith("/*"):
            group = path.removesuffix("/*") or "/"
            return [app for app in self._asking.view.apps.values() if is_below(app.id, group)
                    and app.target]
        app = self._asking.view.apps.get(path)
        if app is None or app.target is None:
            raise no_app(path)
        return [app]


def endpoints(apps: Iterable[AppView]) -> str:
    """A line for each app and service port, as Marathon's own haproxy bridge reads them. Running
    tasks only.

    As Marathon: api/EndpointsHelper.scala, up to 1.9.
    """
    lines = []
    for app in sorted(apps, key=lambda each: each.id):
        name = app.id.removeprefix("/").replace("/", "_")
        running = [each for each in app.instances if each.shown is Condition.RUNNING
                   and each.location is not None]
        ports = _service_ports(app)
        for index, port in enumerate(ports):
            places = sorted(f"{_host(each)}:{each.host_ports[index]}" for each in running
                            if index < len(each.host_ports))
            lines.append("\t".join([name, str(port), *places]) + "\t\n")
        if not ports:
            lines.append("\t".join([name, " ", *sorted(_host(each) for each in running)]) + "\t\n")
    return "".join(lines)


def _host(instance: Instance) -> str:
    return "" if instance.location is None else instance.location.hostname


def _service_ports(app: AppView) -> tuple[int, ...]:
    return () if app.target is None else app.target.app.service_ports


def _task_id(instance: Instance) -> str:
    return task_id(instance.id, instance.incarnation)
