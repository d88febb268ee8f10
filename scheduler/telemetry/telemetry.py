"""All that the service knows of itself and its executors in numbers, put together; and how a
message of an executor is taken.
"""
from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from scheduler.telemetry.executors import ExecutorSums
from scheduler.telemetry.meters import Meters
from scheduler.telemetry.samples import Samples, UsageSample
from specs.between.reports import TYPE as REPORT
from specs.between.reports import ExecutorReport, message_of, report_of
from specs.between.upgrade_refused import TYPE as REFUSED
from specs.between.upgrade_refused import UpgradeRefused, refused_of
from specs.errors import SpecError

log = logging.getLogger(__name__)

MOST_REFUSALS: Final = 1000


class TaskPlace(NamedTuple):
    """What is known of a task that an executor says something of."""

    instance_id: str
    agent_id: str


class Telemetry:
    """`messaged` is the loop's; the parts say what is anybody's."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: seconds since 1970."""
        self._clock = clock
        self.meters = Meters()
        self.samples = Samples()
        self.executors = ExecutorSums()
        self.refusals: OrderedDict[str, str] = OrderedDict()  # why a process did not make way, by its run
        self.heard: set[Callable[[], None]] = set()  # called on the loop when one has said something

    def messaged(self, agent_id: str, executor_id: str, data: bytes, host: str,
                 place: Callable[[str], TaskPlace | None]) -> bool:
        """A framework message; whether it was one of ours. `host`: the agent's, if it is known;
        `place`: of a task by its id.

        What an executor says of tasks that are not on its agent is not believed.
        """
        message = message_of(data)
        if message is None or message["type"] not in (REPORT, REFUSED):
            return False
        try:
            if message["type"] == REFUSED:
                self._refused(refused_of(message))
            else:
                self._reported(agent_id, executor_id, report_of(message), host, place)
        except SpecError as error:
            self.meters.reports_refused.inc()
            log.warning("A report of the executor %s on %s is not taken: %s", executor_id, agent_id, error,
                        extra={"agent": agent_id, "executor": executor_id})
        else:
            for tell in tuple(self.heard):
                tell()
        return True

    def _refused(self, refused: UpgradeRefused) -> None:
        self.refusals[refused.run] = refused.why
        if len(self.refusals) > MOST_REFUSALS:
            self.refusals.popitem(last=False)

    def _reported(self, agent_id: str, executor_id: str, report: ExecutorReport, host: str,
                  place: Callable[[str], TaskPlace | None]) -> None:
        now = self._clock()
        self.executors.heard(agent_id, executor_id, host or agent_id, report, now)
        for task_id, usage in report.usage.items():
            found = place(task_id)
            if found is not None and found.agent_id == agent_id:
                self.samples.add(found.instance_id, UsageSample(int(now), usage.cores, usage.memory))
        self.samples.sweep(now)
