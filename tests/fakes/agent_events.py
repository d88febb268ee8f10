"""An executor that only listens: `RecordedEvents` implements `executor.agent.port.AgentEvents` and keeps what it is
told.
"""
from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from tests.patience import SLOW

Told = tuple[str, tuple[Any, ...]]


class RecordedEvents:
    """What was told is in `told`, as (name of the method, its arguments). `reactions` are called after noting it."""

    def __init__(self, **reactions: Callable[..., object]) -> None:
        self.told: list[Told] = []
        self.reactions = reactions
        self._change = threading.Condition(threading.RLock())

    def registered(self, executor_info: Mapping[str, Any], framework_info: Mapping[str, Any],
                   agent_info: Mapping[str, Any]) -> None:
        self._note("registered", executor_info, framework_info, agent_info)

    def reregistered(self, agent_info: Mapping[str, Any]) -> None:
        self._note("reregistered", agent_info)

    def disconnected(self) -> None:
        self._note("disconnected")

    def launch(self, task: Mapping[str, Any]) -> None:
        self._note("launch", task)

    def kill(self, task_id: str, grace: float | None) -> None:
        self._note("kill", task_id, grace)

    def acknowledged(self, task_id: str, uuid: bytes) -> None:
        self._note("acknowledged", task_id, uuid)

    def message(self, data: bytes) -> None:
        self._note("message", data)

    def shutdown(self, why: str) -> None:
        self._note("shutdown", why)

    def error(self, message: str) -> None:
        self._note("error", message)

    def names(self) -> list[str]:
        """The methods that were called, in order."""
        with self._change:
            return [name for name, _ in self.told]

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of each call of one method."""
        with self._change:
            return [arguments for told, arguments in self.told if told == name]

    def wait(self, name: str, times: int = 1, timeout: float = 30.0 * SLOW) -> tuple[Any, ...]:
        """The arguments of the `times`-th call of a method; AssertionError if it does not come in `timeout` seconds."""
        with self._change:
            if not self._change.wait_for(lambda: len(self.of(name)) >= times, timeout):
                raise AssertionError(f"no {name} (number {times}) in {timeout} s, only {self.names()}")
            return self.of(name)[times - 1]

    def _note(self, name: str, *arguments: Any) -> None:
        with self._change:
            self.told.append((name, arguments))
            self._change.notify_all()
        reaction = self.reactions.get(name)
        if reaction is not None:
            reaction(*arguments)
