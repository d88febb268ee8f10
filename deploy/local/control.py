"""Stop and start agents and the master of a running `mesos-docker local` from outside: what tests of restarts need.

Not part of Mesos: POST /local/agents/INDEX/stop and …/start on the master's address, and a small command around them:

    python -m deploy.local.control 127.0.0.1:5050 stop-agent 0
    python -m deploy.local.control 127.0.0.1:5050 start-agent 0
"""
from __future__ import annotations

import http.client
import sys
from typing import TYPE_CHECKING

from deploy.local.http_server import Handler, Request, Response, method_not_allowed, text

if TYPE_CHECKING:
    from deploy.local.local import LocalMesos


def control_routes(mesos: LocalMesos) -> dict[str, Handler]:
    """The routes that the master's server gets in addition."""

    async def agents(request: Request) -> Response:
        if request.method != "POST":
            return method_not_allowed(request, "POST")
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


def control(address: str, action: str, index: str = "0") -> None:
    """Do it; raises OSError when nobody answers, ValueError when it is refused."""
    verb, _, noun = action.partition("-")
    if noun != "agent" or verb not in {"start", "stop"}:
        raise ValueError(f"unknown action {action!r}: start-agent or stop-agent")
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.request("POST", f"/local/agents/{index}/{verb}")
        response = connection.getresponse()
        answer = response.read().decode("utf-8", "replace")
    finally:
        connection.close()
    if response.status != 200:
        raise ValueError(f"{address} answered {response.status}: {answer}")


def main() -> int:
    if len(sys.argv) not in {3, 4}:
        sys.stderr.write("usage: python -m deploy.local.control HOST:PORT start-agent|stop-agent [INDEX]\n")
        return 2
    try:
        control(*sys.argv[1:])
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
