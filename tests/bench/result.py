"""What the benchmarks hand over: rows of measured values, never of opinions.

A bench yields `Row`s. A row compares one `Series` of ours with others that were measured beside it, in the same rounds.
Which statistic a budget looks at, and whether it is met, is worked out here, from the values, by pure functions; the
table, the JSON and the plots all show the same answer.
"""
from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.bench import stats


@dataclass(frozen=True, slots=True)
class Series:
    """One side of a row: its values by rounds, in the unit of the row."""

    name: str
    rounds: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, name: str, rounds: stats.Rounds) -> Series:
        """From lists; rounds without values are dropped."""
        return cls(name, tuple(tuple(values) for values in rounds if values))

    @classmethod
    def single(cls, name: str, value: float) -> Series:
        """One value, measured once."""
        return cls(name, ((value,),))

    @property
    def values(self) -> list[float]:
        """All values of all rounds."""
        return stats.pooled(self.rounds)


class Statistic(enum.Enum):
    """What a budget looks at. The ratios divide ours by the first series beside it."""

    MEDIAN = "p50"
    P99 = "p99"
    MAXIMUM = "max"
    RATIO = "ratio of p50"


class Bound(enum.Enum):
    """On which side of the limit it is good to be."""

    AT_MOST = "≤"
    AT_LEAST = "≥"


@dataclass(frozen=True, slots=True)
class Budget:
    """A promise of design.md: "`statistic` `bound` `limit`", in the unit of the row."""

    statistic: Statistic
    bound: Bound
    limit: float


class Verdict(enum.Enum):
    """Whether a budget is met; OPEN when the interval of a ratio lies on both sides of the limit."""

    MET = "met"
    MISSED = "missed"
    MET_OPEN = "met, but within the spread"
    MISSED_OPEN = "missed, but within the spread"

    @property
    def met(self) -> bool:
        """Whether the estimate is on the good side."""
        return self in {Verdict.MET, Verdict.MET_OPEN}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. The runner sets `busy`: the share (0..1) of the machine that others used just before."""

    part: str  # launch, exit, burst, density, start, scheduler, docker, local, specs, service
    what: str
    unit: str  # ms, s, /s, MiB, KiB, %, or empty for a count
    ours: Series
    beside: tuple[Series, ...] = ()
    budgets: tuple[Budget, ...] = ()
    note: str = ""
    parallelism: int | None = None  # for the plot of throughput against parallelism
    scale: int | None = None  # instances that the service has, for the plot of its growth
    busy: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """A part of the benchmark that could not be measured, and why."""

    part: str
    problem: str


@dataclass(frozen=True, slots=True)
class Result:
    """One whole run: on what, how, and what came out."""

    machine: Mapping[str, str]
    settings: Mapping[str, str]
    rows: tuple[Row, ...]
    failures: tuple[Failure, ...] = ()
    seconds: float = 0.0
    load: Mapping[str, str] = field(default_factory=dict)  # load averages at the start and at the end


_OF: dict[Statistic, Callable[[Sequence[float]], float]] = {
    Statistic.MEDIAN: stats.median, Statistic.P99: stats.p99, Statistic.MAXIMUM: max,
}


def ratios(row: Row) -> list[tuple[str, stats.Interval]]:
    """Ours over each series beside it, at the median. Series with other numbers of rounds are compared as one round."""
    compared = []
    for other in row.beside:
        pairs = len(other.rounds) == len(row.ours.rounds)
        mine, theirs = (row.ours.rounds, other.rounds) if pairs else ([row.ours.values], [other.values])
        compared.append((other.name, stats.ratio(mine, theirs)))
    return compared


def verdict(row: Row, budget: Budget) -> Verdict:
    """Whether the row meets the budget. ValueError for a ratio with nothing beside it."""
    if budget.statistic is not Statistic.RATIO:
        return _judge(_OF[budget.statistic](row.ours.values), budget)
    if not row.beside:
        raise ValueError(f"{row.what}: a ratio needs something beside it")
    interval = ratios(row)[0][1]
    judged = _judge(interval.estimate, budget)
    if _judge(interval.low, budget) is _judge(interval.high, budget):
        return judged
    return Verdict.MET_OPEN if judged is Verdict.MET else Verdict.MISSED_OPEN


def _judge(value: float, budget: Budget) -> Verdict:
    good = value <= budget.limit if budget.bound is Bound.AT_MOST else value >= budget.limit
    return Verdict.MET if good else Verdict.MISSED
