"""The statistics of the benchmark table, as pure functions of numbers.

Both sides of a comparison are measured in the same rounds, interleaved, so what disturbs the machine during a round
disturbs both. The interval of a ratio therefore comes from a bootstrap in two steps: draw rounds, the same for both
sides, then draw values within each drawn round. Quantiles interpolate linearly between order statistics (the rule that
numpy has by default), so the p99 of fewer than 100 values lies between the two largest; the table says how many there
are.
"""
from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

Rounds = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the interval that 95 of 100 such measurements would fall into."""

    low: float
    estimate: float
    high: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What the table shows of one side: how many values, their median and p99, and the middle half of them."""

    count: int
    low: float  # first quartile
    median: float
    high: float  # third quartile
    p99: float


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0..1) of the values do not exceed. ValueError when there are no values."""
    if not values:
        raise ValueError("no values")
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share must be within 0..1, not {share}")
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    if ordered[below] == ordered[above]:
        return ordered[below]
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


median = partial(quantile, share=0.5)
p99 = partial(quantile, share=0.99)


def summary(values: Sequence[float]) -> Summary:
    """Count, quartiles and p99. ValueError when there are no values."""
    return Summary(
        len(values), quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75), quantile(values, 0.99),
    )


def pooled(rounds: Rounds) -> list[float]:
    """All values of all rounds."""
    return [value for values in rounds for value in values]


def ratio(
    ours: Rounds, theirs: Rounds, *,
    of: Callable[[Sequence[float]], float] = median, seed: int = 1, draws: int = 1000,
) -> Interval:
    """`of(ours) / of(theirs)` with its 95 % interval. ValueError when the rounds do not pair or a round is empty."""
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} rounds against {len(theirs)}")
    if not all(ours) or not all(theirs):
        raise ValueError("a round without values")
    dice = random.Random(seed)
    drawn = sorted(_drawn_ratio(ours, theirs, of, dice) for _ in range(draws))
    return Interval(quantile(drawn, 0.025), _divide(of(pooled(ours)), of(pooled(theirs))), quantile(drawn, 0.975))


def _drawn_ratio(
    ours: Rounds, theirs: Rounds, of: Callable[[Sequence[float]], float], dice: random.Random,
) -> float:
    chosen = dice.choices(range(len(ours)), k=len(ours))
    mine = [value for number in chosen for value in dice.choices(ours[number], k=len(ours[number]))]
    other = [value for number in chosen for value in dice.choices(theirs[number], k=len(theirs[number]))]
    return _divide(of(mine), of(other))


def _divide(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else math.inf


def ecdf(values: Sequence[float]) -> tuple[list[float], list[float]]:
    """The steps of the empirical distribution: each value in order, and the share that does not exceed it."""
    ordered = sorted(values)
    return ordered, [(number + 1) / len(ordered) for number in range(len(ordered))]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """How much y grows per x, by least squares. ValueError when all x are the same."""
    if len({x for x, _ in points}) < 2:
        raise ValueError("needs two different x")
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    above = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return above / sum((x - mean_x) ** 2 for x, _ in points)
