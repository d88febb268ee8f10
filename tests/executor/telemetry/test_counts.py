"""What is counted comes out as it was counted, and is bounded; as a textfile it is what Prometheus reads."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from executor.engine.failures import Cancelled, DaemonUnavailable, NoSuchContainer
from executor.telemetry import textfile
from executor.telemetry.counts import Counts
from specs.between.reports import MAX_SERIES, METRICS, ExecutorReport, Sample, message_of, report_of, report_text


def counted() -> Counts:
    counts = Counts()
    counts.add("container_exits_total", "oom")
    counts.add("container_exits_total", "oom", by=2)
    counts.set("tasks", 7, "running")
    for seconds in (0.001, 0.005, 0.02, 1000.0):
        counts.observe("task_phase_seconds", seconds, "start")
    return counts


def values(counts: Counts) -> dict[tuple[str, tuple[str, ...]], float]:
    return {(each.name, each.labels): each.value for each in counts.samples()}


def test_what_was_counted() -> None:
    found = values(counted())
    assert found == {("container_exits_total", ("oom",)): 3, ("tasks", ("running",)): 7}
    (times,) = counted().distributions()
    assert (times.counts[0], times.counts[2], times.counts[-1], sum(times.counts)) == (2, 1, 1, 4)
    assert times.total == pytest.approx(1000.026)


def test_gauges_can_be_dropped() -> None:
    counts = counted()
    counts.drop("tasks")
    assert ("tasks", ("running",)) not in values(counts)


@pytest.mark.parametrize(("name", "labels"), [("nothing", ()), ("tasks", ()), ("tasks", ("a", "b"))])
def test_what_is_not_in_the_table_is_a_mistake(name: str, labels: tuple[str, ...]) -> None:
    with pytest.raises(KeyError):
        Counts().add(name, *labels)


def test_series_are_bounded() -> None:
    counts = Counts()
    for number in range(2 * MAX_SERIES):
        counts.add("container_exits_total", str(number))
        counts.set("tasks", 1, str(number))
        counts.observe("task_phase_seconds", 1.0, str(number))
    assert len(counts.samples()) + len(counts.distributions()) == MAX_SERIES
    message = message_of(report_text(ExecutorReport("r", 1, "1", 1.0, counts.samples(), counts.distributions())))
    assert message is not None
    assert len(report_of(message).samples) == len(counts.samples())


def test_calls_of_the_engine() -> None:
    counts = Counts()
    counts.called("start", 0.2, None)
    assert values(counts) == {("docker_up", ()): 1}
    counts.called("pull of some/image:1", 1.0, DaemonUnavailable("gone"))
    assert values(counts)["docker_up", ()] == 0
    refused = NoSuchContainer("no")
    refused.answered = True
    counts.called("inspect", 0.1, refused)
    counts.called("inspect", 0.1, Cancelled(""))
    assert values(counts) == {
        ("docker_up", ()): 1, ("docker_call_failures_total", ("pull", "DaemonUnavailable")): 1,
        ("docker_call_failures_total", ("inspect", "NoSuchContainer")): 1,
        ("docker_call_failures_total", ("inspect", "Cancelled")): 1}
    assert {each.labels for each in counts.distributions()} == {("start",), ("pull",), ("inspect",)}


def test_the_textfile_is_what_prometheus_reads(tmp_path: Path) -> None:
    counts = counted()
    counts.add("docker_call_failures_total", 'a"b\\c', "x\ny")
    content = textfile.text(counts.samples(), counts.distributions(), {"framework": "F", "executor": "e"})
    textfile.write(tmp_path, "F-../e", content)
    (path,) = tmp_path.iterdir()
    assert path.suffix == ".prom"
    checked = subprocess.run(["promtool", "check", "metrics"], input=path.read_text(), text=True, capture_output=True,
                             check=False, timeout=60)
    assert (checked.returncode, checked.stderr) == (0, "")
    found = {(sample.name, *sorted(sample.labels.items())): sample.value
             for family in text_string_to_metric_families(content) for sample in family.samples}
    ids = (("executor", "e"), ("framework", "F"))
    assert found[("mesos_docker_executor_tasks", *ids, ("state", "running"))] == 7
    assert found[("mesos_docker_executor_task_phase_seconds_bucket", ids[0], ids[1], ("le", "0.025"),
                  ("phase", "start"))] == 3
    assert found[("mesos_docker_executor_docker_call_failures_total", ("call", 'a"b\\c'), *ids,
                  ("kind", "x\ny"))] == 1


def test_every_metric_can_be_rendered() -> None:
    counts = Counts()
    for name, metric in METRICS.items():
        labels = ["x"] * len(metric.labels)
        if metric.bounds:
            counts.observe(name, 1.0, *labels)
        else:
            counts.add(name, *labels)
    names = {family.name for family in text_string_to_metric_families(
        textfile.text(counts.samples(), counts.distributions(), {}))}
    assert names == {f"mesos_docker_executor_{name.removesuffix('_total')}" for name in METRICS}


def test_of_nothing_there_is_an_empty_file() -> None:
    assert textfile.text((), (), {}) == ""
    assert textfile.text((Sample("docker_up", (), 1.0),), (), {}).endswith("mesos_docker_executor_docker_up 1\n")
