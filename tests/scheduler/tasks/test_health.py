"""What results of health checks come to."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.tasks.conditions import Condition
from scheduler.tasks.health import Health, Result, Terms, Verdict, http_result, judge, over_all

TERMS = Terms(grace_period=30.0, max_consecutive_failures=3)
HEALTHY, UNHEALTHY, IGNORED = Result.HEALTHY, Result.UNHEALTHY, Result.IGNORED


def judged(results: list[tuple[float, Result]], terms: Terms = TERMS) -> list[Verdict]:
    """Of an instance that runs since 0, one result after the other."""
    verdicts: list[Verdict] = []
    for at, result in results:
        before = verdicts[-1].health if verdicts else Health()
        verdicts.append(judge(before, terms, result, at, since=0.0, cause="refused"))
    return verdicts


def test_failures_are_forgiven_until_the_first_success_or_the_end_of_grace() -> None:
    verdicts = judged([(10, UNHEALTHY), (29.9, UNHEALTHY), (30, UNHEALTHY)])
    assert [each.counted for each in verdicts] == [False, False, True]
    assert [each.counted for each in judged([(1, HEALTHY), (2, UNHEALTHY)])] == [False, True]


def test_three_failures_are_allowed_and_the_fourth_ends_it() -> None:
    verdicts = judged([(1, HEALTHY), *((float(at), UNHEALTHY) for at in range(2, 7))])
    assert [each.kill for each in verdicts] == [False, False, False, False, True, True]
    assert verdicts[-1].health.last_failure_cause == "refused"


def test_a_success_forgives_what_was_before() -> None:
    verdicts = judged([(1, HEALTHY), (2, UNHEALTHY), (3, UNHEALTHY), (4, UNHEALTHY), (5, HEALTHY), (6, UNHEALTHY)])
    assert not any(each.kill for each in verdicts)
    assert [each.flipped for each in verdicts] == [True, True, False, False, True, True]
    assert verdicts[-1].health.first_success == 1


def test_0_never_ends_it() -> None:
    assert not any(each.kill for each in judged([(float(at), UNHEALTHY) for at in range(40, 60)], Terms(0.0, 0)))


@pytest.mark.parametrize("condition", [each for each in Condition if each is not Condition.RUNNING])
def test_failures_of_an_instance_that_does_not_run_are_forgiven(condition: Condition) -> None:
    assert judge(Health(consecutive_failures=3), TERMS, UNHEALTHY, 99.0, condition=condition,
                 since=0.0) == Verdict(Health(consecutive_failures=3))


@given(st.lists(st.sampled_from(Result), max_size=20))
def test_alive_is_who_succeeded_last(results: list[Result]) -> None:
    verdicts = judged([(100.0 + at, result) for at, result in enumerate(results)])
    said = [result for result in results if result is not IGNORED]
    if verdicts:
        assert verdicts[-1].health.alive is (bool(said) and said[-1] is HEALTHY)
    flips = sum(each.flipped for each in verdicts)
    assert flips % 2 == (bool(said) and said[-1] is HEALTHY)


@pytest.mark.parametrize(("status", "ignored", "wanted"), [
    (200, False, HEALTHY), (399, False, HEALTHY), (400, False, UNHEALTHY), (500, True, UNHEALTHY),
    (199, True, IGNORED), (100, True, IGNORED), (100, False, UNHEALTHY), (99, True, UNHEALTHY),
])
def test_what_an_http_status_means(status: int, ignored: bool, wanted: Result) -> None:
    assert http_result(status, ignore_1xx=ignored) is wanted


@pytest.mark.parametrize(("checks", "wanted"), [
    ([True, True], True), ([True, False], False), ([False, None], None), ([True, None], None), ([None], None),
    ([], True),
])
def test_several_checks(checks: list[bool | None], wanted: bool | None) -> None:
    assert over_all(checks) is wanted
