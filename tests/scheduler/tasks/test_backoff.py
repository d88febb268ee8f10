"""How long an app waits after failures."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.tasks.backoff import Backoff, Delay, after, failed, is_drained, launch_allowed
from scheduler.tasks.conditions import Condition
from specs.messages.status import TaskState

WISH = Backoff(10.0, 2.0, 60.0)


@given(st.floats(0, 1e4), st.floats(1, 5), st.floats(0, 1e4), st.integers(1, 30))
def test_delays_grow_up_to_the_maximum(first: float, factor: float, maximum: float, failures: int) -> None:
    delay: Delay | None = None
    seconds = -1.0
    for _ in range(failures):
        delay = failed(delay, Backoff(first, factor, maximum), 5.0)
        assert seconds <= delay.seconds <= maximum
        assert delay.deadline == 5.0 + delay.seconds
        seconds = delay.seconds


@pytest.mark.parametrize(("condition", "seconds", "reference"), [
    (Condition.FAILED, 20.0, 7.0), (Condition.FINISHED, 20.0, 7.0), (Condition.ERROR, 20.0, 7.0),
    (Condition.DROPPED, 20.0, 7.0), (Condition.GONE, 20.0, 7.0),
    (Condition.PROVISIONED, 10.0, 7.0), (Condition.STAGING, 10.0, 7.0), (Condition.STARTING, 10.0, 7.0),
    (Condition.RUNNING, 10.0, 7.0),
    (Condition.KILLED, 10.0, 0.0), (Condition.KILLING, 10.0, 0.0), (Condition.UNREACHABLE, 10.0, 0.0),
    (Condition.UNREACHABLE_INACTIVE, 10.0, 0.0), (Condition.UNKNOWN, 10.0, 0.0), (Condition.SCHEDULED, 10.0, 0.0),
])
def test_what_each_condition_does_to_a_delay(condition: Condition, seconds: float, reference: float) -> None:
    before = failed(None, WISH, 0.0)
    assert after(before, WISH, condition, 7.0) == Delay(reference, seconds, 60.0)


@pytest.mark.parametrize("condition", [each for each in Condition if each not in {
    Condition.FAILED, Condition.FINISHED, Condition.ERROR, Condition.DROPPED, Condition.GONE}])
def test_only_a_failure_makes_a_delay(condition: Condition) -> None:
    assert after(None, WISH, condition, 7.0) is None


def test_a_drained_agent_is_not_the_tasks_fault() -> None:
    assert is_drained(TaskState.KILLED, "REASON_SLAVE_DRAINING")
    assert is_drained(TaskState.GONE_BY_OPERATOR, "REASON_SLAVE_DRAINING")
    assert not is_drained(TaskState.FAILED, "REASON_SLAVE_DRAINING")
    assert not is_drained(TaskState.KILLED, None)
    assert after(failed(None, WISH, 0.0), WISH, Condition.GONE, 1.0, drained=True) is None


def test_who_lives_longer_than_the_maximum_begins_anew() -> None:
    delay = after(failed(None, WISH, 0.0), WISH, Condition.RUNNING, 10.0)
    assert delay is not None
    assert not delay.is_over(70.0)
    assert delay.is_over(70.1)


def test_when_the_next_may_start() -> None:
    delay = failed(None, WISH, 100.0)
    assert launch_allowed(None, 0.0)
    assert not launch_allowed(delay, 109.9)
    assert launch_allowed(delay, 110.0)
    assert launch_allowed(Delay(0.0, 60.0, 0.0), 1.0)  # forgotten before it is due
