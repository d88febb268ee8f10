"""What all executors have counted, as sums: their reports, one after the other.

A report says what was counted since its process began; what it has more than the one before of the
same process is added. So the sums only grow, whoever comes and goes, and there is no series for an
executor or a task. Of gauges the newest value of each executor counts, while it reports.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import (
    Metric as Family,
)

from specs.between.reports import METRICS, Distribution, ExecutorReport, Sample

PREFIX: Final = "mesos_docker_executor_"
SILENT: Final = 300.0  # seconds after which the gauges of an executor that says nothing are dropped
FORGOTTEN: Final = 7 * 86400.0  # seconds after which it is taken for a new one
MOST_SERIES: Final = 2000  # of the sums, of all metrics together

_Key = tuple[str, tuple[str, ...]]  # a metric and the values of its labels


@dataclass(frozen=True, slots=True)
class ExecutorProcess:
    """One of an executor: another one after a crash, or an upgrade."""

    run: str
    version: str


@dataclass(slots=True)
class _Known:
    """What an executor has said."""

    run: str
    version: str = ""
    host: str = ""
    heard: float = 0.0  # seconds of the service's clock
    counters: dict[_Key, float] = field(default_factory=dict)
    gauges: dict[_Key, float] = field(default_factory=dict)
    distributions: dict[_Key, Distribution] = field(default_factory=dict)


class ExecutorSums:
    """`heard` is the loop's; `families` is anybody's, and takes copies."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Known] = {}  # by agent and executor
        self._counters: dict[_Key, float] = {}
        self._distributions: dict[_Key, Distribution] = {}

    def heard(self, agent_id: str, executor_id: str, host: str, report: ExecutorReport,
              now: float) -> None:
        """A report has come. Of a process that has counted before we listened, what it says first
        is where it begins.
        """
        place = agent_id, executor_id
        known = self._known.get(place)
        counts = known is not None or report.number == 1
        if known is None or known.run != report.run:
            self._known = {each: said for each, said in self._known.items() if said.heard > now - FORGOTTEN}
            known = self._known[place] = _Known(report.run, report.version)
        known.version, known.host, known.heard = report.version, host, now
        for sample in report.samples:
            self._sample(known, sample, counts=counts)
        for each in report.distributions:
            self._distribution(known, each, counts=counts)

    def process(self, agent_id: str, executor_id: str) -> ExecutorProcess | None:
        """That which reported last; anybody's."""
        known = self._known.get((agent_id, executor_id))
        return None if known is None else ExecutorProcess(known.run, known.version)

    def versions(self) -> dict[str, str]:
        """Of the executors that report, by agent; anybody's."""
        return {agent_id: each.version for (agent_id, _), each in tuple(self._known.items())}

    def families(self, now: float) -> Iterator[Family]:
        """What /metrics shows."""
        known = [each for each in tuple(self._known.values()) if each.heard > now - SILENT]
        yield from _of_executors(known)
        gauges: dict[_Key, float] = {}
        for each in known:
            for key, value in tuple(each.gauges.items()):
                gauges[key] = gauges.get(key, 0.0) + value
        for name, metric in METRICS.items():
            if name in ("subscribed", "docker_up"):
                continue  # of each agent, above
            keys = sorted(key for key in (*gauges, *tuple(self._counters),
                                          *tuple(self._distributions)) if key[0] == name)
            if metric.kind == "histogram":
                family: Family = HistogramMetricFamily(PREFIX + name, metric.help,
                                                       labels=metric.labels)
                for key in keys:
                    _add_histogram(family, key[1], self._distributions[key], metric.bounds)
            else:
                kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
                family = kind(PREFIX + name, metric.help, labels=metric.labels)
                sums = self._counters if metric.kind == "counter" else gauges
                for key in keys or ([] if metric.labels else [(name, ())]):
                    family.add_metric(key[1], sums.get(key, 0.0))
            yield family

    def _sample(self, known: _Known, sample: Sample, *, counts: bool) -> None:
        key = sample.name, sample.labels
        if METRICS[sample.name].kind == "gauge":
            known.gauges[key] = sample.value
            return
        more = sample.value - known.counters.get(key, 0.0)
        known.counters[key] = sample.value
        if counts and more >= 0 and self._has_room(key):
            self._counters[key] = self._counters.get(key, 0.0) + more

    def _distribution(self, known: _Known, said: Distribution, *, counts: bool) -> None:
        key = said.name, said.labels
        zero = Distribution(said.name, said.labels, (0,) * len(said.counts), 0.0)
        before, known.distributions[key] = known.distributions.get(key, zero), said
        more = tuple(new - old for new, old in zip(said.counts, before.counts, strict=True))
        if not counts or min(more) < 0 or not self._has_room(key):
            return
        was = self._distributions.get(key, zero)
        self._distributions[key] = Distribution(
            said.name, said.labels,
            tuple(one + other for one, other in zip(was.counts, more, strict=True)),
            was.total + max(0.0, said.total - before.total))

    def _has_room(self, key: _Key) -> bool:
        return (key in self._counters or key in self._distributions
                or len(self._counters) + len(self._distributions) < MOST_SERIES)


def _of_executors(known: list[_Known]) -> Iterator[Family]:
    """How many there are of each version, and what is true of each agent."""
    versions = GaugeMetricFamily(f"{PREFIX}build_info", "Executors that report, by version.",
                                 labels=["version"])
    for version, count in sorted(Counter(each.version for each in known).items()):
        versions.add_metric([version], count)
    yield versions
    for name in ("subscribed", "docker_up"):
        family = GaugeMetricFamily(PREFIX + name, METRICS[name].help, labels=["agent"])
        least: dict[str, float] = {}
        for each in known:
            value = each.gauges.get((name, ()), 1.0)
            least[each.host] = min(value, least.get(each.host, 1.0))
        for host, value in sorted(least.items()):
            family.add_metric([host], value)
        yield family


def _add_histogram(family: Family, labels: tuple[str, ...], said: Distribution,
                   bounds: tuple[float, ...]) -> None:
    total, buckets = 0, []
    for bound, count in zip((*map(str, bounds), "+Inf"), said.counts, strict=True):
        total += count
        buckets.append((bound, total))
    family.add_metric(labels, buckets, said.total)  # type: ignore[attr-defined]
