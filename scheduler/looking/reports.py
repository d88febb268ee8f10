"""Executors that report only when they are asked: those that agents bring along, one for each task.

Ours tells what its tasks use unasked, because the service says so when it has it started. As the
agent's own (the drop-in) it is started by the agent, for whatever framework, and says nothing of
the kind until one asks; Mesos's own never does, and passes such a message over.

So each task that runs is asked for, by a framework message with an interval, and once more when
nothing was heard for a while: a message may be lost, and who never answers is asked ever less
often. How often they report follows from how many there are, so that the service is told of at most
about RATE of them in a second.
"""
from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from scheduler.apps.instance import Instance
from scheduler.apps.taskinfo import RunBy, Settings, run_by
from scheduler.looking.places import task_of
from scheduler.service.views import AppView, View
from scheduler.tasks.conditions import Condition
from scheduler.telemetry.samples import Samples
from specs.between.executor_request import LONGEST_INTERVAL, ExecutorRequest, ReportRequest
from specs.forms.codec import write

EVERY: Final = 5.0  # seconds between two rounds
MOST: Final = 250  # asked in one round
RATE: Final = 50  # reports in a second
MISSED: Final = 3  # intervals without a report after which it is asked again
LONGEST_PAUSE: Final = 3600.0  # seconds, of one that does not answer


class Asking(NamedTuple):
    """A framework message."""

    agent_id: str
    executor_id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class _Asked:
    """When a task's executor was asked last; `pause`: seconds to be asked again, if it is silent."""

    at: float
    interval: int
    pause: float


class ReportsAsked:
    """Whom to ask. One thread's."""

    def __init__(self, samples: Samples, interval: float, settings: Settings) -> None:
        """`interval`: seconds between two reports at the least; `samples`: where they go."""
        self._samples = samples
        self._interval = interval
        self._settings = settings
        self._asked: dict[str, _Asked] = {}  # by task

    def round(self, view: View, now: float) -> list[Asking]:
        """Whom to ask now. `now`: seconds since 1970."""
        running = {task_of(each): each for app in view.apps.values() for each in self._of(app)}
        self._asked = {task: asked for task, asked in self._asked.items() if task in running}
        interval = min(LONGEST_INTERVAL, math.ceil(max(1.0, self._interval, len(running) / RATE)))
        data = json.dumps(write(ExecutorRequest(report=ReportRequest(interval)))).encode()
        found: list[Asking] = []
        for task, instance in running.items():
            if len(found) >= MOST:
                break
            if instance.location is not None and self._is_due(task, instance, interval, now):
                found.append(Asking(instance.location.agent_id, task, data))
        return found

    def _of(self, app: AppView) -> Iterator[Instance]:
        """Those whose containers an agent's own executor runs."""
        for version, instances in _by_version(app).items():
            defined = app.definitions.get(version) or app.target
            if defined is not None and defined.app.is_docker \
                    and run_by(defined.app, self._settings) is RunBy.AGENT:
                yield from instances

    def _is_due(self, task: str, instance: Instance, interval: int, now: float) -> bool:
        """Whether it is asked now; then that is noted."""
        asked = self._asked.get(task)
        if asked is None:
            self._asked[task] = _Asked(now, interval, MISSED * interval)
            return True
        last = self._samples.last(instance.id)
        heard = None if last is None or last.at < int(asked.at) else last.at
        if heard is None:
            since, pause, next_pause = asked.at, asked.pause, min(2 * asked.pause, LONGEST_PAUSE)
        else:
            since, pause, next_pause = heard, MISSED * asked.interval, MISSED * interval
        if now < since + pause:
            return False
        self._asked[task] = _Asked(now, interval, next_pause)
        return True


def _by_version(app: AppView) -> dict[str, list[Instance]]:
    found: dict[str, list[Instance]] = {}
    for each in app.instances:
        if each.condition is Condition.RUNNING:
            found.setdefault(each.version, []).append(each)
    return found
