"""/v2/deployments, /v2/queue, /v2/info, /v2/leader and what else Marathon's clients ask of the
whole.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from aiohttp import web

from scheduler.api.asking import Asking, author, deployment_answer
from scheduler.api.errors import RefusedError, not_found
from scheduler.api.handlers.apps import app_path
from scheduler.api.server import Asked, json_answer
from scheduler.api.shown.deployments import deployment_json, queue_json
from scheduler.service.operations import By

VERSION = "1.11.24"  # of Marathon: what its clients look at before they use newer calls


class Setting(NamedTuple):
    """An option of the service; `origin`: flag, environment or default. No secret is in `value`."""

    name: str
    value: str | None
    origin: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this service is, for /v2/info."""

    name: str
    role: str
    master: str
    local_port_min: int
    local_port_max: int
    features: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()


class Whole:
    """Handlers."""

    def __init__(self, asking: Asking, identity: Identity, leader: Callable[[], str],
                 resubscribe: Callable[[], None]) -> None:
        """`leader`: our URL; `resubscribe`: give the subscription up and take it again."""
        self._asking = asking
        self._identity = identity
        self._leader = leader
        self._resubscribe = resubscribe

    async def deployments(self, asked: Asked) -> web.Response:
        """GET /v2/deployments."""
        _ = asked
        view = self._asking.view
        return json_answer([deployment_json(each, view.apps) for each in view.deployments.values()])

    async def undone(self, asked: Asked) -> web.Response:
        """DELETE /v2/deployments/ID: rolled back, or with force=true stopped where it is."""
        deployment_id = asked.ids[0]
        operations = self._asking.operations
        if asked.flag("force"):
            await self._asking.told(asked, lambda: operations.stop(deployment_id))
            return web.Response(status=202)
        by = By(author(asked), force=True)
        return deployment_answer(await self._asking.defined(
            asked, lambda: operations.roll_back(deployment_id, by)))

    async def queue(self, asked: Asked) -> web.Response:
        """GET /v2/queue."""
        with_offers = "lastUnusedOffers" in asked.texts("embed")
        return json_answer(queue_json(self._asking.view, self._asking.clock(),
                                      with_offers=with_offers))

    async def undelayed(self, asked: Asked) -> web.Response:
        """DELETE /v2/queue/ID/delay."""
        app_id = app_path(asked.ids[0])
        app = self._asking.view.apps.get(app_id)
        if app is None or not app.waits:
            raise not_found(f"Application {app_id} not found in tasks queue.")
        await self._asking.told(asked, lambda: self._asking.operations.reset_delay(app_id), app_id)
        return web.Response(status=204)

    async def configuration(self, asked: Asked) -> web.Response:
        """GET /api/v1/configuration: every option, and where it comes from."""
        _ = asked
        return json_answer([each._asdict() for each in self._identity.settings])

    async def info(self, asked: Asked) -> web.Response:
        """GET /v2/info."""
        _ = asked
        framework, identity = self._asking.view.framework, self._identity
        url = urlsplit(self._leader())
        shown: dict[str, Any] = {
            "name": "marathon", "version": VERSION, "buildref": "mesos-docker", "elected": True,
            "leader": url.netloc, "marathon_config": {
                "master": identity.master, "framework_name": identity.name,
                "mesos_role": identity.role,
                "checkpoint": True, "failover_timeout": 604800, "ha": False,
                "hostname": url.hostname or "",
                "local_port_min": identity.local_port_min,
                "local_port_max": identity.local_port_max,
                "features": list(identity.features), "webui_url": self._leader()},
            "zookeeper_config": {}, "http_config": {
                "http_port": url.port or 80, "https_port": url.port if url.scheme == "https"
                else None}}
        if framework.id is not None:
            shown["frameworkId"] = framework.id
        shown["http_config"] = {key: value for key,
                                value in shown["http_config"].items() if value is not None}
        return json_answer(shown)

    async def leader(self, asked: Asked) -> web.Response:
        """GET /v2/leader."""
        _ = asked
        return json_answer({"leader": urlsplit(self._leader()).netloc})

    async def abdicated(self, asked: Asked) -> web.Response:
        """DELETE /v2/leader: the subscription is given up and taken again; the process stays."""
        _ = asked
        self._resubscribe()
        return json_answer({"message": "Leadership abdicated"})

    async def plugins(self, asked: Asked) -> web.Response:
        """GET /v2/plugins."""
        _ = asked
        return json_answer({"plugins": []})

    async def pods(self, asked: Asked) -> web.Response:
        """GET /v2/pods and its statuses: there are none. HEAD says so to clients that look before
        they leap.
        """
        if asked.request.method == "HEAD":
            raise RefusedError(405, "There are no pods here", allow="GET")
        return json_answer([])

    async def no_pods(self, asked: Asked) -> web.Response:
        """POST /v2/pods."""
        _ = asked
        raise RefusedError(422,
                           "Pods are task groups of the Mesos containerizer: they cannot be run here")
