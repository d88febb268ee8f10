"""How often executors tell what they have measured: ours are told at their start, agents' own are
asked by framework messages while the service runs (scheduler/looking/reports.py).
"""
from __future__ import annotations

import logging
import os
import threading
import time
from typing import Final, Self

from deploy.cli.problems import REFUSED, Problem
from scheduler.apps.taskinfo import Settings
from scheduler.looking.execs import AgentSide
from scheduler.looking.reports import EVERY, ReportsAsked
from scheduler.service.service import Service
from specs.errors import SpecError
from specs.words.durations import parse_duration

log = logging.getLogger(__name__)

REPORT_INTERVAL: Final = "MESOS_DOCKER_REPORT_INTERVAL"
USUAL: Final = "15secs"


def wanted_interval() -> str:
    """A duration as Mesos writes them; "0ns" for no reports. Raises Problem if it is none."""
    said = os.environ.get(REPORT_INTERVAL, USUAL)
    try:
        parse_duration(said)
    except SpecError as error:
        raise Problem(f"{REPORT_INTERVAL}={said}: {error}; as in 15secs, and 0ns for none", REFUSED) from error
    return said


class AsksForReports:
    """For the length of a `with`: a thread that asks now and then, if reports are wanted at all."""

    def __init__(self, service: Service, agents: AgentSide) -> None:
        self._service = service
        self._agents = agents
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reports", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _run(self) -> None:
        interval = parse_duration(wanted_interval()) / 1e9
        if not interval:
            return
        asked = ReportsAsked(self._service.telemetry.samples, interval,
                             Settings(custom_executor=self._agents.custom))
        while not self._over.wait(EVERY):
            if self._service.view.framework.master is None:
                continue
            try:
                for each in asked.round(self._service.view, time.time()):
                    self._agents.send(*each)
            except Exception:
                log.exception("A fault in asking for reports")
