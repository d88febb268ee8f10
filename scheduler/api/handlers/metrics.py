"""/metrics, for Prometheus: in its text form, or as OpenMetrics for who accepts that; in Marathon's
JSON form for who accepts only JSON; and what one instance uses.
"""
from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from scheduler.api.asking import Asking
from scheduler.api.errors import not_found
from scheduler.api.server import STREAMS, Asked, json_answer
from scheduler.api.shown.metrics import dropwizard, families

OPENMETRICS: Final = "application/openmetrics-text"


class MetricsHandlers:
    """Handlers. Texts are made on threads beside the server's: with 1,000 apps it takes a while."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def metrics(self, asked: Asked) -> web.Response:
        """GET /metrics. Clients of Marathon accept nothing but JSON; Prometheus, curl and browsers do."""
        accept = asked.request.headers.get("Accept", "")
        if "application/json" in accept and "text/" not in accept:
            now = _Now(self._asking, len(asked.request.app[STREAMS]))
            return json_answer(dropwizard(now.collect(), self._asking.view, self._asking.clock()))
        return await self.prometheus(asked)

    async def prometheus(self, asked: Asked) -> web.Response:
        """GET /metrics/prometheus."""
        registry = CollectorRegistry()
        registry.register(_Now(self._asking, len(asked.request.app[STREAMS])))
        if OPENMETRICS in asked.request.headers.get("Accept", ""):
            text = await asyncio.to_thread(openmetrics.generate_latest, registry)
            kind = openmetrics.CONTENT_TYPE_LATEST
        else:
            text = await asyncio.to_thread(generate_latest, registry)
            kind = CONTENT_TYPE_PLAIN_0_0_4
        return web.Response(body=text, headers={"Content-Type": kind})

    async def stats(self, asked: Asked) -> web.Response:
        """GET /api/v1/instances/ID/stats: what it has used, the oldest first."""
        name = asked.ids[0]
        found = self._asking.service.telemetry.samples.of(name)
        if not found and not any(each.id == name for app in self._asking.view.apps.values()
                                 for each in app.instances):
            raise not_found(f"Instance '{name}' does not exist")
        return json_answer({"samples": [[each.at, round(each.cores, 4), each.memory]
                                        for each in found]})


class _Now:
    """All there is, as prometheus_client collects it."""

    def __init__(self, asking: Asking, subscribers: int) -> None:
        self._asking = asking
        self._subscribers = subscribers

    def describe(self) -> Iterator[Family]:
        """Nothing has to be compared with anything."""
        return iter(())

    def collect(self) -> Iterator[Family]:
        """Every family once."""
        telemetry, now = self._asking.service.telemetry, self._asking.clock()
        yield from telemetry.meters.registry.collect()
        yield from families(self._asking.view, telemetry.samples, now, self._subscribers)
        yield from telemetry.executors.families(now)
