"""What the records of a journal come to, and the fewest records that say the same.

The state is kept beside the file, so that the file can be written anew when it has grown, and when
it could not be written for a while.
"""
from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from executor.journal.records import (
    ContainerMade,
    Crashed,
    EndNoted,
    HealthCounted,
    Record,
    StartUnsaid,
    StepBegan,
    StepOver,
    StopSent,
    TaskBegan,
    TaskDoomed,
    TaskKnown,
    TaskNamed,
    TaskOver,
    UpdateDone,
    UpdateKept,
)
from specs.messages.status import TaskState, is_terminal

REMEMBERED: Final = 1000  # ids of tasks that are over
ADMISSION: Final = "admission"
TWICE: Final = 10.0  # seconds between two crashes in one step, from which on they are chance


@dataclass(slots=True)
class KnownTask:
    """A task that is not over."""

    began: TaskBegan
    named: TaskNamed | None = None
    container: str | None = None
    told: bool = False  # TASK_STARTING
    running: bool = False  # TASK_RUNNING was told
    killing: bool = False  # TASK_KILLING was told
    end: EndNoted | None = None
    stop_sent: bool = False
    health: dict[int, HealthCounted] = field(default_factory=dict)
    healthy: bool | None = None
    check_status: str | None = None  # JSON
    doomed: str | None = None  # the step, as TaskDoomed has it
    unsaid: StartUnsaid | None = None


@dataclass(slots=True)
class JournalState:
    """Tasks, updates and ids are in their order."""

    tasks: dict[str, KnownTask] = field(default_factory=dict)
    updates: dict[str, UpdateKept] = field(default_factory=dict)  # by uuid
    unseen: dict[str, str] = field(default_factory=dict)  # TaskInfos: nothing of them was acknowledged
    over: dict[str, None] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)  # by task; the last one began last
    crash: Crashed | None = None  # the last one

    @property
    def empty(self) -> bool:
        """Whether nothing is lost with it."""
        return not self.tasks and not self.updates

    def crashed(self, now: float) -> Crashed:
        """The crash that this state, read again, is left of."""
        task_id = next(reversed(self.steps), "")
        return Crashed(now, task_id, self.steps.get(task_id, ""))

    def guilty(self, crash: Crashed) -> str | None:
        """The task that has brought us down, twice now, in the same step."""
        before = self.crash
        same = before is not None and (before.task_id, before.step) == (crash.task_id, crash.step)
        quick = before is not None and crash.at - before.at <= TWICE
        return crash.task_id if crash.step and same and quick else None

    def apply(self, record: Record) -> None:
        """What it says is so."""
        match record:
            case TaskBegan(task_id, info):
                self.tasks[task_id] = KnownTask(record)
                self.unseen[task_id] = info
                self.over.pop(task_id, None)
                self._begin(task_id, ADMISSION)
            case StepBegan(task_id, step):
                self._begin(task_id, step)
            case StepOver(task_id):
                self.steps.pop(task_id, None)
            case UpdateKept():
                self._update(record)
            case UpdateDone(task_id, uuid):
                self.updates.pop(uuid, None)
                self.unseen.pop(task_id, None)
            case TaskOver(task_id, info):
                self._over(task_id)
                if info is not None:
                    self.unseen[task_id] = info
            case Crashed():
                self.crash = record
                self.steps.clear()
            case _:
                task = self.tasks.get(record.task_id)
                if task is not None:
                    self._tell(task, record)

    def _tell(self, task: KnownTask, record: Record) -> None:
        match record:
            case TaskNamed(task_id):
                task.named = record
                self.steps.pop(task_id, None)
            case ContainerMade(_, container):
                task.container = container
            case EndNoted():
                task.end = _sooner(task.end, record)
            case StopSent():
                task.stop_sent = True
            case TaskDoomed(_, step):
                task.doomed = step
            case StartUnsaid():
                task.unsaid = record
            case HealthCounted(_, place):
                task.health[place] = record
            case TaskKnown(task_id):
                task.told, task.running, task.killing = record.told, record.running, record.killing
                task.healthy, task.check_status = record.healthy, record.check_status
                if record.acknowledged:
                    self.unseen.pop(task_id, None)

    def _begin(self, task_id: str, step: str) -> None:
        self.steps.pop(task_id, None)
        self.steps[task_id] = step

    def _update(self, update: UpdateKept) -> None:
        self.updates[update.uuid] = update
        state = TaskState(update.state)
        if is_terminal(state):
            self._over(update.task_id)
            return
        task = self.tasks.get(update.task_id)
        if task is None:
            return
        task.told = True
        task.running = task.running or state is TaskState.RUNNING
        task.killing = task.killing or state is TaskState.KILLING
        if '"check_status"' in update.status or '"healthy"' in update.status:
            said = json.loads(update.status)
            task.healthy = said.get("healthy", task.healthy)
            task.check_status = _text(said.get("check_status")) or task.check_status

    def _over(self, task_id: str) -> None:
        self.tasks.pop(task_id, None)
        self.steps.pop(task_id, None)
        self.over[task_id] = None
        while len(self.over) > REMEMBERED:
            del self.over[next(iter(self.over))]

    def records(self) -> Iterator[Record]:
        """The fewest that come to this state."""
        if self.crash is not None:
            yield self.crash
        yield from self.updates.values()  # before the tasks: some may be of an earlier one of the same id
        for task_id in self.over:
            if task_id not in self.tasks:
                yield TaskOver(task_id, self.unseen.get(task_id))
        for task_id, task in self.tasks.items():
            yield from _records(task, acknowledged=task_id not in self.unseen)
            yield StepOver(task_id)
        for task_id, step in self.steps.items():
            yield StepBegan(task_id, step)


def _records(task: KnownTask, *, acknowledged: bool) -> Iterator[Record]:
    task_id = task.began.task_id
    yield task.began
    if task.named is not None:
        yield task.named
    if task.container is not None:
        yield ContainerMade(task_id, task.container)
    if task.end is not None:
        yield task.end
    if task.stop_sent:
        yield StopSent(task_id)
    if task.doomed is not None:
        yield TaskDoomed(task_id, task.doomed)
    if task.unsaid is not None:
        yield task.unsaid
    yield from task.health.values()
    if task.told or acknowledged:
        yield TaskKnown(task_id, task.told, task.running, task.killing, acknowledged, task.healthy,
                        task.check_status)


def _sooner(known: EndNoted | None, said: EndNoted) -> EndNoted:
    """The first cause stays; a second kill can only make it shorter."""
    if known is None:
        return said
    times = [each for each in (known.until, said.until) if each is not None]
    return replace(known, grace=min(known.grace, said.grace), until=min(times, default=None))


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
