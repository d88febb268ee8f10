"""What the service counts while it works; /metrics shows it (names: `mesos_docker_scheduler_…`).

What can be read off a view is not counted here but at the time of asking (api/shown/metrics.py).
Labels are bounded: states, reasons, routes, never an id of a task. Safe for any thread.
"""
from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from scheduler.placement.matching import NOBODY_WAITS, Decline, Match
from specs.messages.status import TaskStatus

PREFIX: Final = "mesos_docker_scheduler_"
_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)  # seconds
_LAUNCH: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_ANSWER: Final = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 30.0)

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series for each, of no use to anybody


class Meters:
    """The counters of one service, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = found = CollectorRegistry()
        ProcessCollector(registry=found)
        GCCollector(registry=found)
        self.failovers = Counter(
            f"{PREFIX}failovers", "Times that the subscription was taken again.", registry=found)
        self.offers_received = Counter(
            f"{PREFIX}offers_received", "Offers of masters.", registry=found)
        self.offers_declined = Counter(
            f"{PREFIX}offers_declined", "Offers that went back, by why.", ["reason"], registry=found)
        self.offer_match = Histogram(
            f"{PREFIX}offer_match_seconds", "How long a set of offers was thought about.",
            buckets=_QUICK, registry=found)
        self.task_updates = Counter(
            f"{PREFIX}task_updates", "Updates of tasks that were news.",
            ["state", "reason", "source"], registry=found)
        self._updates: dict[tuple[str, str, str], Counter] = {}  # finding one costs more than counting
        self.launch = Histogram(
            f"{PREFIX}launch_seconds",
            "offer_wait: from wanted to an offer; accept: from there to the first sign of the task; "
            "running: from the offer to TASK_RUNNING.", ["phase"], buckets=_LAUNCH, registry=found)
        self.offer_wait, self.accept, self.running = map(
            self.launch.labels, ("offer_wait", "accept", "running"))
        self.requests = Histogram(
            f"{PREFIX}http_request_duration_seconds",
            "Requests, without those that follow events.", ["route", "method", "code"],
            buckets=_ANSWER, registry=found)
        self.reports_refused = Counter(
            f"{PREFIX}executor_reports_refused", "Reports of executors that could not be read.",
            registry=found)

    def matched(self, offers: int, match: Match) -> None:
        """So many offers were looked at, and this came of it."""
        self.offers_received.inc(offers)
        for reason, count in (("not_wanted", _count(match.declines, wanted=False)),
                              ("no_fit", _count(match.declines, wanted=True))):
            if count:
                self.offers_declined.labels(reason).inc(count)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request; `route`: its template, not its path."""
        self.requests.labels(route, method, str(status)).observe(seconds)

    def updated(self, status: TaskStatus) -> None:
        """An update was news."""
        key = status.state.value, status.reason or "", status.source or ""
        counter = self._updates.get(key)
        if counter is None:
            counter = self._updates[key] = self.task_updates.labels(*key)
        counter.inc()


def _count(declines: Iterable[Decline], *, wanted: bool) -> int:
    """Offers that went back, while a task waited or none."""
    return sum(len(each.offer_ids) for each in declines if (each.reason != NOBODY_WAITS) is wanted)
