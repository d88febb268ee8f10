"""What all executors have counted, as sums: their reports, one after the other.

A report says what was counted since its process began; what it has more than the one before of the
same process is added. So the sums only grow, whoever comes and goes, and there is no series for an
executor or a task. Of gauges the newest value of each executor counts, while it reports.

There may be one executor for each task, where agents bring them along, so what the last report of
each said is kept small, and of so many at most.
"""
from __future__ import annotations

from array import array
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
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
MOST_EXECUTORS: Final = 20_000  # that are remembered: the one that was silent longest makes room

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
    gauges: dict[_Key, float] = field(default_factory=dict)
    counted: tuple[_Key, ...] = ()  # counters and histograms; their numbers, one after the other:
    numbers: array[float] = field(default_factory=lambda: array("d"))

    def counts(self) -> Iterator[tuple[_Key, tuple[float, ...]]]:
        """Of a counter its value; of a histogram its buckets, and then the sum."""
        at = 0
        for key in self.counted:
            bounds = METRICS[key[0]].bounds
            end = at + (len(bounds) + 2 if bounds else 1)
            yield key, tuple(self.numbers[at:end])
            at = end


class ExecutorSums:
    """`heard` is the loop's; `families` is anybody's, and takes copies."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()  # by agent and executor, the newest last
        self._keys: dict[_Key, _Key] = {}  # each once, whoever says it
        self._counters: dict[_Key, float] = {}
        self._distributions: dict[_Key, Distribution] = {}

    def heard(self, agent_id: str, executor_id: str, host: str, report: ExecutorReport,
              now: float) -> None:
        """A report has come. Of a process that has counted before we listened, what it says first
        is where it begins.
        """
        self._forget(now)
        place = agent_id, executor_id
        known = self._known.get(place)
        counts = known is not None or report.number == 1
        if known is None or known.run != report.run:
            known = self._known[place] = _Known(report.run)
        known.version, known.host, known.heard = report.version, host, now
        self._known.move_to_end(place)
        if report.samples or report.distributions:  # else more usage of the report before
            self._said(known, report, counts=counts)

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
            for key, value in each.gauges.items():
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

    def _forget(self, now: float) -> None:
        """Those that are gone for good, and those that are too many."""
        while self._known:
            place, oldest = next(iter(self._known.items()))
            if oldest.heard > now - FORGOTTEN and len(self._known) <= MOST_EXECUTORS:
                return
            del self._known[place]

    def _said(self, known: _Known, report: ExecutorReport, *, counts: bool) -> None:
        known.gauges = {self._key(each): each.value for each in report.samples
                        if METRICS[each.name].kind == "gauge"}
        before, said = dict(known.counts()), dict(self._counted(report))
        if counts:
            for key, numbers in said.items():
                self._add(key, numbers, before.get(key, (0.0,) * len(numbers)))
        known.counted = tuple(said)
        known.numbers = array("d", (each for numbers in said.values() for each in numbers))

    def _counted(self, report: ExecutorReport) -> Iterator[tuple[_Key, tuple[float, ...]]]:
        for sample in report.samples:
            if METRICS[sample.name].kind != "gauge":
                yield self._key(sample), (sample.value,)
        for each in report.distributions:
            yield self._key(each), (*each.counts, each.total)

    def _add(self, key: _Key, numbers: Iterable[float], before: Iterable[float]) -> None:
        """What is more than before. Less, with the same process: not to be believed."""
        more = [new - old for new, old in zip(numbers, before, strict=True)]
        if min(more) < 0 or not self._has_room(key):
            return
        name, labels = key
        if not METRICS[name].bounds:
            self._counters[key] = self._counters.get(key, 0.0) + more[0]
            return
        was = self._distributions.get(key) or Distribution(name, labels, (0,) * (len(more) - 1),
                                                           0.0)
        self._distributions[key] = Distribution(
            name, labels, tuple(one + int(other) for one,
                                other in zip(was.counts, more[:-1], strict=True)),
            was.total + more[-1])

    def _key(self, said: Sample | Distribution) -> _Key:
        if len(self._keys) > 2 * MOST_SERIES:
            self._keys.clear()
        key = said.name, said.labels
        return self._keys.setdefault(key, key)

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
