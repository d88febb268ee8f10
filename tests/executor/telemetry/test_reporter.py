"""A report as messages and as a textfile; usage that does not fit goes into further messages."""
from __future__ import annotations

from importlib import metadata
from pathlib import Path

from executor.telemetry.counts import Counts
from executor.telemetry.reporter import Destination, Reporter
from specs.between.reports import MAX_BYTES, MAX_TASKS, ExecutorReport, Usage, message_of, report_of


class Sent:
    """Keeps the messages."""

    def __init__(self, destination: Destination, tasks: int = 1) -> None:
        self.counts, self.messages = Counts(), list[bytes]()
        self.counts.add("container_exits_total", "exit")
        usage = {f"an-app-of-some-length.instance-0c9a4e5e-aaaa-11f0-9a5f-0242ac110002.{number}": Usage(0.25, 10**9)
                 for number in range(tasks)}
        self.reporter = Reporter(self.counts, destination, self.messages.append, lambda _: usage)

    def reports(self) -> list[ExecutorReport]:
        found = [message_of(each) for each in self.messages]
        return [report_of(each) for each in found if each is not None]


def test_the_version_is_that_of_the_installed_package() -> None:
    sent = Sent(Destination())
    sent.reporter.report({}, as_message=True)
    assert sent.reports()[0].version == metadata.version("mesos-docker")


def test_a_message_has_it_all() -> None:
    sent = Sent(Destination())
    sent.reporter.report({}, as_message=True)
    sent.reporter.report({}, as_message=True)
    first, second = sent.reports()
    assert (first.number, second.number) == (1, 2)
    assert first.run == second.run
    assert first.samples == sent.counts.samples()
    assert len(first.usage) == 1


def test_while_the_agent_is_away_nothing_is_sent() -> None:
    sent = Sent(Destination())
    sent.counts.set("subscribed", 0)
    sent.reporter.report({}, as_message=True)
    assert sent.messages == []
    sent.counts.set("subscribed", 1)
    sent.reporter.report({}, as_message=True)
    assert len(sent.reports()) == 1


def test_usage_of_many_tasks_goes_into_several_messages() -> None:
    sent = Sent(Destination(), tasks=2 * MAX_TASKS + 1)
    sent.reporter.report({}, as_message=True)
    reports = sent.reports()
    assert [len(each.usage) for each in reports] == [MAX_TASKS, MAX_TASKS, 1]
    assert [bool(each.samples) for each in reports] == [True, False, False]
    assert [each.number for each in reports] == [1, 2, 3]
    assert max(map(len, sent.messages)) < MAX_BYTES


def test_the_textfile_comes_and_goes(tmp_path: Path) -> None:
    sent = Sent(Destination(folder=tmp_path, framework_id="F/1", executor_id="e"))
    sent.reporter.report({}, as_message=False)
    (path,) = tmp_path.iterdir()
    assert path.name == "mesos_docker_F_1-e.prom"
    assert 'container_exits_total{cause="exit",framework="F/1",executor="e"} 1' in path.read_text()
    sent.reporter.clean()
    assert list(tmp_path.iterdir()) == []
    assert sent.messages == []


def test_a_folder_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    sent = Sent(Destination(folder=tmp_path / "none"))
    sent.reporter.report({}, as_message=True)
    assert len(sent.messages) == 1
