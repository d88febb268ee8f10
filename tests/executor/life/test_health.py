"""What results of checks mean (the vectors health_semantics and health_interpretation say more)."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from executor.life.health import Health, Result, Schedule, Verdict, check_status, health, interpret, problem, schedule
from specs.messages.check import CheckInfo, CheckStatusInfo, CommandResult, HealthCheck, HttpResult, TcpResult


def test_defaults_are_mesoss() -> None:
    assert schedule(HealthCheck()) == Schedule(15.0, 10.0, 20.0)
    assert health(HealthCheck()) == Health(grace=10.0, limit=3)


def test_zero_is_a_value_and_a_timeout_of_zero_is_none() -> None:
    check = HealthCheck(delay_seconds=0, interval_seconds=0, timeout_seconds=0, consecutive_failures=0,
                        grace_period_seconds=0)
    assert schedule(check) == Schedule(0, 0, None)
    assert health(check) == Health(grace=0, limit=0)


@pytest.mark.parametrize(("result", "healthy", "text"), [
    (Result(exit_code=0), True, ""),
    (Result(exit_code=1), False, "Command exited with status 1"),
    (Result(status_code=200), True, ""),
    (Result(status_code=399), True, ""),
    (Result(status_code=199), False, "Unexpected HTTP response code: 199"),
    (Result(status_code=404), False, "Unexpected HTTP response code: 404"),
    (Result(succeeded=True), True, ""),
    (Result(succeeded=False), False, "TCP connection failed"),
    (Result(problem="timed out"), False, "timed out"),
])
def test_interpretation(result: Result, healthy: bool, text: str) -> None:
    assert interpret(result) == healthy
    assert healthy or problem(result) == text


def test_check_status() -> None:
    assert check_status("COMMAND", None) == CheckStatusInfo("COMMAND", command=CommandResult())
    assert check_status("COMMAND", Result(exit_code=0)) == CheckStatusInfo("COMMAND", command=CommandResult(0))
    assert check_status("HTTP", Result(status_code=404)) == CheckStatusInfo("HTTP", http=HttpResult(404))
    assert check_status("TCP", Result(succeeded=False)) == CheckStatusInfo("TCP", tcp=TcpResult(succeeded=False))
    assert check_status("HTTP", Result(problem="timed out")) == CheckStatusInfo("HTTP", http=HttpResult())


def test_a_check_has_a_schedule_too() -> None:
    assert schedule(CheckInfo(interval_seconds=7)) == Schedule(15.0, 7, 20.0)


@given(st.integers(1, 5), st.lists(st.booleans(), max_size=30))
def test_it_kills_at_that_many_failures_in_a_row(limit: int, results: list[bool]) -> None:
    state, row = Health(grace=0, limit=limit), 0
    for healthy in results:
        row = 0 if healthy else row + 1
        state, verdict = state.judge(healthy, 1.0)
        assert (verdict is not None and verdict.kill) == (row >= limit)
        assert verdict is not None or healthy


def test_the_grace_period_ends_with_the_first_success() -> None:
    state = Health(grace=10, limit=1)
    state, verdict = state.judge(False, 2.0)
    assert verdict is None
    state, verdict = state.judge(True, 3.0)
    assert verdict == Verdict(healthy=True)
    state, verdict = state.judge(False, 4.0)
    assert verdict == Verdict(healthy=False, kill=True)
