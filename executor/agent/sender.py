"""The sender: a thread that posts calls to the agent, one after the other, so that nobody else waits for the network.

It works while a session lasts, from the first event of a stream to the stream's loss. A call that the agent does not
take yet (503, 404) is repeated, and those behind it wait: order is kept. A connection that breaks is made again once,
because an agent may close an idle one; if that fails too, the session is over and SUBSCRIBE carries what is missing.
"""
from __future__ import annotations

import http.client
import json
import logging
import threading
import time
from collections import deque
from typing import Any, Protocol

from executor.agent.connection import CallConnection, Refusal
from executor.agent.outage import ASK_AGAIN

log = logging.getLogger(__name__)


class SenderEvents(Protocol):
    """What the sender has to tell; called on its thread."""

    def session_broken(self, why: str) -> None: ...

    def call_refused(self, kind: str, refusal: Refusal) -> None: ...


class AgentSender:
    """A queue of calls and the thread that empties it."""

    def __init__(self, events: SenderEvents, heartbeat: dict[str, Any], heartbeat_interval: float) -> None:
        """`heartbeat` is the HEARTBEAT call, posted every `heartbeat_interval` seconds of a session."""
        self._events = events
        self._heartbeat = heartbeat
        self._heartbeat_interval = heartbeat_interval
        self._change = threading.Condition()
        self._queue: deque[dict[str, Any]] = deque()
        self._session: CallConnection | None = None
        self._ended: list[CallConnection] = []  # sessions that are over, for the thread to close
        self._heartbeat_due = 0.0
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="mesos-sender", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def enqueue(self, call: dict[str, Any]) -> None:
        """Post this call behind all others, once there is a session."""
        with self._change:
            self._queue.append(call)
            self._change.notify_all()

    def clear(self) -> None:
        """Forget what is queued: SUBSCRIBE carries it."""
        with self._change:
            self._queue.clear()

    def open(self, connection: CallConnection) -> None:
        """A session begins."""
        with self._change:
            self._session = connection
            self._heartbeat_due = time.monotonic() + self._heartbeat_interval
            self._change.notify_all()

    @property
    def in_session(self) -> bool:
        """Whether calls are posted now."""
        with self._change:
            return self._session is not None

    def close(self) -> None:
        """The session is over; a post under way ends with an error."""
        with self._change:
            session, self._session = self._session, None
            if session is not None:
                session.abort()
                self._ended.append(session)
            self._change.notify_all()

    def stop(self) -> None:
        """End the thread; nothing is posted afterwards."""
        with self._change:
            self._stopped = True
            self._change.notify_all()
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the thread's end."""
        if self.alive:
            self._thread.join(timeout)

    def _run(self) -> None:
        while (work := self._next()) is not None:
            session, call = work
            try:
                done = self._post(session, call)
            except Exception:  # the thread must go on, whatever a call holds
                log.exception("A %s call could not be sent", call.get("type"))
                done = True
            with self._change:
                if done and self._queue and self._queue[0] is call:
                    self._queue.popleft()

    def _next(self) -> tuple[CallConnection, dict[str, Any]] | None:
        with self._change:
            while True:
                while self._ended:
                    self._ended.pop().close()
                if self._stopped:
                    return None
                now = time.monotonic()
                if self._session is not None and now >= self._heartbeat_due:
                    self._queue.append(self._heartbeat)
                    self._heartbeat_due = now + self._heartbeat_interval
                if self._session is not None and self._queue:
                    return self._session, self._queue[0]
                self._change.wait(None if self._session is None else self._heartbeat_due - now)

    def _post(self, session: CallConnection, call: dict[str, Any]) -> bool:
        """Whether the call is done with; False: try again, in this session or in the next."""
        body = json.dumps(call).encode()
        try:
            self._post_twice(session, body)
        except Refusal as refusal:
            return self._refused(session, call, refusal)
        except (OSError, http.client.HTTPException) as error:
            self._break(session, f"{call['type']} could not be sent: {error!r}")
            return False
        return True

    def _post_twice(self, session: CallConnection, body: bytes) -> None:
        try:
            session.post(body)
        except (OSError, http.client.HTTPException) as error:
            if not self._lasts(session):
                raise
            log.info("The connection for calls broke (%r); making another", error)
            session.close()
            session.post(body)

    def _refused(self, session: CallConnection, call: dict[str, Any], refusal: Refusal) -> bool:
        if refusal.status == http.client.FORBIDDEN:  # "Executor is not subscribed"
            self._break(session, refusal.of(call["type"]))
            return False
        if refusal.status == http.client.NOT_FOUND or refusal.status >= http.client.INTERNAL_SERVER_ERROR:
            log.warning("%s; trying again", refusal.of(call["type"]))
            with self._change:
                self._change.wait_for(lambda: self._stopped or self._session is not session, ASK_AGAIN)
            return False
        self._events.call_refused(call["type"], refusal)
        return True

    def _break(self, session: CallConnection, why: str) -> None:
        if self._lasts(session):
            self.close()
            self._events.session_broken(why)

    def _lasts(self, session: CallConnection) -> bool:
        with self._change:
            return self._session is session and not self._stopped
