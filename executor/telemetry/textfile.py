"""The counts as a file that the node_exporter's textfile collector reads, in Prometheus's text form.

One file for each executor, with the labels `framework` and `executor`, as two of them may be on one
agent. It is replaced as a whole, and goes when the executor ends.
"""
from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from specs.between.reports import METRICS, Distribution, Sample

PREFIX: Final = "mesos_docker_executor_"
_ESCAPED: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def text(samples: Iterable[Sample], distributions: Iterable[Distribution],
         ids: Mapping[str, str]) -> str:
    """All of them, each metric once; `ids` are labels of all."""
    lines: dict[str, list[str]] = {}
    for sample in samples:
        lines.setdefault(sample.name, []).append(
            f"{PREFIX}{sample.name}{_labels(sample.name, sample.labels, ids)} {sample.value:g}")
    for each in distributions:
        lines.setdefault(each.name, []).extend(_histogram(each, ids))
    found = []
    for name in sorted(lines):
        metric = METRICS[name]
        found += [f"# HELP {PREFIX}{name} {metric.help}", f"# TYPE {PREFIX}{name} {metric.kind}",
                  *lines[name]]
    return "".join(f"{line}\n" for line in found)


def write(folder: Path, executor: str, content: str) -> None:
    """Replace the file. Raises OSError."""
    path = file(folder, executor)
    new = path.with_suffix(f".{os.getpid()}.tmp")
    new.write_text(content, encoding="utf-8")
    new.replace(path)


def file(folder: Path, executor: str) -> Path:
    """Whose name holds no more than a file's may."""
    safe = "".join(each if each.isalnum() or each in "-_." else "_" for each in executor)
    return folder / f"mesos_docker_{safe[:150]}.prom"


def _histogram(each: Distribution, ids: Mapping[str, str]) -> Iterator[str]:
    name, total = f"{PREFIX}{each.name}", 0
    bounds = (*(f"{bound:g}" for bound in METRICS[each.name].bounds), "+Inf")
    for bound, count in zip(bounds, each.counts, strict=True):
        total += count
        yield f"{name}_bucket{_labels(each.name, each.labels, {**ids, 'le': bound})} {total}"
    labels = _labels(each.name, each.labels, ids)
    yield f"{name}_sum{labels} {each.total:.6f}"
    yield f"{name}_count{labels} {total}"


def _labels(name: str, values: tuple[str, ...], ids: Mapping[str, str]) -> str:
    pairs = {**dict(zip(METRICS[name].labels, values, strict=True)), **ids}
    inner = ",".join(f'{key}="{value.translate(_ESCAPED)}"' for key, value in pairs.items())
    return f"{{{inner}}}" if inner else ""
