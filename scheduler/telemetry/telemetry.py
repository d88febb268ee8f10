"""All that the service knows of itself and its executors in numbers, put together; and how a
message of an executor is taken.
"""
from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

from scheduler.telemetry.executors import ExecutorSums
from scheduler.telemetry.meters import Meters
from scheduler.telemetry.samples import Samples, UsageSample
from specs.between.reports import TYPE, message_of, report_of
from specs.errors import SpecError

log = logging.getLogger(__name__)


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

    def messaged(self, agent_id: str, executor_id: str, data: bytes, host: str,
                 place: Callable[[str], TaskPlace | None]) -> bool:
        """A framework message; whether it was a report. `host`: the agent's, if it is known;
        `place`: of a task by its id.

        What an executor says of tasks that are not on its agent is not believed.
        """
        message = message_of(data)
        if message is None or message["type"] != TYPE:
            return False
        try:
            report = report_of(message)
        except SpecError as error:
            self.meters.reports_refused.inc()
            log.warning("A report of the executor %s on %s is not taken: %s", executor_id, agent_id, error,
                        extra={"agent": agent_id, "executor": executor_id})
            return True
        now = self._clock()
        self.executors.heard(agent_id, executor_id, host or agent_id, report, now)
        for task_id, usage in report.usage.items():
            found = place(task_id)
            if found is not None and found.agent_id == agent_id:
                self.samples.add(found.instance_id, UsageSample(int(now), usage.cores, usage.memory))
        self.samples.sweep(now)
        return True
