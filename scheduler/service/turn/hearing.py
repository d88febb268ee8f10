"""What statuses do to instances, and what is told of it."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from scheduler.apps import transitions
from scheduler.apps.ids import owner, read_task_id, task_id
from scheduler.apps.instance import Instance
from scheduler.service.board import Board
from scheduler.service.news.events import EventLog
from scheduler.service.news.statuses import news
from scheduler.service.news.told import alive_event, health_event, is_leaving, leaving_event, status_event
from scheduler.service.settler import Settler
from scheduler.tasks.conditions import Condition
from scheduler.telemetry.meters import Meters
from specs.errors import SpecError
from specs.messages.status import TaskStatus

_LAUNCHING = (Condition.PROVISIONED, Condition.STAGING, Condition.STARTING)

ReadyCodes = Callable[[Board, Instance], Sequence[int]]


class Hearing:
    """The loop's alone."""

    def __init__(self, board: Board, events: EventLog, settler: Settler, ready_codes: ReadyCodes,
                 clock: Callable[[], float], meters: Meters) -> None:
        """`ready_codes`: of an instance, the answers of its readiness check that mean that it is ready."""
        self._board = board
        self._events = events
        self._settler = settler
        self._ready_codes = ready_codes
        self._clock = clock
        self._meters = meters

    def instance(self, task: str) -> Instance | None:
        """The instance whose newest task this is."""
        app_id, instance_id = owner(task)
        instance = self._board.instances_of(app_id).get(instance_id)
        if instance is None or task_id(instance.id, instance.incarnation) != task:
            return None
        return instance

    def change(self, instance: Instance) -> None:
        """The instance is this now."""
        if is_leaving(self._board.instances_of(instance.app_id).get(instance.id), instance):
            self._events.emit(*leaving_event(instance))
        self._board.put_instance(instance)
        self._settler.touch(instance.app_id)

    def placed(self, instance: Instance) -> None:
        """It has a place from now on: this one."""
        before = self._board.instances_of(instance.app_id).get(instance.id)
        if before is not None:
            waited = max(0.0, self._clock() - before.since)
            self._meters.offer_wait.observe(waited)
        self.change(instance)

    def hear(self, status: TaskStatus) -> None:
        """Of a task that is its instance's newest; of any other nothing happens."""
        instance = self.instance(status.task_id)
        if instance is None:
            return
        now = self._clock()
        heard = transitions.heard(instance, news(status, self._ready_codes(self._board, instance)),
                                  now)
        if heard.condition in (Condition.STAGING, Condition.STARTING):
            heard = transitions.stirred(heard, now)  # a pull tells its progress
        if heard == instance:
            return
        if heard.condition is Condition.UNREACHABLE and not instance.condition.is_lost:
            self._settler.replacements.note_lost()
        self._measure(instance, heard, now)
        self.change(heard)
        self._events.emit(*status_event(heard, status))
        if heard.healthy is not instance.healthy:
            self._events.emit(*health_event(heard))
            if heard.healthy is not None:
                self._events.emit(*alive_event(heard, alive=heard.healthy))

    def _measure(self, before: Instance, after: Instance, now: float) -> None:
        """How long it took since the offer was taken, the first time that it is so far."""
        if after.staged_at is None or before.condition not in _LAUNCHING:
            return
        took = max(0.0, now - after.staged_at)
        if before.condition is Condition.PROVISIONED:
            self._meters.accept.observe(took)
        if after.condition is Condition.RUNNING:
            self._meters.running.observe(took)

    def requeue(self, task: str) -> None:
        """It was not launched; the instance waits again, and its next task gets another id."""
        instance = self.instance(task)
        if instance is not None:
            self.change(replace(instance, condition=Condition.SCHEDULED, since=self._clock(),
                                location=None, host_ports=(), staged_at=None, stirred=None))

    def ended_unknown(self, status: TaskStatus) -> None:
        """A task has ended whose instance is gone, or has another one by now."""
        try:
            parts = read_task_id(status.task_id)
        except SpecError:
            return
        self._events.emit("unknown_instance_terminated_event", {
            "instanceId": parts.instance_id, "runSpecId": parts.app_id,
            "condition": news(status).condition.value}, parts.app_id)
