"""Pictures: how launch latencies are distributed, how throughput grows with parallelism, a service with instances."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.bench import stats
from tests.bench.result import Row


def latency(rows: Sequence[Row], path: Path) -> bool:
    """The ECDF of every row of part "launch", one panel per row; False when there is none to draw."""
    shown = [row for row in rows if row.part == "launch" and row.unit == "ms" and len(row.ours.values) > 1]
    if not shown:
        return False
    axes, save = _figure(len(shown), "share of launches")
    for axis, row in zip(axes, shown, strict=True):
        for series in (row.ours, *row.beside):
            values, shares = stats.ecdf(series.values)
            axis.step(values, shares, where="post", label=series.name)
        axis.set(title=row.what, xlabel="ms")
        axis.title.set_fontsize(8)
        axis.legend(fontsize=7, loc="lower right")
    save(path)
    return True


def throughput(rows: Sequence[Row], path: Path) -> bool:
    """Containers per second against parallelism, one panel per part; False when there is none to draw."""
    shown = [row for row in rows if row.parallelism is not None]
    if not shown:
        return False
    parts = list(dict.fromkeys(row.part for row in shown))
    axes, save = _figure(len(parts), "containers/s")
    for axis, part in zip(axes, parts, strict=True):
        for name, points in _lines([row for row in shown if row.part == part]).items():
            axis.plot([x for x, _ in points], [y for _, y in points], marker="o", label=name)
        axis.set(title=part, xlabel="at once")
        axis.set_xscale("log", base=2)
        axis.legend(fontsize=7)
    save(path)
    return True


def growth(rows: Sequence[Row], path: Path) -> bool:
    """What each figure of the service comes to with its instances, one panel per figure; False when there is none."""
    figures: dict[tuple[str, str], list[tuple[int, Row]]] = {}
    for row in rows:
        if row.scale is not None:
            figures.setdefault((row.what.partition(": ")[2], row.unit), []).append((row.scale, row))
    if not figures:
        return False
    axes, save = _figure(len(figures), "")
    for axis, ((what, unit), points) in zip(axes, figures.items(), strict=True):
        scales = [scale for scale, _ in points]
        axis.plot(scales, [stats.median(row.ours.values) for _, row in points], marker="o", label="p50")
        axis.plot(scales, [stats.p99(row.ours.values) for _, row in points], marker=".", label="p99")
        axis.set(title=what, xlabel="instances", ylabel=unit, xscale="log", yscale="log")
        axis.title.set_fontsize(7)
        axis.legend(fontsize=7)
    save(path)
    return True


def _lines(rows: Sequence[Row]) -> dict[str, list[tuple[int, float]]]:
    lines: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        for series in (row.ours, *row.beside):
            lines.setdefault(series.name, []).append((row.parallelism or 0, stats.median(series.values)))
    return lines


def _figure(panels: int, label: str) -> tuple[list[Any], Callable[[Path], None]]:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    columns = min(panels, 3)
    lines = -(-panels // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(4.5 * columns, 3.4 * lines), squeeze=False)
    flat = list(axes.flat)
    for spare in flat[panels:]:
        spare.set_visible(False)
    for axis in flat[:panels]:
        axis.set_ylabel(label)
        axis.grid(alpha=0.3)

    def save(path: Path) -> None:
        figure.tight_layout()
        figure.savefig(path, dpi=120)
        plt.close(figure)

    return flat[:panels], save
