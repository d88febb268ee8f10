"""Calls that begin or end no life are answered by one update."""
from __future__ import annotations

import pytest

from executor.life import answers
from executor.life.task import Phase, Task, Terms
from specs.messages.status import TaskState


@pytest.mark.parametrize(("capabilities", "state"), [
    (frozenset(), TaskState.LOST), (frozenset({"PARTITION_AWARE", "MULTI_ROLE"}), TaskState.DROPPED)])
def test_a_kill_of_an_unknown_task(capabilities: frozenset[str], state: TaskState) -> None:
    update = answers.unknown("t", capabilities)
    assert (update.task_id, update.state, update.reason) == ("t", state, "REASON_TASK_UNKNOWN")


@pytest.mark.parametrize(("phase", "state"), [
    (Phase.PULLING, TaskState.STARTING), (Phase.STARTING, TaskState.STARTING), (Phase.RUNNING, TaskState.RUNNING),
    (Phase.ABORTING, None), (Phase.TERMINATING, None), (Phase.FORCING, None), (Phase.ENDING, None),
    (Phase.DONE, None)])
def test_a_second_launch_is_answered_with_the_first_ones_state(phase: Phase, state: TaskState | None) -> None:
    update = answers.second_launch(Task("t", Terms(), phase, healthy=False))
    assert (None if update is None else (update.state, update.healthy)) == (None if state is None else (state, False))


def test_a_second_task_of_an_executor_of_one() -> None:
    update = answers.second_task("t2")
    assert (update.state, update.message) == (
        TaskState.FAILED, 'Attempted to run multiple tasks using a "docker" executor')
