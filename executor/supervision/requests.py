"""What the service asks of us by framework messages: commands in containers, reports, and to make
way for another version.
"""
from __future__ import annotations

import logging
from collections.abc import Callable
from typing import assert_never

from executor.endpoint.execs import Execs
from executor.endpoint.requests import requested
from executor.supervision.succession.upgrade import Upgrade
from specs.between.executor_request import ExecRequest, ReportRequest, UpgradeRequest
from specs.between.upgrade_refused import UpgradeRefused, refused_text

log = logging.getLogger(__name__)


class Requests:
    """Belongs to the loop's thread."""

    def __init__(self, execs: Execs, run: str, send: Callable[[bytes], None],
                 report: Callable[[int], None]) -> None:
        """`run`: of this process, as our reports have it; `send` takes a framework message;
        `report`: from now on, with so many seconds between two.
        """
        self._execs = execs
        self._report = report
        self._run = run
        self._send = send

    def take(self, data: bytes, container: Callable[[str], str | None], upgrade: Upgrade) -> None:
        """One message. `container`: of a task that runs."""
        match requested(data):
            case ExecRequest() as wanted:
                self._execs.begin(wanted, container(wanted.task_id))
            case UpgradeRequest(run):
                self._make_way(run, upgrade)
            case ReportRequest(interval):
                self._report(interval)
            case None:
                log.info("Ignoring a framework message of %s bytes", len(data))
            case unknown:
                assert_never(unknown)

    def _make_way(self, run: str, upgrade: Upgrade) -> None:
        """A message that comes twice, or late, is not for the process that has taken over."""
        if run != self._run:
            log.info("Not making way: process %s was asked, and this is %s", run, self._run)
            return
        upgrade.ask("the service asks for it",
                    lambda why: self._send(refused_text(UpgradeRefused(run, why))))
