"""Where a soak takes place: on an embedded Mesos, on a real one that is started for it, or on one that is there."""
from __future__ import annotations

import contextlib
import http.client
import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import LocalMesos
from tests.deploy.local.real_mesos import RealMesos
from tests.soak import network
from tests.soak.network import Fault

PATIENCE = 15.0  # seconds that a recovered agent waits for its executors, at most; one may be killed meanwhile
BUILD = "MESOS_BUILD"  # as of tests/deploy/local/real_mesos.py


@dataclass(frozen=True, slots=True)
class Place:
    """`restart_agent`: kill it, and start it after so many seconds; None: nobody can. `links`: by name, how its network
    fails in a certain way for so many seconds.
    """

    name: str
    master: str
    restart_agent: Callable[[float], None] | None
    links: Mapping[str, Callable[[Fault, float], None]]


@contextlib.contextmanager
def place(master: str | None, agent_command: str | None) -> Iterator[Place]:
    """`master`: HOST:PORT of one that is there; `agent_command`: kills its agent, waits so many seconds as it is told,
    and starts it again.
    """
    build = os.environ.get(BUILD)
    if master is not None:
        agent = asked_agent(master)
        yield Place(f"a Mesos at {master}", master,
                    _command(agent_command) if agent_command else None, _ports(master, agent))
    elif build:
        with RealMesos(Path(build), containerizers="mesos",
                       executor_reregistration_timeout=PATIENCE) as real:
            yield Place("a real Mesos", real.address, _restarts(real),
                        _ports(real.address, real.agent_addresses[0]))
    else:
        with LocalMesos(1, executor_reregistration_timeout=PATIENCE) as mesos:
            yield Place("an embedded Mesos", mesos.address, _restarts(mesos), {
                **_ports(mesos.address, mesos.agent_addresses[0]),
                # These two share a process, and have no port between them: what gets lost is the same.
                "agent and master": lambda _, seconds: mesos.break_link(0, seconds)})


def asked_agent(master: str) -> str:
    """The address of a master's only agent, which must be on this machine. Raises AssertionError."""
    connection = http.client.HTTPConnection(master, timeout=60)
    connection.request("GET", "/slaves")
    agents = json.loads(connection.getresponse().read())["slaves"]
    connection.close()
    assert len(
        agents) == 1, f"the Mesos at {master} should have one agent, on this machine; it has {len(agents)}"
    return str(agents[0]["pid"].partition("@")[2])


def _ports(master: str, agent: str) -> dict[str, Callable[[Fault, float], None]]:
    """At an agent's port its executors are connected to it; at a master's, its agents and frameworks."""
    def failing(address: str) -> Callable[[Fault, float], None]:
        port = int(address.rpartition(":")[2])
        return lambda fault, seconds: network.strike(fault, port, seconds)
    return {"executor and agent": failing(agent), "all and master": failing(master)}


def _restarts(mesos: LocalMesos | RealMesos) -> Callable[[float], None]:
    def restart(seconds: float) -> None:
        mesos.stop_agent(0)
        time.sleep(seconds)
        mesos.start_agent(0)
    return restart


def _command(text: str) -> Callable[[float], None]:
    def restart(seconds: float) -> None:
        subprocess.run([*shlex.split(text), f"{seconds:.1f}"], check=True)
    return restart
