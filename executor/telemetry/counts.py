"""What is counted, since this process began: counters, gauges and histograms by their names and the
values of their labels.

The names are those of `specs/between/reports.py`; an unknown one is a mistake of ours and raises
KeyError. Safe for any thread: everything is one short step under one lock. The number of series is
bounded, and what would be one too many is not counted.
"""
from __future__ import annotations

import threading
from bisect import bisect_left
from typing import Final

from executor.engine.failures import Cancelled, RuntimeFailure
from specs.between.reports import MAX_LABEL, MAX_SERIES, METRICS, Distribution, Sample

_Key = tuple[str, tuple[str, ...]]
_CALLS: Final = "docker_call_seconds"


class Counts:
    """All numbers of one executor."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[_Key, float] = {}
        self._buckets: dict[_Key, list[int]] = {}
        self._totals: dict[_Key, float] = {}

    def add(self, name: str, *labels: str, by: float = 1.0) -> None:
        """So many more."""
        key = self._key(name, labels)
        with self._lock:
            if key in self._values or self._has_room():
                self._values[key] = self._values.get(key, 0.0) + by

    def set(self, name: str, value: float, *labels: str) -> None:
        """It is this now; of a counter: it has been counted elsewhere."""
        key = self._key(name, labels)
        with self._lock:
            if key in self._values or self._has_room():
                self._values[key] = value

    def get(self, name: str, *labels: str) -> float | None:
        """What a counter or gauge is; None if nothing is known of it."""
        with self._lock:
            return self._values.get((name, labels))

    def drop(self, name: str) -> None:
        """Nothing is known of this metric any more."""
        with self._lock:
            self._values = {key: value for key, value in self._values.items() if key[0] != name}

    def observe(self, name: str, seconds: float, *labels: str) -> None:
        """One more in a histogram."""
        key, bounds = self._key(name, labels), METRICS[name].bounds
        with self._lock:
            if key not in self._buckets:
                if not self._has_room():
                    return
                self._buckets[key] = [0] * (len(bounds) + 1)
                self._totals[key] = 0.0
            self._buckets[key][bisect_left(bounds, seconds)] += 1
            self._totals[key] += max(0.0, seconds)

    def called(self, call: str, seconds: float, failure: RuntimeFailure | None) -> None:
        """The engine has answered a call, or failed it. `call`: as `docker`'s commands are named."""
        name = call.partition(" of ")[0]  # what of, is nobody's business here
        self.observe(_CALLS, seconds, name)
        if failure is not None:
            self.add("docker_call_failures_total", name, type(failure).__name__)
        if not isinstance(failure, Cancelled):
            self.set("docker_up", float(failure is None or failure.answered))

    def samples(self) -> tuple[Sample, ...]:
        """Counters and gauges as they are."""
        with self._lock:
            return tuple(Sample(*key, value) for key, value in self._values.items())

    def distributions(self) -> tuple[Distribution, ...]:
        """Histograms as they are."""
        with self._lock:
            return tuple(Distribution(*key, tuple(counts), self._totals[key])
                         for key, counts in self._buckets.items())

    def _key(self, name: str, labels: tuple[str, ...]) -> _Key:
        if len(labels) != len(METRICS[name].labels):
            raise KeyError(f"{name} has the labels {METRICS[name].labels}")
        return name, tuple(each[:MAX_LABEL] for each in labels)

    def _has_room(self) -> bool:
        return len(self._values) + len(self._buckets) < MAX_SERIES
