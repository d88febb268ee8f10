"""What an executor tells its service of itself and its containers: a framework message, JSON.

    {"type": "report", "run": "0f3a…", "number": 7, "version": "0.1.0", "at": 1764300000.0,
     "samples": [["tasks", ["running"], 3], …],
     "distributions": [["docker_call_seconds", ["start"], [0, 1, 4, …], 1.25], …],
     "usage": {"TASK_ID": [CORES, BYTES], …}}

All that is counted is counted since the `run` of that process began, so a message that gets lost
harms nothing: the next one says it again. `METRICS` is the table of what there is; who reads takes
nothing that is not in it. What a message may hold is bounded by the MAX_ numbers; usage of more
tasks than that goes into further messages.
"""
from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from specs.errors import SpecError

TYPE: Final = "report"
MAX_BYTES: Final = 256 * 1024  # of a message
MAX_SERIES: Final = 400  # samples and distributions of a message, together
MAX_TASKS: Final = 500  # whose usage is in one message
MAX_LABEL: Final = 64  # characters of a label's value
FOREVER: Final = 1e15  # seconds, counts and bytes are below it; above, it is no number of ours

_TIMES: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table; its name is without the program's prefix. `bounds`: the upper ones of
    a histogram's buckets, seconds, without the infinite one."""

    kind: str  # counter, gauge or histogram
    labels: tuple[str, ...]
    help: str
    bounds: tuple[float, ...] = ()


METRICS: Final[Mapping[str, Metric]] = {
    "subscribed": Metric("gauge", (), "Whether the agent knows this executor."),
    "docker_up": Metric("gauge", (), "Whether the Docker engine answered when it was asked last."),
    "tasks": Metric("gauge", ("state",), "Tasks by where they are in their lives."),
    "status_updates_pending": Metric("gauge", (), "Updates that the agent has not acknowledged."),
    "status_updates_resent_total": Metric("counter", (), "Updates that were sent once more after a loss."),
    "task_phase_seconds": Metric(
        "histogram", ("phase",), "How long fetching, pulling, creating, starting and stopping took; "
        "running_report: from the launch to TASK_RUNNING.", _TIMES),
    "container_exits_total": Metric("counter", ("cause",), "Tasks that ended, by why."),
    "docker_call_seconds": Metric("histogram", ("call",), "How long the Docker engine took to answer.", _TIMES),
    "docker_call_failures_total": Metric("counter", ("call", "kind"), "Calls that the Docker engine failed."),
    "pulls_total": Metric("counter", ("result",), "Images that were asked for, by what came of it."),
    "pull_bytes_total": Metric("counter", (), "Bytes that pulls of images have downloaded."),
    "orphans_removed_total": Metric("counter", (), "Containers of an earlier executor that were removed."),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """The value of a counter or gauge. `labels`: values, in the order of the metric's names."""

    name: str
    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """A histogram: how many fell into each bucket, the infinite one last; and their sum, seconds."""

    name: str
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    total: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What a container uses."""

    cores: float  # of the CPU, on average since the report before
    memory: int  # bytes, without the page cache that can be dropped at once


@dataclass(frozen=True, slots=True)
class ExecutorReport:
    """One message. `run`: of the process, another one counts from zero; `number`: of the message,
    from 1; `at`: seconds since 1970, by the agent's clock."""

    run: str
    number: int
    version: str
    at: float
    samples: tuple[Sample, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    usage: Mapping[str, Usage] = field(default_factory=dict)  # by task id


def report_text(report: ExecutorReport) -> bytes:
    """The message."""
    return json.dumps({
        "type": TYPE, "run": report.run, "number": report.number, "version": report.version,
        "at": report.at,
        "samples": [[each.name, each.labels, each.value] for each in report.samples],
        "distributions": [[each.name, each.labels, each.counts, round(each.total, 6)]
                          for each in report.distributions],
        "usage": {name: [round(each.cores, 5), each.memory] for name, each in report.usage.items()},
    }, separators=(",", ":")).encode()


def message_of(data: bytes) -> Mapping[str, Any] | None:
    """A framework message of ours, whatever its `type` says; None if it is something else."""
    if len(data) > MAX_BYTES or not data.startswith(b"{"):
        return None
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("type"), str) else None


def report_of(message: Mapping[str, Any]) -> ExecutorReport:
    """A message of this type. Raises SpecError with the path of what is wrong."""
    samples, distributions = _list(message, "samples"), _list(message, "distributions")
    usage = message.get("usage")
    if len(samples) + len(distributions) > MAX_SERIES:
        raise SpecError("samples", f"must be at most {MAX_SERIES}, together with distributions")
    if not isinstance(usage, dict) or len(usage) > MAX_TASKS:
        raise SpecError("usage", f"must be an object with at most {MAX_TASKS} tasks")
    return ExecutorReport(
        _label(message.get("run"), "run"), int(_number(message.get("number"), "number")),
        _label(message.get("version"), "version"), _number(message.get("at"), "at"),
        tuple(_sample(each, f"samples[{place}]") for place, each in enumerate(samples)),
        tuple(_distribution(each, f"distributions[{place}]")
              for place, each in enumerate(distributions)),
        {name: _usage(each, f"usage.{name}") for name, each in usage.items()})


def _sample(value: Any, path: str) -> Sample:
    name, labels, (number,) = _series(value, path, 1)
    if METRICS[name].bounds:
        raise SpecError(path, f"{name} is a histogram")
    return Sample(name, labels, _number(number, path))


def _distribution(value: Any, path: str) -> Distribution:
    name, labels, (counts, total) = _series(value, path, 2)
    buckets = len(METRICS[name].bounds) + 1
    if buckets == 1 or not isinstance(counts, list) or len(counts) != buckets:
        raise SpecError(path, f"{name} must have a number for each of its buckets")
    return Distribution(name, labels, tuple(int(_number(each, path)) for each in counts),
                        _number(total, path))


def _series(value: Any, path: str, more: int) -> tuple[str, tuple[str, ...], list[Any]]:
    if not isinstance(value, list) or len(value) != 2 + more or not isinstance(value[1], list):
        raise SpecError(path, "must be a name, its labels and its value")
    metric = METRICS.get(value[0]) if isinstance(value[0], str) else None
    if metric is None or len(value[1]) != len(metric.labels):
        raise SpecError(path, "must be a metric with all its labels")
    return value[0], tuple(_label(each, path) for each in value[1]), value[2:]


def _usage(value: Any, path: str) -> Usage:
    if not isinstance(value, list) or len(value) != 2:
        raise SpecError(path, "must be [cores, bytes]")
    return Usage(_number(value[0], path), int(_number(value[1], path)))


def _list(message: Mapping[str, Any], name: str) -> list[Any]:
    found = message.get(name)
    if not isinstance(found, list):
        raise SpecError(name, "must be an array")
    return found


def _label(value: Any, path: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_LABEL:
        raise SpecError(path, f"must be a text of at most {MAX_LABEL} characters")
    return value


def _number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) \
            or not 0 <= value <= FOREVER:
        raise SpecError(path, "must be a number that is not negative")
    return value
