"""The port to the Mesos agent: what we tell it, and what it tells us.

`driver.py` implements `Agent` on pymesos, `v0/driver.py` on libprocess; `tests/fakes/agent.py` in
memory. `AgentEvents` is the supervisor: each method parses nothing, blocks never, raises never; it
puts the fact into the inbox.
"""
from __future__ import annotations

from typing import Protocol

from specs.forms import Message
from specs.messages.status import TaskStatus


class Keeper(Protocol):
    """Where updates stand that are not acknowledged, besides our memory. Called on any thread; raises
    nothing.
    """

    def stored(self, status: TaskStatus, said: Message) -> int:
        """It is about to be sent. `said`: the same in JSON. Its place, for `settle`; waits for no
        disk.
        """
        ...

    def settle(self, place: int | None = None) -> None:
        """Return when what was stored there is on the disk, as far as that can be; None: all."""
        ...

    def acknowledged(self, task_id: str, uuid: bytes) -> None:
        """The agent has stored it."""
        ...


class Agent(Protocol):
    """The agent as an executor sees it.

    No method raises because of the network; only `drained` and `join` wait.
    """

    def start(self, events: AgentEvents) -> None:
        """Connect, and tell `events` from now on, on threads of its own; once."""
        ...

    def send(self, status: TaskStatus) -> None:
        """Report an update: kept until acknowledged, sent again after every reconnect, in order."""
        ...

    def message(self, data: bytes) -> None:
        """Send a framework message; best effort, as in Mesos."""
        ...

    def updates(self) -> tuple[int, int]:
        """How many updates are not acknowledged, and how many were sent again after a loss."""
        ...

    def drained(self, timeout: float) -> bool:
        """Wait until every update is acknowledged, at most `timeout` seconds; whether it is so."""
        ...

    def awaited(self) -> float:
        """Seconds for which it is worth waiting for an agent that is out of reach, or just back."""
        ...

    def stop(self) -> None:
        """End the connection; nothing is sent afterwards."""
        ...

    def join(self, timeout: float | None = None) -> None:
        """Wait for the threads' end, at most `timeout` seconds for each."""
        ...

    @property
    def alive(self) -> bool:
        """Whether there is a thread that may still send or tell something."""
        ...


class AgentEvents(Protocol):
    """What the agent tells an executor, and what becomes of the connection."""

    def registered(self, executor_info: Message, framework_info: Message,
                   agent_info: Message) -> None: ...

    def reregistered(self, agent_info: Message) -> None: ...

    def disconnected(self) -> None:
        """The agent is out of reach; with checkpointing we go on and come back."""
        ...

    def launch(self, task: Message) -> None: ...

    def kill(self, task_id: str, grace: float | None) -> None:
        """KILL; `grace` is kill_policy.grace_period in seconds if the call carries one."""
        ...

    def acknowledged(self, task_id: str, uuid: bytes) -> None: ...

    def message(self, data: bytes) -> None: ...

    def shutdown(self, why: str) -> None:
        """End all tasks within the agent's shutdown grace period, then end: SHUTDOWN, or a
        connection lost for good.
        """
        ...

    def error(self, message: str) -> None: ...
