"""The outgoing side of the driver: one thread posts all calls, and nobody else waits for it.

    send -> outbox -> queue -> thread -> agent -> ACKNOWLEDGED -> out of the outbox
               |                                                       ^
               +---- SUBSCRIBE after every loss, carries all of it ----+

Outbox and queue stand behind one lock, so that they never disagree. When a SUBSCRIBE is made it
takes everything in the outbox with it and the queue is emptied; what is sent later queues up until
the agent answers with an event. So an update may reach the agent twice (it knows it by its uuid),
but none is forgotten, and none overtakes an earlier one of its task.

An update is durable before it is told: the thread waits for the disk before it posts one, and once
for all that were stored by then (`Keeper.settle`). Who sends does not wait.

The thread works while a session lasts, from the first event of a stream to the stream's loss. A
call that the agent does not take yet (503, 404) is repeated, and those behind it wait: order is
kept. A connection that breaks is made again once, because an agent may close an idle one; if that
fails too, the session is over.
"""
from __future__ import annotations

import dataclasses
import http.client
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from executor.agent import calls
from executor.agent.calls import Call
from executor.agent.connection import CallConnection, Refusal
from executor.agent.outage import ASK_AGAIN
from executor.agent.outbox import Outbox, acknowledged, launched, stored
from executor.agent.port import Keeper
from executor.settings.agent import AgentSettings
from executor.unique import unique_bytes
from specs.forms import Message
from specs.messages.status import TaskStatus
from specs.rules.executor_call import call_problem

log = logging.getLogger(__name__)


class SenderEvents(Protocol):
    """What the sender has to tell; called on its thread."""

    def session_broken(self, why: str) -> None: ...

    def call_refused(self, kind: str, refusal: Refusal) -> None: ...


class Sender:
    """Safe to use from any thread; no method waits for the network, save `drained` and `join`."""

    def __init__(self, settings: AgentSettings, events: SenderEvents, heartbeat_interval: float,
                 clock: Callable[[], float], *, box: Outbox | None = None,
                 keeper: Keeper | None = None) -> None:
        """`clock` stamps the updates, seconds since the epoch.

        `heartbeat_interval`: seconds between two HEARTBEAT. `box`: what a process before this one
        has left.
        """
        self._settings = settings
        self._events = events
        self._heartbeat = calls.heartbeat(settings)
        self._heartbeat_interval = heartbeat_interval
        self._clock = clock
        self._change = threading.Condition()  # guards all that follows
        self._box = box or Outbox()
        self._keeper = keeper
        self._queue: deque[tuple[Call, int]] = deque()  # each with its place at the keeper's; 0: none
        self._resent = 0
        self._session: CallConnection | None = None
        self._ended: list[CallConnection] = []  # sessions that are over, for the thread to close
        self._heartbeat_due = 0.0
        self._over = False  # nothing will be acknowledged any more: stopped, or the agent given up
        self._thread = threading.Thread(target=self._run, name="mesos-sender", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def end(self) -> None:
        """End the thread; nothing is posted afterwards, and nobody waits for an acknowledgement."""
        with self._change:
            self._over = True
            self.pause()

    @property
    def alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the thread's end."""
        if self.alive:
            self._thread.join(timeout)

    # What is to be sent.

    def send(self, status: TaskStatus) -> None:
        """Report an update; it gets a uuid and the time, if it has none.

        An impossible update is logged, not sent.
        """
        stamped = dataclasses.replace(
            status, uuid=status.uuid or unique_bytes(),
            timestamp=self._clock() if status.timestamp is None else status.timestamp)
        call = calls.update(self._settings, stamped)
        problem = call_problem(call) or self._store(stamped, call)
        if problem is not None:
            log.error("Dropping UPDATE %s of task %s: %s", status.state, status.task_id, problem)

    def _store(self, update: TaskStatus, call: Call) -> str | None:
        """Keep it and queue it, in one: the queue's order is the outbox's. Why not, if so."""
        with self._change:
            if self._over:
                return "the driver has ended"
            try:
                self._box = stored(self._box, update)
            except ValueError as error:
                return str(error)
            self._enqueue(call, 0 if self._keeper is None else
                          self._keeper.stored(update, call["update"]["status"]))
        return None

    def updates(self) -> tuple[int, int]:
        """How many are not acknowledged, and how many a SUBSCRIBE has carried."""
        with self._change:
            return len(self._box.updates), self._resent

    def message(self, data: bytes) -> None:
        """Send a framework message if there is an agent to take it. As Mesos: dropped otherwise."""
        with self._change:
            if self._session is not None:
                self._enqueue(calls.message(self._settings, data))
                return
        log.warning("Dropping MESSAGE: the agent is out of reach")

    def _enqueue(self, call: Call, place: int = 0) -> None:
        self._queue.append((call, place))
        self._change.notify_all()

    # What the agent tells.

    def launched(self, task_id: str, task: Message) -> None:
        """A LAUNCH came: SUBSCRIBE names the task until one of its updates is acknowledged."""
        with self._change:
            self._box = launched(self._box, task_id, task)

    def acknowledged(self, task_id: str, update: bytes) -> None:
        """The agent has stored this update."""
        with self._change:
            self._box = acknowledged(self._box, task_id, update)
            if self._keeper is not None:
                self._keeper.acknowledged(task_id, update)
            self._change.notify_all()

    def drained(self, timeout: float) -> bool:
        """Whether all is acknowledged within `timeout` seconds.

        False at once when nobody is left to do so.
        """
        with self._change:
            self._change.wait_for(lambda: self._box.empty or self._over, timeout)
            return self._box.empty

    # Sessions.

    def subscribe(self) -> bytes:
        """The body of SUBSCRIBE, with all that the outbox holds; what was queued is in it."""
        with self._change:
            self._queue.clear()
            box = self._box
            self._resent += len(box.updates)
        if self._keeper is not None and box.updates:
            self._keeper.settle()
        return json.dumps(calls.subscribe(self._settings, box)).encode()

    def begin(self, connection: CallConnection) -> None:
        """A session begins: calls can be posted."""
        with self._change:
            self._session = connection
            self._heartbeat_due = time.monotonic() + self._heartbeat_interval
            self._change.notify_all()

    def pause(self) -> None:
        """The session is over: a post under way ends with an error, calls wait for the next."""
        with self._change:
            session, self._session = self._session, None
            if session is not None:
                session.abort()
                self._ended.append(session)
            self._change.notify_all()

    # The thread.

    def _run(self) -> None:
        while (work := self._next()) is not None:
            session, call, place = work
            try:
                if self._keeper is not None and place:
                    self._keeper.settle(place)
                done = self._post(session, call)
            except Exception:  # the thread must go on, whatever a call holds
                log.exception("A %s call could not be sent", call.get("type"))
                done = True
            with self._change:
                if done and self._queue and self._queue[0][0] is call:
                    self._queue.popleft()

    def _next(self) -> tuple[CallConnection, Call, int] | None:
        with self._change:
            while True:
                while self._ended:
                    self._ended.pop().close()
                if self._over:
                    return None
                now = time.monotonic()
                if self._session is not None and now >= self._heartbeat_due:
                    self._enqueue(self._heartbeat)
                    self._heartbeat_due = now + self._heartbeat_interval
                if self._session is not None and self._queue:
                    return self._session, *self._queue[0]
                self._change.wait(None if self._session is None else self._heartbeat_due - now)

    def _post(self, session: CallConnection, call: Call) -> bool:
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

    def _refused(self, session: CallConnection, call: Call, refusal: Refusal) -> bool:
        if refusal.status == http.client.FORBIDDEN:  # "Executor is not subscribed"
            self._break(session, refusal.of(call["type"]))
            return False
        if refusal.status == http.client.NOT_FOUND or refusal.status >= http.client.INTERNAL_SERVER_ERROR:
            log.warning("%s; trying again", refusal.of(call["type"]))
            with self._change:
                self._change.wait_for(lambda: self._over or self._session is not session, ASK_AGAIN)
            return False
        self._events.call_refused(call["type"], refusal)
        return True

    def _break(self, session: CallConnection, why: str) -> None:
        if self._lasts(session):
            self.pause()
            self._events.session_broken(why)

    def _lasts(self, session: CallConnection) -> bool:
        with self._change:
            return self._session is session and not self._over
