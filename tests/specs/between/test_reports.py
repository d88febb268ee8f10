"""Executors' reports: what is written is read, what is no report is refused with its path."""
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.between.reports import (
    MAX_BYTES,
    MAX_SERIES,
    MAX_TASKS,
    METRICS,
    Distribution,
    ExecutorReport,
    Sample,
    Usage,
    message_of,
    report_of,
    report_text,
)
from specs.errors import SpecError

NUMBERS = st.floats(0, 1e12, allow_nan=False)
LABELS = st.text(max_size=64)


@st.composite
def reports(draw: st.DrawFn) -> ExecutorReport:
    samples, distributions = [], []
    for name in draw(st.lists(st.sampled_from(sorted(METRICS)), max_size=8)):
        metric = METRICS[name]
        labels = tuple(draw(LABELS) for _ in metric.labels)
        if metric.bounds:
            counts = tuple(draw(st.integers(0, 10**9)) for _ in (*metric.bounds, 0))
            distributions.append(Distribution(name, labels, counts, round(draw(NUMBERS), 6)))
        else:
            samples.append(Sample(name, labels, draw(NUMBERS)))
    usage = draw(st.dictionaries(st.text(min_size=1), st.builds(
        Usage, NUMBERS.map(lambda x: round(x, 5)), st.integers(0, 10**14)), max_size=5))
    return ExecutorReport(draw(LABELS), draw(st.integers(1, 10**9)), draw(LABELS), draw(NUMBERS),
                          tuple(samples), tuple(distributions), usage)


@given(reports())
def test_what_is_written_is_read(report: ExecutorReport) -> None:
    message = message_of(report_text(report))
    assert message is not None
    assert report_of(message) == report


@pytest.mark.parametrize("data", [
    b"", b"{", b"[]", b"hello", b"{}", b'{"type": 1}', b'{"a": 1}', b"\xff\xfe", b"[" * 100_000,
    b'{"type": "report", "x": "' + b"y" * MAX_BYTES + b'"}'])
def test_what_is_no_message_of_ours(data: bytes) -> None:
    assert message_of(data) is None


def test_other_types_are_told_apart() -> None:
    assert message_of(b'{"type": "exec"}') == {"type": "exec"}


GOOD: dict[str, Any] = json.loads(report_text(ExecutorReport("r", 1, "1.0", 2.0)))
BUCKETS = len(METRICS["docker_call_seconds"].bounds) + 1


@pytest.mark.parametrize(("change", "path"), [
    ({"run": None}, "run"), ({"run": "x" * 65}, "run"), ({"number": -1}, "number"),
    ({"number": True}, "number"), ({"at": float("inf")}, "at"), ({"version": 1}, "version"),
    ({"samples": {}}, "samples"), ({"samples": [["tasks", ["a"], 1]] * (MAX_SERIES + 1)}, "samples"),
    ({"samples": [["nothing", [], 1]]}, "samples[0]"), ({"samples": [["tasks", [], 1]]}, "samples[0]"),
    ({"samples": [["tasks", ["a"], "1"]]}, "samples[0]"), ({"samples": [[["tasks"], ["a"], 1]]}, "samples[0]"),
    ({"samples": [["docker_call_seconds", ["a"], 1]]}, "samples[0]"),
    ({"distributions": [["docker_call_seconds", ["a"], [1], 1]]}, "distributions[0]"),
    ({"distributions": [["tasks", ["a"], [1], 1]]}, "distributions[0]"),
    ({"distributions": [["docker_call_seconds", ["a"], [-1] * BUCKETS, 1]]}, "distributions[0]"),
    ({"usage": []}, "usage"), ({"usage": {str(n): [0, 0] for n in range(MAX_TASKS + 1)}}, "usage"),
    ({"usage": {"t": [1]}}, "usage.t"), ({"usage": {"t": [float("nan"), 1]}}, "usage.t"),
])
def test_what_is_wrong_is_named(change: dict[str, Any], path: str) -> None:
    with pytest.raises(SpecError) as refused:
        report_of({**GOOD, **change})
    assert refused.value.path == path


def test_metrics_are_named_as_prometheus_wants_them() -> None:
    for name, metric in METRICS.items():
        assert name.endswith("_total") == (metric.kind == "counter"), name
        assert bool(metric.bounds) == (metric.kind == "histogram"), name
        assert not {"task", "task_id", "instance", "container"} & set(metric.labels), name
