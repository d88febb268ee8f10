"""The outgoing side of the driver: the outbox and the sender behind one lock, so that they never disagree.

    send -> outbox -> queue -> sender -> agent -> ACKNOWLEDGED -> out of the outbox
               |                                                       ^
               +---- SUBSCRIBE after every loss, carries all of it ----+

When a SUBSCRIBE is made it takes everything in the outbox with it and the queue is emptied; what is sent later queues
up until the agent answers with an event. So an update may reach the agent twice (it knows it by its uuid), but none is
forgotten, and none overtakes an earlier one of its task.
"""
from __future__ import annotations

import dataclasses
import json
import logging
import threading
import uuid
from collections.abc import Callable

from executor.agent import calls as agent_calls
from executor.agent.connection import CallConnection
from executor.agent.outbox import Outbox, acknowledged, launched, stored
from executor.agent.sender import AgentSender, SenderEvents
from executor.settings.agent import AgentSettings
from specs.forms import Message
from specs.messages.status import TaskStatus
from specs.rules.executor_call import call_problem

log = logging.getLogger(__name__)


class AgentMail:
    """Safe to use from any thread; no method waits for the network, save `drained`."""

    def __init__(self, settings: AgentSettings, events: SenderEvents, heartbeat_interval: float,
                 clock: Callable[[], float]) -> None:
        """`clock` stamps the updates, seconds since the epoch; `heartbeat_interval`: seconds between two HEARTBEAT."""
        self._settings = settings
        self._clock = clock
        self._change = threading.Condition()
        self._box = Outbox()
        self._over = False  # nothing will be acknowledged any more: stopped, or the agent given up
        self._sender = AgentSender(events, agent_calls.heartbeat(settings), heartbeat_interval)

    def start(self) -> None:
        """Start the sender."""
        self._sender.start()

    def send(self, status: TaskStatus) -> None:
        """Report an update; it gets a uuid and the time, if it has none. An impossible update is logged, not sent."""
        stamped = dataclasses.replace(
            status, uuid=status.uuid or uuid.uuid4().bytes,
            timestamp=self._clock() if status.timestamp is None else status.timestamp)
        call = agent_calls.update(self._settings, stamped)
        problem = call_problem(call)
        with self._change:
            if self._over:
                problem = problem or "the driver has ended"
            if problem is None:
                try:
                    self._box = stored(self._box, stamped)
                except ValueError as error:
                    problem = str(error)
            if problem is None:
                self._sender.enqueue(call)  # under the lock: the queue's order is the outbox's
        if problem is not None:
            log.error("Dropping UPDATE %s of task %s: %s", status.state, status.task_id, problem)

    def message(self, data: bytes) -> None:
        """Send a framework message if there is an agent to take it. As Mesos: dropped otherwise."""
        if self._sender.in_session:
            self._sender.enqueue(agent_calls.message(self._settings, data))
        else:
            log.warning("Dropping MESSAGE: the agent is out of reach")

    def launched(self, task_id: str, task: Message) -> None:
        """A LAUNCH came: SUBSCRIBE names the task until one of its updates is acknowledged."""
        with self._change:
            self._box = launched(self._box, task_id, task)

    def acknowledged(self, task_id: str, update: bytes) -> None:
        """The agent has stored this update."""
        with self._change:
            self._box = acknowledged(self._box, task_id, update)
            self._change.notify_all()

    def drained(self, timeout: float) -> bool:
        """Whether all is acknowledged within `timeout` seconds; False at once when nobody is left to do so."""
        with self._change:
            self._change.wait_for(lambda: self._box.empty or self._over, timeout)
            return self._box.empty

    def subscribe(self) -> bytes:
        """The body of SUBSCRIBE, with all that the outbox holds; what was queued is in it."""
        with self._change:
            self._sender.clear()
            return json.dumps(agent_calls.subscribe(self._settings, self._box)).encode()

    def begin(self, connection: CallConnection) -> None:
        """A session begins: calls can be posted."""
        self._sender.open(connection)

    def pause(self) -> None:
        """The session is over: calls wait for the next."""
        self._sender.close()

    def end(self) -> None:
        """Nothing is sent any more, and nobody waits for an acknowledgement."""
        with self._change:
            self._over = True
            self._change.notify_all()
        self._sender.stop()

    @property
    def alive(self) -> bool:
        """Whether the sender still runs."""
        return self._sender.alive

    def join(self, timeout: float | None) -> None:
        """Wait for the sender's end."""
        self._sender.join(timeout)
