"""What Mesos's words mean for an instance."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.tasks.conditions import Condition
from scheduler.tasks.states import (
    Counts,
    Lost,
    Patience,
    Reaction,
    api_state,
    condition,
    counts,
    is_failure,
    unknown_task,
    unreachable,
)
from specs.messages.status import TERMINAL_STATES, TaskState

LOST = TaskState.LOST


@pytest.mark.parametrize("state", TaskState)
def test_every_state_is_a_condition_and_terminal_ones_are_terminal(state: TaskState) -> None:
    found = condition(state)
    assert found.is_terminal is (state in TERMINAL_STATES or state is TaskState.UNKNOWN)
    assert found.is_active is not found.is_terminal
    if state not in {TaskState.LOST, TaskState.GONE_BY_OPERATOR}:
        assert api_state(found) is state


@pytest.mark.parametrize("of", Condition)
def test_every_condition_has_a_state(of: Condition) -> None:
    assert isinstance(api_state(of), TaskState)


@pytest.mark.parametrize(("reason", "message", "wanted"), [
    ("REASON_RECONCILIATION", "", Condition.UNREACHABLE),
    ("REASON_SLAVE_DISCONNECTED", None, Condition.UNREACHABLE),
    ("REASON_SLAVE_REMOVED", "", Condition.UNREACHABLE),
    ("REASON_TASK_UNKNOWN", "", Condition.UNKNOWN),
    ("REASON_RECONCILIATION", "Reconciliation: Task is unknown to the agent", Condition.UNKNOWN),
    ("REASON_SLAVE_UNKNOWN", "", Condition.GONE),
    ("REASON_INVALID_OFFERS", "", Condition.GONE),
    (None, None, Condition.GONE),
])
def test_what_a_lost_task_is(reason: str | None, message: str | None, wanted: Condition) -> None:
    assert condition(LOST, reason, message) is wanted


def test_which_ends_are_failures() -> None:
    assert {state for state in TaskState if is_failure(state)} == {
        TaskState.FAILED, TaskState.ERROR, TaskState.LOST, TaskState.DROPPED, TaskState.GONE,
        TaskState.GONE_BY_OPERATOR, TaskState.UNKNOWN}


@pytest.mark.parametrize("of", Condition)
def test_a_task_of_nobody_is_killed_only_while_it_runs(of: Condition) -> None:
    live = {Condition.STAGING, Condition.STARTING, Condition.RUNNING}
    if of in live:
        assert unknown_task(of) is Reaction.KILL
    if of is Condition.KILLING:
        assert unknown_task(of) is Reaction.IGNORE
    if of.is_terminal or of is Condition.UNREACHABLE:
        assert unknown_task(of) is Reaction.TERMINAL_EVENT


@pytest.mark.parametrize(("patience", "now", "wanted"), [
    (Patience(300, 600), 299.9, Lost.WAITED_FOR), (Patience(300, 600), 300.0, Lost.REPLACED),
    (Patience(300, 600), 600.0, Lost.FORGOTTEN), (Patience(), 0.0, Lost.FORGOTTEN),
    (Patience(0, 60), 0.0, Lost.REPLACED), (None, 1e9, Lost.WAITED_FOR),
])
def test_how_long_an_unreachable_instance_is_waited_for(patience: Patience | None, now: float, wanted: Lost) -> None:
    assert unreachable(patience, 0.0, now) is wanted


TASK = st.tuples(st.one_of(st.none(), st.sampled_from(TaskState)), st.lists(st.booleans(), max_size=3))


@given(st.lists(TASK, max_size=10))
def test_counts(tasks: list[tuple[TaskState | None, list[bool]]]) -> None:
    found = counts(tasks)
    assert found.staged == sum(state is None or state is TaskState.STAGING for state, _ in tasks)
    assert found.running == sum(state is TaskState.RUNNING for state, _ in tasks)
    assert found.healthy + found.unhealthy == sum(bool(alive) for _, alive in tasks)
    assert found.unhealthy == sum(False in alive for _, alive in tasks)


def test_a_task_without_results_is_neither_healthy_nor_unhealthy() -> None:
    assert counts([(TaskState.RUNNING, [])]) == Counts(running=1)
