"""Instances that ended: with what code, why, where, after how long, and their last words.

Of an app that is there the last KEPT are remembered with what the executor's message tells after
Mesos's own text (signal, memory limit and peak, the last lines of stderr), as it came: records of
kind `ended`, one for each app. Of all others, and when the app itself is gone, what is remembered is
where they ran, so that their output and files are found as long as their sandboxes are there: records
of kind `past`, one for each task.
"""
from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from scheduler.apps.ids import task_id
from scheduler.apps.instance import Instance
from scheduler.storage.plain import plain, valued
from scheduler.storage.records import Records
from scheduler.tasks.conditions import Condition

KEPT: Final = 25  # of each app
PAST: Final = 10_000  # of all apps together; about 5 MB
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
    """The loop's alone; `past` and `past_of` are anybody's."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._ended = {app_id: valued(_OfApp, stored).ended for app_id,
                       stored in records.records("ended")}
        self._lock = threading.Lock()
        past = [valued(Ended, stored) for _, stored in records.records("past")]
        self._past = {each.task_id: each for each in (
            *(each for ended in self._ended.values() for each in ended), *past)}

    def of(self, app_id: str) -> tuple[Ended, ...]:
        """The newest last."""
        return self._ended.get(app_id, ())

    def past(self, name: str) -> Ended | None:
        """The task of this id, or the last one of the instance of this id; without its last words."""
        with self._lock:
            if name in self._past:
                return self._past[name]
            return next((each for each in reversed(self._past.values())
                         if each.instance_id == name), None)

    def past_of(self, app_id: str) -> Sequence[Ended]:
        """All that are known of an app, also of one that is gone; the newest last, without their last words."""
        with self._lock:
            return [each for each in self._past.values() if each.app_id == app_id]

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
        if location is not None:
            self._remember(replace(ended, message=None))
        return ended

    def forget(self, app_id: str) -> None:
        """The app is gone."""
        if self._ended.pop(app_id, None) is not None:
            self._records.drop("ended", app_id)

    def _remember(self, ended: Ended) -> None:
        with self._lock:
            self._past[ended.task_id] = ended
            over = [each for each, _ in zip(self._past, range(len(self._past) - PAST),
                                            strict=False)]
            for each in over:
                del self._past[each]
        self._records.put("past", ended.task_id, plain(ended))
        for each in over:
            self._records.drop("past", each)
