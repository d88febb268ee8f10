"""POST /api/v1/agents/ID/upgrade: the custom executor of an agent makes way for what is installed.

It is two events, when it is asked and what became of it, and a line of the log: who, from where.
"""
from __future__ import annotations

import logging
from dataclasses import asdict

from aiohttp import web

from scheduler.api.asking import Asking
from scheduler.api.errors import RefusedError, not_found
from scheduler.api.handlers.execs import counted
from scheduler.api.server import Asked, json_answer
from scheduler.api.shown.agents import agents_json
from scheduler.looking.upgrades import NoUpgradeError, Upgrade, Upgrades
from specs.words.printable import printable

log = logging.getLogger(__name__)


class UpgradeHandlers:
    """Handlers."""

    def __init__(self, asking: Asking, upgrades: Upgrades) -> None:
        self._asking = asking
        self._upgrades = upgrades

    async def ask(self, asked: Asked) -> web.Response:
        """Answers when it has made way, or said why not, or said nothing for 75 s."""
        agent_id = asked.ids[0]
        known = [each for each in agents_json(self._asking.view, {}) if each["id"] == agent_id]
        if not known:
            raise not_found(f"Agent '{agent_id}' is not known")
        host = known[0]["host"]
        try:
            self._upgrades.asked(agent_id)
            await self._told(asked, agent_id, host, "started")
            with counted(asked.request):
                done = await self._upgrades.ask(agent_id)
        except NoUpgradeError as error:
            raise RefusedError(409, str(error)) from error
        log.info("Upgrade of the executor on %s by %s from %s: %s%s", host, asked.caller.name or "somebody",
                 asked.request.remote, done.done, f": {printable(done.why)}" if done.why else "")
        shown = _shown(done, host)
        await self._told(asked, agent_id, host, "ended", **{key: str(shown[key]) for key in (
            "done", "why", "before", "version")})
        return json_answer(shown)

    async def _told(self, asked: Asked, agent_id: str, host: str, phase: str, **more: str) -> None:
        data = {"agentId": agent_id, "host": host, "user": asked.caller.name,
                "address": asked.request.remote or "", **more}
        events = self._asking.service.events
        await self._asking.ask(lambda: events.emit(f"mesos_docker_upgrade_{phase}", data))


def _shown(done: Upgrade, host: str) -> dict[str, str]:
    known = asdict(done)
    return {"agent": known.pop("agent_id"), "host": host, **known}
