from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.bench import stats

numbers = some.floats(min_value=-1e6, max_value=1e6)


@pytest.mark.parametrize(("values", "share", "expected"), [
    ([7.0], 0.99, 7.0),
    ([1.0, 2.0], 0.5, 1.5),
    ([3.0, 1.0, 2.0], 0.0, 1.0),
    ([3.0, 1.0, 2.0], 1.0, 3.0),
    ([1.0, 2.0, 3.0, 4.0], 0.25, 1.75),
    (list(map(float, range(101))), 0.99, 99.0),
])
def test_quantile(values: list[float], share: float, expected: float) -> None:
    assert stats.quantile(values, share) == pytest.approx(expected)


@given(some.lists(numbers, min_size=1))
def test_the_median_is_the_one_of_the_standard_library(values: list[float]) -> None:
    assert stats.median(values) == pytest.approx(statistics.median(values))


@given(some.lists(numbers, min_size=1), some.floats(0, 1), some.floats(0, 1))
def test_quantiles_grow_with_their_share(values: list[float], one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert stats.quantile(values, low) <= stats.quantile(values, high) + 1e-9
    assert min(values) <= stats.quantile(values, low)
    assert stats.quantile(values, high) <= max(values)


def test_no_values_are_an_error() -> None:
    with pytest.raises(ValueError, match="no values"):
        stats.quantile([], 0.5)


def test_a_share_outside_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"0\.\.1"):
        stats.quantile([1.0], 50)


def test_summary() -> None:
    assert stats.summary([4.0, 1.0, 2.0, 3.0, 5.0]) == stats.Summary(count=5, low=2.0, median=3.0, high=4.0, p99=4.96)


def test_a_ratio_of_constants_has_no_spread() -> None:
    interval = stats.ratio([[3.0, 3.0], [3.0]], [[2.0], [2.0, 2.0]])
    assert (interval.low, interval.estimate, interval.high) == (1.5, 1.5, 1.5)


def test_noise_common_to_both_sides_of_a_round_cancels() -> None:
    slow_and_quick = [[100.0] * 9, [10.0] * 9, [50.0] * 9]
    ours = [[value * 1.2 for value in values] for values in slow_and_quick]
    interval = stats.ratio(ours, slow_and_quick)
    assert interval.low == pytest.approx(1.2)
    assert interval.high == pytest.approx(1.2)


@given(some.lists(some.lists(some.floats(1, 100), min_size=1, max_size=5), min_size=1, max_size=4))
def test_a_ratio_lies_in_its_interval_when_the_sides_are_equal(rounds: list[list[float]]) -> None:
    interval = stats.ratio(rounds, rounds, draws=50)
    assert interval.estimate == pytest.approx(1.0)
    assert interval.low <= interval.high


@pytest.mark.parametrize(("ours", "theirs"), [([[1.0]], [[1.0], [2.0]]), ([[]], [[1.0]]), ([[1.0]], [[]])])
def test_rounds_that_do_not_pair_are_an_error(ours: list[list[float]], theirs: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="round"):
        stats.ratio(ours, theirs)


def test_ecdf_ends_at_one() -> None:
    assert stats.ecdf([3.0, 1.0, 2.0, 2.0]) == ([1.0, 2.0, 2.0, 3.0], [0.25, 0.5, 0.75, 1.0])


def test_slope() -> None:
    assert stats.slope([(0, 5.0), (10, 25.0), (100, 205.0)]) == pytest.approx(2.0)
    with pytest.raises(ValueError, match="two different"):
        stats.slope([(1, 1.0), (1, 2.0)])
