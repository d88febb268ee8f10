"""The port to the Mesos master: what we ask of it, and what it tells us.

`driver.py` implements `Master` on pymesos; `tests/fakes/master.py` in memory. `MasterEvents` is the
framework: each method only puts the fact into the inbox, so it never blocks and never raises.

Nothing asked of a master is reliable except its updates: a call may be lost with the connection,
and no answer tells. What must happen is asked again (scheduler/tasks/ledger.py says when).
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from specs.messages.offer import Offer
from specs.messages.status import TaskStatus
from specs.messages.task import TaskInfo


class Master(Protocol):
    """The master as a framework sees it. No method blocks on the network or raises because of it.
    """

    def start(self, events: MasterEvents, framework_id: str | None = None) -> None:
        """Subscribe, and stay subscribed until stop; with `framework_id` as the framework that we
        were.
        """
        ...

    def stop(self, *, failover: bool = False) -> None:
        """End. Without `failover` the framework is torn down: its tasks are killed and it cannot
        come back.
        """
        ...

    def resubscribe(self) -> None:
        """Give the subscription up and take it again, as after a connection that broke."""
        ...

    def accept(self, offer_ids: Sequence[str], tasks: Sequence[TaskInfo],
               refuse_seconds: float) -> None:
        """Launch tasks on offers of one agent; what they leave over is not offered again for
        `refuse_seconds`.
        """
        ...

    def decline(self, offer_ids: Sequence[str], refuse_seconds: float) -> None: ...

    def kill(self, task_id: str, agent_id: str | None, grace: float | None) -> None:
        """`grace`: seconds for this kill, None for the task's own kill policy."""
        ...

    def acknowledge(self, status: TaskStatus) -> None:
        """Acknowledge an update that carries a uuid, once it is stored."""
        ...

    def reconcile(self, tasks: Iterable[tuple[str, str | None]]) -> None:
        """Ask for the state of these tasks (id, agent id); of none: of all that the master knows.
        """
        ...

    def suppress(self) -> None:
        """No offers until `revive`."""
        ...

    def revive(self) -> None:
        """Offers again, also those that were refused."""
        ...

    def message(self, agent_id: str, executor_id: str, data: bytes) -> None:
        """Best effort, as in Mesos."""
        ...


class MasterEvents(Protocol):
    """What the master tells a framework, and what becomes of the connection."""

    def subscribed(self, framework_id: str, master: str) -> None:
        """`master`: the address of the one that leads. Also after every reconnect."""
        ...

    def disconnected(self, why: str) -> None:
        """The connection broke, or could not be made; it is tried again."""
        ...

    def refused(self, why: str) -> None:
        """What answers will never subscribe us: it is no master, or it does not want us. Nothing is
        tried again.
        """
        ...

    def offers(self, offers: Sequence[Offer]) -> None: ...

    def rescinded(self, offer_id: str) -> None: ...

    def update(self, status: TaskStatus) -> None: ...

    def message(self, agent_id: str, executor_id: str, data: bytes) -> None: ...

    def executor_failed(self, agent_id: str, executor_id: str, status: int | None) -> None:
        """An executor ended; its tasks get updates of their own."""
        ...

    def agent_failed(self, agent_id: str) -> None:
        """An agent was removed; its tasks get updates of their own."""
        ...

    def error(self, message: str) -> None:
        """The master ended the subscription for good, such as "Framework has been removed"."""
        ...

    def call_failed(self, call: str, why: str) -> None:
        """A call was not accepted or did not arrive; `call` is its type, such as ACCEPT."""
        ...
