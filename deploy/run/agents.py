"""How agents are asked for files: over TLS or plain, and who we are there."""
from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from deploy.cli.credentials import Known, header
from scheduler.master.transport import Transport
from specs.network.address import HostPort
from specs.network.credential import Credential

PATIENCE = 5.0  # seconds for an agent that does not answer


class Agents:
    """Used by any thread."""

    def __init__(self, transport: Transport | None = None, *, known: Known | None = None,
                 credential: Credential | None = None) -> None:
        """`known`: a credential that some agents know; `credential`: what all of them are told."""
        self._transport = transport or Transport()
        self._known = known
        self._credential = credential
        self._names: dict[str, str] = {}  # by address: what an agent is called

    def name(self, agent: str, hostname: str) -> None:
        """What the certificate of the agent at HOST:PORT may be for, beside its address."""
        self._names[agent] = hostname

    def read(self, agent: str, query: Mapping[str, str | int]) -> dict[str, Any] | None:
        """The answer of /files/read at HOST:PORT; None if there is no such file (yet).

        Raises OSError or HTTPException; ExposedSecretError where a secret would go in clear. Agents
        put the file's bytes into their JSON as they are, valid UTF-8 or not.
        """
        host, _, port = agent.rpartition(":")
        address = HostPort(host.strip("[]"), int(port), self._names.get(agent))
        headers = header(self._credential or (self._known.of(agent) if self._known else None))
        self._transport.check(address, headers)
        connection = self._transport.http(address, PATIENCE)
        try:
            connection.request("GET", f"/files/read?{urlencode(query)}", headers=headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status == http.client.NOT_FOUND:
            return None
        if response.status != http.client.OK:
            said = body[:200].decode(errors="replace").strip()
            raise http.client.HTTPException(f"{response.status} {response.reason}"
                                            + (f": {said!a}" if said else ""))
        answer: dict[str, Any] = json.loads(body.decode("utf-8", "surrogateescape"))
        return answer
