from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.bench import plots, report, result
from tests.bench.__main__ import parse
from tests.bench.result import Bound, Budget, Failure, Result, Row, Series, Statistic, Verdict


def row(ours: list[list[float]], beside: list[list[float]] | None = None, *budgets: Budget) -> Row:
    others = (Series.of("raw API", beside),) if beside is not None else ()
    return Row("launch", "network host", "ms", Series.of("ours", ours), others, budgets)


AT_MOST_2 = Budget(Statistic.RATIO, Bound.AT_MOST, 2.0)
AT_LEAST_2 = Budget(Statistic.RATIO, Bound.AT_LEAST, 2.0)


@pytest.mark.parametrize(("measured", "promise", "expected"), [
    (row([[1.0, 2.0, 9.0]]), Budget(Statistic.MEDIAN, Bound.AT_MOST, 2.0), Verdict.MET),
    (row([[1.0, 2.1, 9.0]]), Budget(Statistic.MEDIAN, Bound.AT_MOST, 2.0), Verdict.MISSED),
    (row([[1.0, 2.0, 9.0]]), Budget(Statistic.MAXIMUM, Bound.AT_MOST, 8.0), Verdict.MISSED),
    (row([[1.0, 2.0, 9.0]]), Budget(Statistic.P99, Bound.AT_LEAST, 8.0), Verdict.MET),
    (row([[3.0] * 5], [[2.0] * 5]), AT_MOST_2, Verdict.MET),
    (row([[5.0] * 5], [[2.0] * 5]), AT_MOST_2, Verdict.MISSED),
    (row([[5.0] * 5], [[2.0] * 5]), AT_LEAST_2, Verdict.MET),
    (row([[1.0, 3.0, 4.0, 9.0]], [[2.0, 1.0, 3.0, 2.0]]), AT_MOST_2, Verdict.MET_OPEN),
    (row([[1.0, 5.0, 6.0, 9.0]], [[2.0, 1.0, 3.0, 2.0]]), AT_MOST_2, Verdict.MISSED_OPEN),
])
def test_verdict(measured: Row, promise: Budget, expected: Verdict) -> None:
    assert result.verdict(measured, promise) is expected


def test_a_ratio_with_nothing_beside_it_is_an_error() -> None:
    with pytest.raises(ValueError, match="beside"):
        result.verdict(row([[1.0]]), AT_MOST_2)


def test_sides_with_other_numbers_of_rounds_are_compared_as_one_round() -> None:
    (_, interval), = result.ratios(row([[4.0], [4.0]], [[2.0]]))
    assert interval.estimate == 2.0


DONE = Result(
    machine={"CPU": "made of sand"}, settings={"run": "quick"}, failures=(Failure("local", "no such thing"),),
    rows=(row([[3.0, 4.0], [5.0]], [[2.0], [2.0]], AT_MOST_2),
          Row("burst", "100 at once", "/s", Series.single("ours", 12345.0), parallelism=4, busy=0.5)),
)


def test_the_table_says_what_was_measured_what_was_not_and_that_the_machine_was_busy() -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    report.show(console, DONE)
    text = console.export_text()
    for expected in ("made of sand", "4.00 ms", "raw API: 2.00 ms", "2.00 ×", "p50 ≤ 2 ×", "12,345 /s",
                     "local: not measured: no such thing", "others used 50% of the machine", "believe the ratios",
                     "1 budgets met"):
        assert expected in text


def test_the_json_has_every_value_and_every_verdict() -> None:
    told = json.loads(report.as_json(DONE))
    assert told["machine"] == {"CPU": "made of sand"}
    assert told["failures"] == [{"part": "local", "problem": "no such thing"}]
    first, second = told["rows"]
    assert first["ours"]["rounds"] == [[3.0, 4.0], [5.0]]
    assert first["beside"][0]["ratio"]["estimate"] == 2.0
    assert first["budgets"][0]["met"] is True
    assert second["parallelism"] == 4


def test_plots_are_drawn_only_from_rows_that_have_something_to_draw(tmp_path: Path) -> None:
    assert plots.latency(DONE.rows, tmp_path / "latency.png")
    assert plots.throughput(DONE.rows, tmp_path / "throughput.png")
    assert (tmp_path / "latency.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "throughput.png").read_bytes().startswith(b"\x89PNG")
    assert not plots.latency([], tmp_path / "none.png")
    assert not plots.throughput([], tmp_path / "none.png")


@pytest.mark.parametrize(("given", "master"), [(["--master", "10.0.0.1:5050", "--executor", "mesos"], "10.0.0.1:5050"),
                                               (["--executor", "mesos"], None)])
def test_a_cluster_is_measured_in_three_parts(given: list[str], master: str | None) -> None:
    settings, parts = parse(given)
    assert parts == ["launch", "exit", "burst"]
    assert (settings.master, settings.executor) == (master, "mesos")


@pytest.mark.parametrize("given", [["--master", "10.0.0.1:5050"], ["--executor", "mesos"]])
def test_a_part_that_looks_into_our_executor_is_refused_there(
        given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([*given, "--only", "density"])
    assert "only launch, exit, burst can be measured, not density" in capsys.readouterr().err
