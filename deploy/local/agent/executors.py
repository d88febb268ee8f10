"""What an agent remembers of frameworks, executors and their tasks, and the rules for a task's
state there.

A task is *queued* until its executor is there to take it, then *launched*, then *terminated* until
the framework has acknowledged its last update, then *completed*.

As Mesos: slave/slave.cpp (`Framework`, `Executor`, `Executor::updateTaskState`).
"""
from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from deploy.local.records.framework_info import capabilities
from deploy.local.records.task import Task, new_task
from specs.forms import Json
from specs.messages.status import is_terminal

if TYPE_CHECKING:
    from deploy.local.containers.containerizer import Termination


REGISTERING: Final = "REGISTERING"  # started, or to be started, and not yet subscribed
RUNNING: Final = "RUNNING"
TERMINATING: Final = "TERMINATING"  # told to end
TERMINATED: Final = "TERMINATED"  # ended; kept while updates wait for acknowledgements

MAX_COMPLETED_TASKS: Final = 200  # per executor
MAX_COMPLETED_EXECUTORS: Final = 150  # per framework
MAX_COMPLETED_FRAMEWORKS: Final = 50


class ExecutorSender(Protocol):
    """The way to an executor that is there: of HTTP, or of libprocess."""

    def send(self, event: Json) -> None:
        """One of mesos.v1.executor.Event."""
        ...

    def close(self) -> None:
        """Hang up, once all is said."""
        ...


@dataclass(slots=True)
class Executor:
    """One executor on this agent, and its tasks."""

    framework_id: str
    info: Json  # ExecutorInfo, without the resources of its tasks
    container_id: str
    directory: Path
    checkpoint: bool
    command_task: bool  # made by the agent for a task that has only a command
    state: str = REGISTERING
    sender: ExecutorSender | None = None  # None: it is not there
    queued: dict[str, Json] = field(default_factory=dict)  # TaskInfos
    queued_groups: list[list[Json]] = field(default_factory=list)
    launched: dict[str, Task] = field(default_factory=dict)
    terminated: dict[str, Task] = field(default_factory=dict)
    completed: deque[Task] = field(default_factory=lambda: deque(maxlen=MAX_COMPLETED_TASKS))
    pending_termination: Termination | None = None  # why the agent ends it
    timer: asyncio.TimerHandle | None = None  # until it registers, or until it is killed

    @property
    def id(self) -> str:
        value: str = self.info["executor_id"]["value"]
        return value

    def send(self, event: Json) -> None:
        """An event, if the executor is there to hear it."""
        if self.sender is not None:
            self.sender.send(event)

    def has_task(self, task_id: str) -> bool:
        """Whether the task is here and not yet done with."""
        return task_id in self.queued or task_id in self.launched or task_id in self.terminated

    def incomplete(self) -> bool:
        return bool(self.queued or self.launched or self.terminated)

    def ever_sent_task(self) -> bool:
        """Whether any task has reached the executor."""
        if self.launched:
            return True
        return any(status["source"] == "SOURCE_EXECUTOR"
                   for task in (*self.terminated.values(), *self.completed)
                   for status in task.statuses)

    def queued_group(self, task_id: str) -> list[Json] | None:
        """The group that this task waits in."""
        for group in self.queued_groups:
            if any(task["task_id"]["value"] == task_id for task in group):
                return group
        return None

    def dequeue(self, task_id: str) -> Json:
        group = self.queued_group(task_id)
        if group is not None and all(task["task_id"]["value"] not in self.queued
                                     or task["task_id"]["value"] == task_id
                                     for task in group):
            self.queued_groups.remove(group)
        return self.queued.pop(task_id)

    def launch(self, info: Json) -> None:
        """A queued task goes to the executor."""
        self.dequeue(info["task_id"]["value"])
        task = new_task(info, self.framework_id)
        self.launched[task.id] = task

    def update_problem(self, status: Json) -> str | None:
        """Why an update is not to be taken and sent on (it came after the end), or None."""
        task_id = status["task_id"]["value"]
        if task_id in self.queued:
            return None if is_terminal(status[
                "state"]) else "Cannot send non-terminal update for queued task"
        if task_id in self.launched:
            return None
        if task_id in self.terminated:
            return f"Task is already terminated with state {self.terminated[task_id].state}"
        return "Task is unknown"

    def update(self, status: Json) -> None:
        """Take an update without a problem into the task's state."""
        task_id, state = status["task_id"]["value"], status["state"]
        if task_id in self.queued:
            task = new_task(self.dequeue(task_id), self.framework_id)
        else:
            task = self.launched[task_id]
            if is_terminal(state):
                del self.launched[task_id]
        if task.statuses and task.statuses[-1]["state"] == state:
            task.statuses.pop()
        task.statuses.append(status)
        task.state = state
        if is_terminal(state):
            self.terminated[task_id] = task

    def end_launched(self) -> None:
        """The tasks ended with their executor, and nobody is told."""
        self.terminated.update(self.launched)
        self.launched.clear()

    def complete(self, task_id: str) -> None:
        """The framework has acknowledged the task's end."""
        self.completed.append(self.terminated.pop(task_id))

    def queued_tasks(self) -> list[Task]:
        """Queued tasks as records."""
        return [new_task(info, self.framework_id) for info in self.queued.values()]

    def find(self, task_id: str) -> Task | None:
        return self.launched.get(task_id) or self.terminated.get(task_id)


@dataclass(slots=True)
class AgentFramework:
    """A framework that has executors here."""

    info: Json
    terminating: bool = False
    executors: dict[str, Executor] = field(default_factory=dict)
    completed_executors: deque[Executor] = field(
        default_factory=lambda: deque(maxlen=MAX_COMPLETED_EXECUTORS))

    @property
    def id(self) -> str:
        value: str = self.info["id"]["value"]
        return value

    @property
    def partition_aware(self) -> bool:
        return "PARTITION_AWARE" in capabilities(self.info)

    @property
    def lost(self) -> str:
        """The state of a task that never ran."""
        return "TASK_DROPPED" if self.partition_aware else "TASK_LOST"

    def executor_of(self, task_id: str) -> Executor | None:
        """The executor that has this task; None once the framework has acknowledged the task's end.
        """
        for executor in self.executors.values():
            if executor.has_task(task_id):
                return executor
        return None
