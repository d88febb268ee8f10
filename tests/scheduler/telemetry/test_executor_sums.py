"""Sums over executors only grow, whoever comes, goes, repeats itself or is not heard."""
from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scheduler.telemetry.executors import FORGOTTEN, MOST_EXECUTORS, MOST_SERIES, SILENT, ExecutorSums
from specs.between.reports import METRICS, Distribution, ExecutorReport, Sample, report_of, report_text

EXITS = "container_exits_total"
CALLS = "docker_call_seconds"
BUCKETS = len(METRICS[CALLS].bounds) + 1


def report(run: str, number: int, exits: float, *more: Sample) -> ExecutorReport:
    counts = (int(exits),) + (0,) * (BUCKETS - 1)
    return ExecutorReport(run, number, "1", 0.0, (Sample(EXITS, ("exit",), exits), *more),
                          (Distribution(CALLS, ("start",), counts, exits / 2),))


def values(sums: ExecutorSums, now: float = 0.0) -> dict[str, float]:
    return {f"{sample.name}{sorted(sample.labels.values())}": sample.value
            for family in sums.families(now) for sample in family.samples}


def exits(sums: ExecutorSums) -> float:
    found = values(sums)
    total = found.get("mesos_docker_executor_container_exits_total['exit']", 0.0)
    assert found.get("mesos_docker_executor_docker_call_seconds_count['start']", 0.0) == total
    assert found.get("mesos_docker_executor_docker_call_seconds_sum['start']", 0.0) == total / 2
    return total


def test_each_is_added_once_though_one_was_lost_and_one_came_twice() -> None:
    sums = ExecutorSums()
    for number, count in ((1, 2), (2, 4), (2, 4), (4, 10)):
        sums.heard("A1", "e", "host", report("r", number, count), 0.0)
    sums.heard("A2", "e", "other", report("s", 1, 5), 0.0)
    assert exits(sums) == 15


def test_an_executor_that_counted_before_we_listened_begins_with_what_it_says_first() -> None:
    sums = ExecutorSums()
    sums.heard("A1", "e", "host", report("r", 70, 1000), 0.0)
    sums.heard("A1", "e", "host", report("r", 71, 1001), 0.0)
    assert exits(sums) == 1


def test_a_new_process_counts_from_zero() -> None:
    sums = ExecutorSums()
    sums.heard("A1", "e", "host", report("r", 1, 5), 0.0)
    sums.heard("A1", "e", "host", report("s", 3, 2), 0.0)
    assert exits(sums) == 7


def test_gauges_go_with_who_is_silent() -> None:
    sums = ExecutorSums()
    sums.heard("A1", "e", "h1", report("r", 1, 0, Sample("tasks", ("running",), 3), Sample("docker_up", (), 0)), 0.0)
    sums.heard("A2", "e", "h2", report("r", 1, 0, Sample("tasks", ("running",), 4)), SILENT)
    found = values(sums)
    assert found["mesos_docker_executor_tasks['running']"] == 7
    assert found["mesos_docker_executor_docker_up['h1']"] == 0
    assert found["mesos_docker_executor_docker_up['h2']"] == 1
    assert found["mesos_docker_executor_build_info['1']"] == 2
    assert values(sums, SILENT + 1)["mesos_docker_executor_tasks['running']"] == 4
    assert "mesos_docker_executor_tasks['running']" not in values(sums, 2 * SILENT)


def test_who_was_silent_for_a_week_is_a_new_one() -> None:
    sums = ExecutorSums()
    sums.heard("A1", "e", "h1", report("r", 1, 5), 0.0)
    sums.heard("A2", "e", "h2", report("s", 1, 0), FORGOTTEN + 1)
    sums.heard("A1", "e", "h1", report("r", 2, 9), FORGOTTEN + 2)
    assert exits(sums) == 5


def test_series_are_bounded() -> None:
    sums = ExecutorSums()
    for number in range(2 * MOST_SERIES):
        sums.heard("A1", "e", "h", ExecutorReport("r", number + 1, "1", 0.0, (
            Sample(EXITS, (str(number),), 1),)), 0.0)
    assert len(values(sums)) < MOST_SERIES + 100


def test_a_phase_that_no_task_is_in_any_more_is_not_shown() -> None:
    sums = ExecutorSums()
    sums.heard("A1", "e", "h", report("r", 1, 0, Sample("tasks", ("pulling",), 1)), 0.0)
    sums.heard("A1", "e", "h", report("r", 2, 0, Sample("tasks", ("running",), 1)), 0.0)
    sums.heard("A1", "e", "h", ExecutorReport("r", 3, "1", 0.0), 0.0)  # more usage of the same report
    assert "mesos_docker_executor_tasks['pulling']" not in values(sums)
    assert values(sums)["mesos_docker_executor_tasks['running']"] == 1


def test_executors_of_one_task_each_are_remembered_in_little_space_and_not_without_end() -> None:
    sums = ExecutorSums()
    full = report_of(json.loads(report_text(ExecutorReport(
        "r", 1, "1", 0.0, tuple(Sample(EXITS, (f"cause {number}",), 1) for number in range(10)),
        tuple(Distribution(CALLS, (f"call {number}",), (1,) * BUCKETS, 1.0) for number in range(10))))))
    tracemalloc.start()
    for number in range(1000):
        sums.heard("A", f"task {number}", "h", replace(full, run=f"run {number}"), 0.0)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / 1000 < 3 * 1024
    for number in range(MOST_EXECUTORS + 10):
        sums.heard("B", f"task {number}", "h", ExecutorReport("r", 1, "1", 0.0), 1.0)
    assert sums.process("A", "task 999") is None
    assert sums.process("B", f"task {MOST_EXECUTORS}") is not None


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("rs"), st.integers(0, 9)), max_size=30))
def test_sums_never_fall(said: list[tuple[str, str, int]]) -> None:
    sums, before = ExecutorSums(), 0.0
    for number, (agent, run, count) in enumerate(said):
        sums.heard(agent, "e", agent, report(run, number + 1, count), 0.0)
        assert exits(sums) >= before
        before = exits(sums)
