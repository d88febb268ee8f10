"""How a service asks the agents of its cluster for files: over the cluster's TLS, and as whom they
know it.
"""
from __future__ import annotations

from collections.abc import Mapping

from deploy.cli.credentials import Known, header
from specs.messages.credential import Credential


class AgentKeys:
    """Who we are for agents that ask who reads, and for the master that says where they are.

    `known` is told when the cluster is there: what an embedded Mesos demands, or the credential of
    the framework, which goes to the master alone.
    """

    def __init__(self, operator: Credential | None) -> None:
        """`operator`: what all of them are told instead."""
        self._operator = operator
        self.known: Known | None = None

    def headers(self, place: str, leads: bool) -> Mapping[str, str]:
        """What a request to HOST:PORT, which leads or is an agent, says of us."""
        if self._operator is not None or self.known is None:
            return header(self._operator)
        return header(self.known.credential if leads else self.known.of(place))
