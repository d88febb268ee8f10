"""The last instances of each app that ended: with what code, why, where, after how long, and their
last words.

What the executor's message tells after Mesos's own text (signal, memory limit and peak, the last
lines of stderr) is kept as it came. As records of kind `ended`, one for each app.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scheduler.apps.ids import task_id
from scheduler.apps.instance import Instance
from scheduler.storage.plain import plain, valued
from scheduler.storage.records import Records
from scheduler.tasks.conditions import Condition

KEPT: Final = 25  # of each app
LONGEST: Final = 4096  # characters of a message


@dataclass(frozen=True, slots=True)
class Ended:
    """One task that ended. Times are seconds since 1970; `asked` says why it was to end, None if of
    itself.
    """

    instance_id: str
    task_id: str
    app_id: str
    version: str
    condition: Condition
    at: float
    started_at: float | None = None
    staged_at: float | None = None
    exit_code: int | None = None
    reason: str | None = None
    message: str | None = None
    asked: str | None = None
    agent_id: str | None = None
    host: str | None = None
    host_ports: tuple[int, ...] = ()

    @property
    def duration(self) -> float | None:
        """Seconds for which it ran."""
        return None if self.started_at is None else self.at - self.started_at


@dataclass(frozen=True, slots=True)
class _OfApp:
    ended: tuple[Ended, ...] = ()


class History:
    """The loop's alone."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._ended = {app_id: valued(_OfApp, stored).ended for app_id,
                       stored in records.records("ended")}

    def of(self, app_id: str) -> tuple[Ended, ...]:
        """The newest last."""
        return self._ended.get(app_id, ())

    def add(self, instance: Instance, now: float) -> Ended:
        """Its task has ended, and is as it was then."""
        location = instance.location
        ended = Ended(
            instance.id, task_id(instance.id, instance.incarnation), instance.app_id,
            instance.version,
            instance.condition, now, instance.started_at, instance.staged_at, instance.exit_code,
            instance.reason, None if instance.message is None else instance.message[:LONGEST],
            None if instance.sentence is None else instance.sentence.reason.value,
            None if location is None else location.agent_id,
            None if location is None else location.hostname, instance.host_ports)
        self._ended[instance.app_id] = (*self.of(instance.app_id), ended)[-KEPT:]
        self._records.put("ended", instance.app_id, plain(_OfApp(self._ended[instance.app_id])))
        return ended

    def forget(self, app_id: str) -> None:
        """The app is gone."""
        if self._ended.pop(app_id, None) is not None:
            self._records.drop("ended", app_id)
