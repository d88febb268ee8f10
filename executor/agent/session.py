"""One session with the agent: from connecting and SUBSCRIBE to the stream's end, with a watch over
its silence.

An agent owes us an answer within seconds, and after that a HEARTBEAT every half hour, if it sends
any: those before Mesos 1.10 do not. So silence is a loss only before the first event, and after a
first HEARTBEAT. It finds an agent whose process hangs; that the network or the host is gone is
found much earlier (`executor/agent/connection.py`).
"""
from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass, field
from typing import Final

from executor.agent.connection import EventStream, Keepalive, adopted_socket, open_socket, request_headers
from executor.agent.first_call import Begun, request
from executor.settings.agent import AgentSettings
from specs.network.address import HostPort

HEARTBEAT_INTERVAL: Final = 30 * 60.0  # both ways; as Mesos: slave/constants.hpp, executor/executor.cpp


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `answer` bounds the wait for a connection, for the first event of a stream, and for
    a call's answer.
    """

    answer: float = 10.0
    heartbeat: float = HEARTBEAT_INTERVAL
    keepalive: Keepalive = field(default_factory=Keepalive)


class Session:
    """Belongs to one thread."""

    def __init__(self, settings: AgentSettings, address: HostPort, timing: Timing,
                 begun: Begun | None = None) -> None:
        """Connects, where that is not `begun`; raises OSError."""
        self.address = address
        self.heartbeats = False  # whether this agent sends them
        self._settings = settings
        self._timing = timing
        self._said = b"" if begun is None else begun.said
        self._socket = open_socket(settings, address, timing.answer, timing.keepalive) if begun is None \
            else adopted_socket(begun.connection, timing.answer, timing.keepalive)
        self._stream: EventStream | None = None
        self._first: float | None = None  # monotonic time of the first event
        self._heard = time.monotonic()  # of the last one

    def subscribe(self, body: bytes) -> None:
        """Send SUBSCRIBE, unless that is what has been said; raises OSError."""
        wanted = request(self._settings.path, request_headers(self._settings, self.address), body)
        if self._said not in (b"", wanted):
            raise ConnectionResetError("there is more to be said to the agent than was said at the start")
        self._stream = EventStream(self._socket, b"" if self._said else wanted)
        self._heard = time.monotonic()

    @property
    def subscribed(self) -> bool:
        """Whether an event has come."""
        return self._first is not None

    @property
    def lasted(self) -> float:
        """Seconds since the first event; 0 without one."""
        return 0.0 if self._first is None else time.monotonic() - self._first

    def events(self, notices: int) -> list[bytes]:
        """Wait for events, or for something to read at `notices`, which then is read and there may
        be no event.

        Raises Refusal for an answer other than 200, OSError at the stream's end and after too long
        a silence, and ValueError if what comes is not a stream of events.
        """
        assert self._stream is not None  # noqa: S101 - subscribe comes first
        allowed = self._allowed_silence()
        deadline = None if allowed is None else self._heard + allowed
        if not self._stream.ended and not wait_readable(notices, self._stream.fileno(), deadline):
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"the agent was silent for {allowed:g} s")
            return []
        records = self._stream.read()
        if records:
            self._heard = time.monotonic()
            self._first = self._first or self._heard
        return records

    def close(self) -> None:
        """End the session."""
        if self._stream is not None:
            self._stream.close()
        self._socket.close()

    def _allowed_silence(self) -> float | None:
        if self._first is None:
            return self._timing.answer
        return 2 * self._timing.heartbeat + self._timing.answer if self.heartbeats else None


def wait_readable(notices: int, descriptor: int | None, deadline: float | None) -> bool:
    """Whether `descriptor` can be read, by this monotonic time at the latest; a notice ends the
    wait too, and is read.

    Not with select(): an executor of many containers has descriptors above 1023.
    """
    poll = select.poll()
    poll.register(notices, select.POLLIN)
    if descriptor is not None:
        poll.register(descriptor, select.POLLIN)
    timeout = None if deadline is None else max(0, int((deadline - time.monotonic()) * 1000) + 1)
    ready = {each for each, _ in poll.poll(timeout)}
    if notices in ready:
        os.read(notices, select.PIPE_BUF)
    return descriptor in ready
