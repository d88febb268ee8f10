"""/ping, /healthz, /readyz: whether the service lives, and whether it can do its work. They need no
credential.
"""
from __future__ import annotations

from aiohttp import web

from scheduler.api.asking import Asking
from scheduler.api.server import Asked, json_answer


class HealthHandlers:
    """Handlers."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def ping(self, asked: Asked) -> web.Response:
        """GET /ping: a text, or the same as JSON for who accepts nothing else."""
        accept = asked.request.headers.get("Accept", "*/*")
        if "*/*" in accept or "text/" in accept:
            return web.Response(text="pong")
        if "application/json" in accept:
            return json_answer("pong")
        return web.Response(status=204)

    async def live(self, asked: Asked) -> web.Response:
        """GET /healthz: the process answers."""
        _ = asked
        return json_answer({"status": "ok"})

    async def ready(self, asked: Asked) -> web.Response:
        """GET /readyz: 200 once it is subscribed and can write its state."""
        _ = asked
        view = self._asking.view
        wrong = []
        if view.framework.master is None:
            wrong.append(f"not subscribed to a master: {view.framework.why_not or 'not yet'}")
        if view.trouble is not None:
            wrong.append(view.trouble)
        return json_answer({"status": "not ready", "why": wrong} if wrong else {"status": "ready"},
                           503 if wrong else 200)
