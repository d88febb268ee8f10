"""The wire between master and agent, inside one process.

Real Mesos sends messages over TCP: they arrive later, in order, or not at all when the line is
down. So do these: a call on a link is delivered by the event loop after the caller is done, and a
link that was cut delivers nothing more. Neither side ever calls the other directly.

As Mesos: libprocess `send`; messages.proto names what travels.
"""
from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from specs.forms import Json


class AgentInbox(Protocol):
    """What an agent hears from the master."""

    def on_registered(self, agent_id: str) -> None: ...
    def on_reregistered(self, reconcile: list[tuple[Json, Json]]) -> None: ...
    def on_run_tasks(self, framework: Json, executor: Json | None, tasks: list[Json], *,
                     group: bool, launch_executor: bool) -> None: ...
    def on_kill_task(self, framework_id: str, task_id: str, kill_policy: Json | None) -> None: ...
    def on_acknowledgement(self, framework_id: str, task_id: str, uuid: str) -> None: ...
    def on_framework_message(self, framework_id: str, executor_id: str, data: str) -> None: ...
    def on_shutdown_executor(self, framework_id: str, executor_id: str) -> None: ...
    def on_shutdown_framework(self, framework_id: str) -> None: ...
    def on_framework_updated(self, framework: Json) -> None: ...
    def on_shutdown(self, reason: str) -> None: ...


class MasterInbox(Protocol):
    """What the master hears from agents."""

    def on_register(self, link: AgentLink, info: Json, pid: str, version: str) -> None: ...
    def on_reregister(self, link: AgentLink, info: Json, pid: str, version: str, *,
                      frameworks: list[Json], executors: list[Json], tasks: list[Json]) -> None: ...
    def on_agent_exited(self, link: AgentLink) -> None: ...
    def on_status_update(self, framework_id: str, status: Json,
                         latest_state: str | None) -> None: ...
    def on_exited_executor(self, agent_id: str, framework_id: str, executor_id: str,
                           status: int) -> None: ...
    def on_executor_message(self, agent_id: str, framework_id: str, executor_id: str,
                            data: str) -> None: ...


class _Line:
    """Delivers later, in order, until it is cut."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.cut = False

    def post(self, method: Callable[..., None], *arguments: Any, **named: Any) -> None:
        self._loop.call_soon(self._deliver, method, arguments, named)

    def _deliver(self, method: Callable[..., None], arguments: tuple[Any, ...],
                 named: dict[str, Any]) -> None:
        if not self.cut:
            method(*arguments, **named)


class AgentLink(_Line):
    """The master's end: `send(name, …)` is heard by the agent as `name(…)`."""

    def __init__(self, agent: AgentInbox) -> None:
        super().__init__()
        self.to = agent


class MasterLink(_Line):
    """The agent's end."""

    def __init__(self, master: MasterInbox) -> None:
        super().__init__()
        self.to = master
