"""How a service reaches the agents of its cluster: for files over the cluster's TLS, as whom they know
it, and its executors there by framework messages that say how they reach the service.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deploy.cli.credentials import Known, header
from scheduler.looking.agents import AgentError, Agents
from scheduler.looking.execs import CallBack
from scheduler.master.port import Master
from scheduler.master.transport import Transport, is_here
from specs.network.credential import Credential


class ReachedAgents:
    """Implements AgentSide. What is known only when the cluster is there comes with `attach`."""

    def __init__(self, transport: Transport, leader: Callable[[], str | None], operator: Credential | None,
                 callback: Callable[[], CallBack], *, advertised: bool, custom: bool) -> None:
        """`leader`: HOST:PORT of the master; `operator`: who we are for all of them, where that was
        said; `callback`: how we are reached, from everywhere if it is `advertised`.
        """
        self.custom = custom
        self._agents = Agents(transport, leader, self._headers)
        self._operator = operator
        self._callback = callback
        self._advertised = advertised
        self._known: Known | None = None
        self._master: Master | None = None

    def attach(self, master: Master, known: Known | None) -> None:
        """The cluster is there. `known`: what an embedded Mesos demands, or the credential of the
        framework, which goes to the master alone.
        """
        self._master, self._known = master, known

    def get(self, agent_id: str, path: str, query: Mapping[str, str | int]) -> Any:
        """The JSON of an agent's answer. Raises AgentError."""
        return self._agents.get(agent_id, path, query)

    def callback(self, agent_id: str) -> CallBack:
        """Raises AgentError where --advertise is missing."""
        if not self._advertised and not is_here(self._agents.address(agent_id).host):
            raise AgentError(f"the agent at {self._agents.address(agent_id)} is on another machine: start the service "
                             "with --advertise URL, so that its executor knows where to call back")
        return self._callback()

    def send(self, agent_id: str, executor_id: str, data: bytes) -> None:
        """A framework message; best effort."""
        if self._master is not None:
            self._master.message(agent_id, executor_id, data)

    def _headers(self, place: str, leads: bool) -> Mapping[str, str]:
        """What a request to HOST:PORT, which leads or is an agent, says of us."""
        if self._operator is not None or self._known is None:
            return header(self._operator)
        return header(self._known.credential if leads else self._known.of(place))
