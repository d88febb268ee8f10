"""Stops and starts agents of a running `mesos-docker local`, as if their processes were killed and
started again.

    python -m deploy.cli.local_control 127.0.0.1:5050 stop-agent 0
    python -m deploy.cli.local_control 127.0.0.1:5050 start-agent 0
"""
from __future__ import annotations

import http.client
import sys

from deploy.cli import credentials
from deploy.cli.problems import Problem
from scheduler.address import master_address


def control(address: str, action: str, index: str = "0") -> None:
    """Do it; raises OSError when nobody answers, ValueError when it is refused."""
    verb, _, noun = action.partition("-")
    if noun != "agent" or verb not in {"start", "stop"}:
        raise ValueError(f"unknown action {action!r}: start-agent or stop-agent")
    known = credentials.find(master_address(address))
    headers = {"Content-Type": "application/json",
               **credentials.header(known.credential if known else None)}
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.request("POST", f"/local/agents/{index}/{verb}", "{}", headers)
        response = connection.getresponse()
        answer = response.read().decode("utf-8", "replace")
    finally:
        connection.close()
    if response.status != 200:
        raise ValueError(f"{address} answered {response.status}: {answer}")


def main() -> int:
    if len(sys.argv) not in {3, 4}:
        sys.stderr.write(
            "usage: python -m deploy.cli.local_control HOST:PORT start-agent|stop-agent [INDEX]\n")
        return 2
    try:
        control(*sys.argv[1:])
    except (OSError, ValueError, Problem) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
