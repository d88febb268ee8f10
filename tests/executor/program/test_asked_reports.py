"""A drop-in is every framework's: it reports to those that ask by a framework message, and to no other."""
from __future__ import annotations

import json
import time
from pathlib import Path

from executor.settings.settings import ReportSettings
from executor.supervision.reports import SOON
from specs.between.executor_request import ExecutorRequest, ReportRequest
from specs.between.reports import message_of, report_of
from specs.forms.codec import write
from tests.executor.program.running import Running, running
from tests.patience import SLOW

REQUEST = json.dumps(write(ExecutorRequest(report=ReportRequest(1)))).encode()


def reports(run: Running, count: int) -> None:
    assert run.agent.wait_for(lambda agent: len(agent.messages) >= count, 30 * SLOW), run.agent.messages
    for number, data in enumerate(run.agent.messages, 1):
        message = message_of(data)
        assert message is not None
        said = report_of(message)
        assert (said.number, said.run) == (number, report_of(message_of(run.agent.messages[0]) or {}).run)
        assert any(each.name == "tasks" and each.labels == ("running",) for each in said.samples)


def test_who_does_not_ask_is_told_nothing(tmp_path: Path) -> None:
    with running(tmp_path, container="mesos-1", reports=ReportSettings()) as run:
        run.launch("t", "sleep 1000")
        run.running("t")
        for foreign in (b"", b"hello", b'{"metrics": {}}', b'{"report": {"interval": 0}}'):
            run.supervisor.message(foreign)
        time.sleep(SOON + 0.5)
    assert run.agent.messages == []


def test_who_asks_is_told_again_and_again(tmp_path: Path) -> None:
    with running(tmp_path, container="mesos-1", reports=ReportSettings()) as run:
        run.launch("t", "sleep 1000")
        run.running("t")
        for _ in range(3):  # as often as it likes: the message may have been lost
            run.supervisor.message(REQUEST)
        reports(run, 2)
