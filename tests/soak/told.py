"""What a framework was told of its tasks, and when."""
from __future__ import annotations

import queue
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scheduler.master.driver import MesosDriver
from scheduler.placement.matching import Launch, Misfit
from scheduler.tasks.ledger import Entry
from specs.messages.status import TaskStatus, is_terminal
from specs.messages.task import TaskInfo
from tests.soak.accounts import Arrived


@dataclass(frozen=True, slots=True)
class Outage:
    """A dockerd was ended like this and started again. Times are seconds since the epoch."""

    how: str  # the signal's name
    began: float
    back: float


@dataclass(slots=True)
class Told:
    """What is known of one task. `code`: what it exits with by itself; None: it runs until it is killed."""

    code: int | None
    lines: int
    launched: float | None = None
    killed: float | None = None
    updates: list[TaskStatus] = field(default_factory=list)
    ended: float | None = None
    outages: list[Outage] = field(default_factory=list)  # of its dockerd, while it was there

    @property
    def ends(self) -> list[TaskStatus]:
        """Its terminal updates, each once."""
        return list({each.uuid: each for each in self.updates if is_terminal(each.state)}.values())


class Ledger:
    """A framework's listener; `moments`: kinds of what has just happened."""

    def __init__(self) -> None:
        self.tasks: dict[str, Told] = {}
        self.arrived: list[Arrived] = []  # each update, as often as it came
        self.subscribed_as = queue.Queue[str]()
        self.moments = queue.SimpleQueue[tuple[str, float]]()
        self.failure = ""

    def subscribed(self, framework_id: str, master: str) -> None:
        self.subscribed_as.put(framework_id)

    def disconnected(self, why: str) -> None:
        """It comes back."""

    def launched(self, entry: Entry, launch: Launch, info: TaskInfo) -> None:
        self._moment("launch", info.task_id)

    def updated(self, entry: Entry, status: TaskStatus) -> None:
        self.tasks[status.task_id].updates.append(status)
        if is_terminal(status.state) and self.tasks[status.task_id].ended is None:
            self._moment("exit", status.task_id)

    def waiting(self, misfits: Mapping[str, tuple[Misfit, ...]]) -> None:
        """There will be room."""

    def messaged(self, agent_id: str, executor_id: str, data: bytes) -> None:
        """It says nothing of interest."""

    def failed(self, why: str) -> None:
        self.failure = why

    def _moment(self, kind: str, task_id: str) -> None:
        now, told = time.monotonic(), self.tasks[task_id]
        if kind == "launch":
            told.launched = now
        else:
            told.ended = now
        self.moments.put((kind, now))

    def alive(self) -> list[str]:
        return [task_id for task_id, told in list(self.tasks.items()) if told.ended is None]


class HeardDriver(MesosDriver):
    """Notes every update as it arrives, before a framework drops what has come before."""

    ledger: Ledger

    def on_update(self, event: dict[str, Any]) -> None:
        status = event["status"]
        if status.get("uuid"):  # else the master made it up itself, and keeps no record of it
            self.ledger.arrived.append(Arrived(status["task_id"]["value"], status["uuid"],
                                               status["state"], status.get("source")))
        super().on_update(event)
