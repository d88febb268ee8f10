"""The result as a table on the terminal and as JSON."""
from __future__ import annotations

import dataclasses
import json
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.bench import result, stats
from tests.bench.machine import BUSY
from tests.bench.result import Budget, Result, Row, Statistic


def number(value: float) -> str:
    """Three digits that matter, and thousands with commas."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def side(series: result.Series, unit: str) -> str:
    """Median, quartiles, p99 and count; just the value where there is only one."""
    shown = stats.summary(series.values)
    suffix = f" {unit}" if unit else ""
    if shown.count == 1:
        return f"{number(shown.median)}{suffix}"
    spread = f"{number(shown.low)}–{number(shown.high)}"
    tail = f", p99 {number(shown.p99)}" if shown.count >= 5 else ""
    return f"{number(shown.median)}{suffix} ({spread}{tail}; n {shown.count})"


def compared(row: Row) -> str:
    """Each thing beside it with the ratio and its interval."""
    lines = []
    for series, (_, interval) in zip(row.beside, result.ratios(row), strict=True):
        ratio = f"{interval.estimate:.2f} ×"
        if len(series.values) > 1 or len(row.ours.values) > 1:
            ratio += f" [{interval.low:.2f}–{interval.high:.2f}]"
        lines.append(f"{series.name}: {side(series, row.unit)} → {ratio}")
    return "\n".join(lines)


def budget(row: Row, promise: Budget) -> Text:
    """The promise and whether it is kept; a cross or a tick for readers without colours."""
    judged = result.verdict(row, promise)
    unit = " ×" if promise.statistic is Statistic.RATIO else f" {row.unit}" if row.unit else ""
    mark, colour = ("✓", "green") if judged.met else ("✗", "red")
    words = f"{promise.statistic.value} {promise.bound.value} {promise.limit:g}{unit}: {mark} {judged.value}"
    return Text(words, style=colour)


def table(parts: list[Row]) -> Table:
    """All rows, a rule between the parts."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    columns = (("part", None), ("what", 4), ("measured: p50 (quartiles, p99; n)", 4),
               ("beside it → measured over it", 6), ("budget", 3))
    for name, ratio in columns:
        shown.add_column(name, ratio=ratio, overflow="fold", no_wrap=ratio is None)
    last = None
    for row in parts:
        if last not in {None, row.part}:
            shown.add_section()
        what = Text(row.what)
        if row.note:
            what.append(f"\n{row.note}", style="dim")
        if row.busy > BUSY:
            what.append(f"\nothers used {row.busy:.0%} of the machine", style="yellow")
        shown.add_row(row.part if row.part != last else "", what, side(row.ours, row.unit), compared(row),
                      Text("\n").join(budget(row, promise) for promise in row.budgets))
        last = row.part
    return shown


def show(console: Console, done: Result) -> None:
    """Machine, table, failures, and a warning when the figures are not to be believed."""
    for name, value in (*done.machine.items(), *done.settings.items(), *done.load.items()):
        console.print(f"[bold]{name:>14}[/bold]  {value}", highlight=False)
    console.print(table(list(done.rows)))
    for failure in done.failures:
        console.print(Text(f"{failure.part}: not measured: {failure.problem}", style="red"))
    disturbed = [row for row in done.rows if row.busy > BUSY]
    if disturbed:
        console.print(Text(
            f"The machine was busy with other work (more than {BUSY:.0%} of it, just before {len(disturbed)} of "
            f"{len(done.rows)} rows): believe the ratios, not the absolute figures.", style="bold yellow",
        ))
    promises = [(row, promise) for row in done.rows for promise in row.budgets]
    missed = [f"{row.what} ({promise.statistic.value})" for row, promise in promises
              if not result.verdict(row, promise).met]
    console.print(f"{len(promises) - len(missed)} of {len(promises)} budgets met"
                  + (f"; missed: {'; '.join(missed)}" if missed else "") + f".  {done.seconds:.0f} s in all.")


def plain(done: Result) -> dict[str, Any]:
    """The result as JSON-shaped values: everything measured, and what the table made of it."""
    answer = dataclasses.asdict(dataclasses.replace(done, rows=()))
    answer["rows"] = [_plain_row(row) for row in done.rows]
    return answer


def _plain_row(row: Row) -> dict[str, Any]:
    return {
        "part": row.part, "what": row.what, "unit": row.unit, "note": row.note, "parallelism": row.parallelism,
        "scale": row.scale,
        "busy": round(row.busy, 3),
        "ours": _plain_series(row.ours),
        "beside": [
            {**_plain_series(series), "ratio": dataclasses.asdict(interval)}
            for series, (_, interval) in zip(row.beside, result.ratios(row), strict=True)
        ],
        "budgets": [
            {"statistic": promise.statistic.value, "bound": promise.bound.value, "limit": promise.limit,
             "met": result.verdict(row, promise).met, "verdict": result.verdict(row, promise).value}
            for promise in row.budgets
        ],
    }


def _plain_series(series: result.Series) -> dict[str, Any]:
    return {"name": series.name, **dataclasses.asdict(stats.summary(series.values)),
            "rounds": [list(values) for values in series.rounds]}


def as_json(done: Result) -> str:
    """The text of result.json."""
    return json.dumps(plain(done), indent=1)
