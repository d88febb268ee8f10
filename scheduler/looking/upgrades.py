"""Custom executors that make way for the version that is installed by now, because the service asks.

The ExecutorInfo of a running executor stays the same, so without that no agent starts the new one.
A framework message asks the process that reports (`specs/between/executor_request.py`). It asks
what is installed whether it starts, and makes way or says why not; it made way when another process
reports in its place. Messages may be lost, so it is asked again until one of the two is heard.
"""
from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from scheduler.tasks.launching import OUR_EXECUTOR
from scheduler.telemetry.telemetry import Telemetry
from specs.between.executor_request import ExecutorRequest, UpgradeRequest
from specs.forms.codec import write

AGAIN: Final = 5.0  # seconds after which it is asked again
PATIENCE: Final = 75.0  # seconds: what is installed has 60 to start


class NoUpgradeError(Exception):
    """Nobody can be asked; the text says why."""


class Messenger(Protocol):
    """Reaches executors."""

    def send(self, agent_id: str, executor_id: str, data: bytes) -> None:
        """A framework message; best effort."""
        ...


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What has become of one. `why`: of one that goes on, or is not heard of."""

    agent_id: str
    done: str  # "made way", "goes on" or "no answer"
    before: str  # version
    version: str
    why: str = ""


class Upgrades:
    """Used on one event loop."""

    def __init__(self, messenger: Messenger, telemetry: Telemetry, patience: float = PATIENCE) -> None:
        self._messenger = messenger
        self._telemetry = telemetry
        self._patience = patience
        self._asking: set[str] = set()  # agents

    def asked(self, agent_id: str) -> str:
        """The process there that would be asked: its run. Raises NoUpgradeError."""
        process = self._telemetry.executors.process(agent_id, OUR_EXECUTOR)
        if process is None:
            raise NoUpgradeError("No custom executor on this agent has reported to this service")
        if agent_id in self._asking:
            raise NoUpgradeError("The executor on this agent is being asked already")
        return process.run

    async def ask(self, agent_id: str) -> Upgrade:
        """Have the custom executor there make way. Raises NoUpgradeError."""
        run = self.asked(agent_id)
        request = json.dumps(write(ExecutorRequest(upgrade=UpgradeRequest(run)))).encode()
        before = self._version(agent_id)
        self._asking.add(agent_id)
        self._telemetry.refusals.pop(run, None)  # an answer of before
        try:
            with self._heard() as news:
                until = asyncio.get_running_loop().time() + self._patience
                while (left := until - asyncio.get_running_loop().time()) > 0:
                    self._messenger.send(agent_id, OUR_EXECUTOR, request)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(min(AGAIN, left)):
                            return await self._outcome(news, agent_id, run, before)
        finally:
            self._asking.discard(agent_id)
        return Upgrade(agent_id, "no answer", before, before,
                       f"it has said nothing for {self._patience:g} s: it may be an older one, or out of reach")

    async def _outcome(self, news: asyncio.Event, agent_id: str, run: str, before: str) -> Upgrade:
        while True:
            news.clear()
            process = self._telemetry.executors.process(agent_id, OUR_EXECUTOR)
            if process is not None and process.run != run:
                return Upgrade(agent_id, "made way", before, process.version)
            why = self._telemetry.refusals.get(run)
            if why is not None:
                return Upgrade(agent_id, "goes on", before, before, why)
            await news.wait()

    def _version(self, agent_id: str) -> str:
        process = self._telemetry.executors.process(agent_id, OUR_EXECUTOR)
        return "" if process is None else process.version

    @contextlib.contextmanager
    def _heard(self) -> Iterator[asyncio.Event]:
        """Set when an executor has said something."""
        event, loop = asyncio.Event(), asyncio.get_running_loop()

        def tell() -> None:
            loop.call_soon_threadsafe(event.set)

        self._telemetry.heard.add(tell)
        try:
            yield event
        finally:
            self._telemetry.heard.discard(tell)
