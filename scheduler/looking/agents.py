"""Agents over HTTP: where each is, as the leading master says, and what it answers to a GET.

Connections are kept for the next question, a few for each agent; one that was closed meanwhile is
opened again. Everything is bounded: the time for an answer, and its size.

As Mesos: master/http.cpp, `slaves`; files/files.cpp.
"""
from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from scheduler.address import master_address
from scheduler.looking.places import address
from scheduler.master.transport import Transport
from specs.errors import SpecError
from specs.network.address import HostPort

PATIENCE: Final = 5.0  # seconds for an agent that does not answer
MOST: Final = 64 * 1024 * 1024  # bytes of an answer: a busy agent's /state
IDLE: Final = 4  # connections kept for each address


class AgentError(Exception):
    """An agent, or the master, does not give what was asked for; `missing`: there is no such file."""

    def __init__(self, why: str, *, missing: bool = False, wrong: bool = False) -> None:
        """`wrong`: what was asked for cannot be read so, such as a folder."""
        super().__init__(why)
        self.missing = missing
        self.wrong = wrong


class Agents:
    """Used by any thread; its methods block."""

    def __init__(self, transport: Transport, master: Callable[[], str | None],
                 headers: Callable[[str, bool], Mapping[str, str]]) -> None:
        """`master`: HOST:PORT of the one that leads. `headers`: what to say of ourselves to HOST:PORT,
        and whether that is the master.
        """
        self._transport = transport
        self._master = master
        self._headers = headers
        self._known: dict[str, HostPort] = {}
        self._idle: dict[HostPort, list[http.client.HTTPConnection]] = {}
        self._lock = threading.Lock()

    def get(self, agent_id: str, path: str, query: Mapping[str, str | int]) -> Any:
        """The JSON of an agent's answer; texts may hold surrogate escapes, where files are no UTF-8.

        Raises AgentError.
        """
        try:
            return self._asked(self.address(agent_id), path, query, leads=False)
        except AgentError as error:
            if not (error.missing or error.wrong):
                with self._lock:
                    self._known.pop(agent_id, None)  # it may be elsewhere now
            raise

    def address(self, agent_id: str) -> HostPort:
        """Where an agent listens. Raises AgentError."""
        with self._lock:
            known = self._known.get(agent_id)
        if known is not None:
            return known
        master = self._master()
        if master is None:
            raise AgentError("there is no master that would say where the agents are")
        try:
            leading = master_address(master)
        except SpecError as error:
            raise AgentError(f"the master {master}: {error}") from error
        answer = self._asked(leading, "/slaves", {"slave_id": agent_id}, leads=True)
        found = address(answer.get("slaves", ()), agent_id)
        if found is None:
            raise AgentError(f"the agent {agent_id} is not there any more, or not just now")
        place = HostPort(*found)
        with self._lock:
            self._known[agent_id] = place
        return place

    def close(self) -> None:
        """Close what is open and idle."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connection in (each for some in idle.values() for each in some):
            connection.close()

    def _asked(self, place: HostPort, path: str, query: Mapping[str, str | int], *, leads: bool) -> Any:
        headers = self._headers(str(place), leads)
        try:
            self._transport.check(place, headers)
            status, body = self._exchange(place, f"{path}?{urlencode(query)}", headers)
            if status == http.client.OK:
                return json.loads(body.decode("utf-8", "surrogateescape"))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise AgentError(f"{place} does not answer: {_why(error)}") from error
        said = body[:200].decode(errors="replace").strip()
        if status in (401, 403):
            raise AgentError(f"{place} does not let us read: say who we are there by --agent-principal"
                             " and MESOS_AGENT_SECRET")
        raise AgentError(f"{place}: {status} {said}".strip(), missing=status == 404, wrong=status == 400)

    def _exchange(self, place: HostPort, target: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body, over a connection that was kept if there is one that holds."""
        while (kept := self._kept(place)) is not None:
            try:
                return self._over(kept, place, target, headers)
            except TimeoutError:
                raise  # it is there, and does not answer
            except (OSError, http.client.HTTPException):
                continue  # it was closed meanwhile
        return self._over(self._transport.http(place, PATIENCE), place, target, headers)

    def _over(self, connection: http.client.HTTPConnection, place: HostPort, target: str,
              headers: Mapping[str, str]) -> tuple[int, bytes]:
        try:
            connection.request("GET", target, headers={**headers, "Accept": "application/json"})
            response = connection.getresponse()
            body = response.read(MOST + 1)
        except BaseException:
            connection.close()
            raise
        if len(body) > MOST:
            connection.close()
            raise http.client.HTTPException(f"an answer of more than {MOST} bytes")
        if response.will_close or not self._keep(place, connection):
            connection.close()
        return response.status, body

    def _kept(self, place: HostPort) -> http.client.HTTPConnection | None:
        with self._lock:
            idle = self._idle.get(place)
            return idle.pop() if idle else None

    def _keep(self, place: HostPort, connection: http.client.HTTPConnection) -> bool:
        with self._lock:
            idle = self._idle.setdefault(place, [])
            if len(idle) >= IDLE:
                return False
            idle.append(connection)
            return True


def _why(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
