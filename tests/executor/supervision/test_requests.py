"""What the service asks for: the process that is meant makes way or says why not, any other does nothing."""
from __future__ import annotations

import json
import threading
from pathlib import Path

from executor.endpoint.execs import Execs
from executor.supervision.requests import Requests
from executor.supervision.succession.upgrade import Upgrade
from specs.between.executor_request import ExecutorRequest, ReportRequest, UpgradeRequest
from specs.between.reports import message_of
from specs.between.upgrade_refused import UpgradeRefused, refused_of
from specs.forms.codec import write
from tests.fakes.runtime import FakeRuntime


class Asked:
    def __init__(self, folder: Path, script: str) -> None:
        """`script`: what is installed, when it is asked whether it starts."""
        command = folder / "executor"
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
        self.sent: list[bytes] = []
        self.done = threading.Event()
        self.agreed = False
        self.intervals: list[int] = []
        self._upgrade = Upgrade(str(command), self._agree)
        self._requests = Requests(Execs(lambda: FakeRuntime().containers), "this", self._send,
                                  self.intervals.append)

    def ask(self, run: str) -> None:
        self.take(ExecutorRequest(upgrade=UpgradeRequest(run)))

    def take(self, wanted: ExecutorRequest) -> None:
        request = write(wanted)
        self._requests.take(json.dumps(request).encode(), lambda _: None, self._upgrade)

    def _agree(self) -> None:
        self.agreed = True
        self.done.set()

    def _send(self, data: bytes) -> None:
        self.sent.append(data)
        self.done.set()


def test_it_makes_way_for_what_starts(tmp_path: Path) -> None:
    asked = Asked(tmp_path, '[ "$1" = --check ]')
    asked.ask("another")
    assert not asked.done.wait(0.2)
    asked.ask("this")
    assert asked.done.wait(30)
    assert (asked.agreed, asked.sent) == (True, [])


def test_reports_are_asked_for_with_an_interval(tmp_path: Path) -> None:
    asked = Asked(tmp_path, "exit 1")
    asked.take(ExecutorRequest(report=ReportRequest(15)))
    assert (asked.intervals, asked.sent) == ([15], [])


def test_it_says_once_why_it_goes_on_however_often_it_is_asked_meanwhile(tmp_path: Path) -> None:
    asked = Asked(tmp_path, "sleep 0.5; echo no >&2; exit 3")
    for _ in range(3):
        asked.ask("this")
    assert asked.done.wait(30)
    [said] = asked.sent
    message = message_of(said)
    assert message is not None
    assert refused_of(message) == UpgradeRefused("this", f"{tmp_path}/executor --check ended with status 3: no")
    assert not asked.agreed
