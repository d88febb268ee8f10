"""Stop and start agents of a running `mesos-docker local` from outside: what tests of restarts
need.

Not part of Mesos: POST /local/agents/INDEX/stop and …/start on the master's address, of JSON, which
a web page cannot send to another site. `deploy/cli/local_control.py` is a small command around
them.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from deploy.local.wire.exchange import JSON, Handler, Request, Response, method_not_allowed, text


class Restartable(Protocol):
    """What can be stopped and started: `local.LocalMesos`, on its own loop."""

    @property
    def agent_addresses(self) -> Sequence[str]: ...

    async def stop_agent_async(self, index: int) -> None: ...

    async def start_agent_async(self, index: int) -> None: ...


def control_routes(mesos: Restartable) -> dict[str, Handler]:
    """The routes that the master's server gets in addition."""

    async def agents(request: Request) -> Response:
        if request.method != "POST":
            return method_not_allowed(request, "POST")
        if request.headers.get("Content-Type") != JSON:
            return text(415, f"Expecting 'Content-Type' of {JSON}")
        words = request.path.strip("/").split("/")
        if len(words) != 4 or not words[2].isdigit() or words[3] not in {"start", "stop"}:
            return text(404, "Expecting /local/agents/INDEX/start or /local/agents/INDEX/stop")
        index = int(words[2])
        if index >= len(mesos.agent_addresses):
            return text(404, f"There is no agent {index}")
        if words[3] == "stop":
            await mesos.stop_agent_async(index)
        else:
            await mesos.start_agent_async(index)
        return Response(200)

    return {"/local/agents": agents}

