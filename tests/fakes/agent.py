"""An agent in memory: `FakeAgent` implements the port `executor.agent.port.Agent` and remembers what it was told.

It behaves as the real driver as far as a supervisor can see: updates get a uuid and a time stamp, stand in an outbox
until they are acknowledged, and nothing is taken after `stop`. Acknowledging is a step of the test (`acknowledge`) or,
with `acknowledge_at_once`, the answer to each `send`, given on the calling thread through `events.acknowledged`.
The agent that speaks HTTP is `tests/fakes/agent_server.py`.
"""
from __future__ import annotations

import dataclasses
import threading
import uuid
from collections.abc import Callable

from executor.agent.port import AgentEvents
from specs.messages.status import TaskState, TaskStatus
from tests.patience import SLOW


class FakeAgent:
    """Statuses in the order they were sent are in `sent`, framework messages in `messages`."""

    def __init__(self, events: AgentEvents | None = None, *, acknowledge_at_once: bool = False,
                 clock: Callable[[], float] = lambda: 1.0) -> None:
        self.events = events  # or those of `start`
        self.sent: list[TaskStatus] = []
        self.messages: list[bytes] = []
        self.stopped = False
        self._acknowledge_at_once = acknowledge_at_once
        self._clock = clock
        self._unacknowledged: list[TaskStatus] = []
        self._changed = threading.Condition(threading.RLock())

    def start(self, events: AgentEvents) -> None:
        """Tell these."""
        self.events = events

    def send(self, status: TaskStatus) -> None:
        """Keep the update; dropped after `stop`, as the real one does."""
        with self._changed:
            if self.stopped:
                return
            stamped = dataclasses.replace(
                status,
                uuid=status.uuid or uuid.uuid4().bytes,
                timestamp=self._clock() if status.timestamp is None else status.timestamp,
            )
            self.sent.append(stamped)
            self._unacknowledged.append(stamped)
            self._changed.notify_all()
        if self._acknowledge_at_once:
            self.acknowledge(stamped)

    def message(self, data: bytes) -> None:
        """Keep the framework message."""
        with self._changed:
            if not self.stopped:
                self.messages.append(data)
                self._changed.notify_all()

    def updates(self) -> tuple[int, int]:
        """Those that are not acknowledged; it is never lost."""
        with self._changed:
            return len(self._unacknowledged), 0

    def drained(self, timeout: float) -> bool:
        """Wait, for at most `timeout` seconds, until everything sent is acknowledged."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._unacknowledged, timeout)

    def awaited(self) -> float:
        """It is never away."""
        return 0.0

    def stop(self) -> None:
        """Take nothing any more."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()

    def join(self, timeout: float | None = None) -> None:
        """It has no threads."""

    @property
    def alive(self) -> bool:
        """Until `stop`."""
        return not self.stopped

    # What a test does with it.

    def acknowledge(self, status: TaskStatus | None = None) -> None:
        """Acknowledge one update, or with None all that wait; tells `events` as the agent would."""
        with self._changed:
            chosen = [kept for kept in self._unacknowledged if status is None or kept.uuid == status.uuid]
            self._unacknowledged = [kept for kept in self._unacknowledged if kept not in chosen]
            self._changed.notify_all()
        for kept in chosen:
            if self.events is not None and kept.uuid is not None:
                self.events.acknowledged(kept.task_id, kept.uuid)

    def of(self, task_id: str) -> list[TaskStatus]:
        """What was sent for one task, in order."""
        with self._changed:
            return [status for status in self.sent if status.task_id == task_id]

    def states(self, task_id: str) -> list[TaskState]:
        """The states sent for one task, in order."""
        return [status.state for status in self.of(task_id)]

    def wait_for(self, predicate: Callable[[FakeAgent], bool], timeout: float = 30.0 * SLOW) -> bool:
        """Wait until `predicate(self)` holds, asked again after every send, acknowledgement and stop."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self), timeout)

    def wait_state(self, task_id: str, state: TaskState, timeout: float = 30.0 * SLOW) -> TaskStatus:
        """The first update of the task with this state; after `timeout` seconds an AssertionError with what came."""
        if not self.wait_for(lambda agent: state in agent.states(task_id), timeout):
            raise AssertionError(f"no {state} for {task_id!r} in {timeout} s, only {self.states(task_id)}")
        return next(status for status in self.of(task_id) if status.state is state)
