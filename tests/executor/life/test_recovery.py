"""Journal and engine: which is right, pair by pair; and over random crashes, at every write and every effect.

300 lives of each kind of task, or LIVES.
"""
from __future__ import annotations

import itertools
import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.life import effects as f
from executor.life.events import Drained, EndRequested, Recovered, Removed, Whereabouts
from executor.life.lifecycle import advance
from executor.life.outcomes import BroughtDown, Cause, Exit, HostRebooted
from executor.life.recovery import DECISIONS, Decision, Told, decision, revive
from executor.life.task import Known, Phase, Step, Terms
from specs.messages.status import TaskState, is_terminal
from tests.executor.life.crashing_world import CrashingWorld
from tests.executor.life.test_lifecycle_invariants import STEPS, TERMS

EXAMPLES = int(os.environ.get("LIVES", "300"))
KILLED = {"cause": Cause.KILL, "grace": 3.0}
MADE = Known(told=True, container="c")
RAN = replace(MADE, running=True)
DOWN = Recovered(Whereabouts.DOWN, "c", exit=Exit(3))
UP = Recovered(Whereabouts.RUNNING, "c", pid=7, began=5)


def found(known: Known, event: Recovered, terms: Terms | None = None) -> Step:
    task, _ = revive("t", terms or Terms(killing=True), known)
    return advance(task, event)


def states(step: Step) -> list[TaskState]:
    return [each.status.state for each in step.effects if isinstance(each, f.Report)]


def last_word(step: Step) -> TaskState:
    return states(advance(step.task, Drained()))[-1]


def test_the_table_has_every_pair() -> None:
    assert set(DECISIONS) == set(itertools.product(Told, Whereabouts))


@pytest.mark.parametrize("wanted", [{}, KILLED], ids=["", "killed"])
@pytest.mark.parametrize("told", Told)
@pytest.mark.parametrize("where", Whereabouts)
def test_each_decision_can_be_carried_out(told: Told, where: Whereabouts,
                                         wanted: dict[str, object]) -> None:
    known = replace({Told.NOTHING: Known(told=True), Told.MADE: MADE, Told.RUNNING: RAN}[told], **wanted)  # type: ignore[arg-type]
    container = None if where is Whereabouts.NONE else "c"
    event = Recovered(where, container, pid=7 if where is Whereabouts.RUNNING else None,
                      exit=Exit(3) if where is Whereabouts.DOWN else None)
    task, _ = revive("t", Terms(killing=True), known)
    step = advance(task, event)
    assert step.task.phase is not Phase.RECOVERING
    ran = TaskState.RUNNING in states(step)
    assert ran == (decision(task,
                           event) is Decision.STARTED), "told to run if and only if that was not told"


def test_what_runs_goes_on_and_nothing_is_told() -> None:
    step = found(RAN, UP)
    assert (step.task.phase, states(step)) == (Phase.RUNNING, [])
    assert step.effects == (f.FollowOn(), f.WatchPid(7), f.StartChecks())


def test_what_ended_meanwhile_is_told_with_its_code() -> None:
    step = found(RAN, DOWN)
    assert last_word(step) is TaskState.FAILED
    assert step.task.outcome == Exit(3)


def test_what_started_and_ended_meanwhile_is_told_to_run_first() -> None:
    step = found(MADE, DOWN)
    assert states(step) == [TaskState.RUNNING]
    assert f.Look() in step.effects


def test_a_kill_goes_on_with_the_time_that_is_left_and_its_signal_is_sent_once() -> None:
    step = found(replace(RAN, killing=True, stop_sent=True, **KILLED), UP)  # type: ignore[arg-type]
    assert (step.task.phase, states(step)) == (Phase.TERMINATING, [])
    assert f.StartTimer(f.Timer.GRACE, 3.0) in step.effects
    assert not any(isinstance(each, f.Signal) for each in step.effects)
    unsent = found(replace(RAN, **KILLED), UP)  # type: ignore[arg-type]
    assert states(unsent) == [TaskState.KILLING]
    assert f.Signal("SIGTERM") in unsent.effects


def test_a_kill_that_comes_before_the_engine_answers_is_carried_out_then() -> None:
    task, _ = revive("t", Terms(), RAN)
    task, effects = advance(task, EndRequested(Cause.KILL, 5.0))
    assert (task.phase, effects) == (Phase.RECOVERING, ())
    _, effects = advance(task, UP)
    assert f.StartTimer(f.Timer.GRACE, 5.0) in effects


@pytest.mark.parametrize("known", [MADE, RAN])
def test_a_container_that_was_made_and_is_gone_is_not_made_again(known: Known) -> None:
    assert last_word(found(known, Recovered(Whereabouts.NONE))) is TaskState.FAILED


def test_secrets_that_were_not_written_down_end_what_had_not_begun() -> None:
    known = Known(told=True, blanked=True)
    assert last_word(found(known, Recovered(Whereabouts.NONE))) is TaskState.LOST
    assert found(replace(RAN, blanked=True), UP).task.phase is Phase.RUNNING


@pytest.mark.parametrize(("outcome", "aware", "state"), [
    (BroughtDown("start"), True, TaskState.FAILED), (HostRebooted(), True, TaskState.GONE),
    (HostRebooted(), False, TaskState.LOST)])
def test_what_is_left_out_is_removed_before_it_is_told(outcome: BroughtDown | HostRebooted,
                                                       aware: bool, state: TaskState) -> None:
    task, effects = revive("t", Terms(partition_aware=aware), RAN, outcome)
    assert effects[0] == f.ForceRemove()
    assert last_word(advance(task, Removed())) is state


def test_max_completion_time_goes_on() -> None:
    _, effects = revive("t", Terms(max_completion=60.0), replace(RAN, completion=7.0))
    assert effects == (f.StartTimer(f.Timer.COMPLETION, 7.0),)


def live(choices: bytes, terms: Terms) -> CrashingWorld:
    """A life by these choices; then nobody dies any more, and the task has to come to its end."""
    numbers = iter(choices)
    world = CrashingWorld(lambda below: next(numbers, 0) % below, terms)
    for _ in range(min(STEPS, len(choices))):
        if world.forgotten or not world.step():
            break
    world.kind = False
    if not world.forgotten:
        world.tell(EndRequested(Cause.KILL, 1.0))
    for _ in range(400):
        if world.forgotten:
            return world
        world.choose = lambda _: 0
        assert world.step(), f"nothing will ever happen again: {world.task}"
    raise AssertionError(f"no end in sight: {world.task}")


@pytest.mark.parametrize("name", [each for each in TERMS if each != "drop-in"])
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck),
          database=None)
@given(choices=st.binary(max_size=6 * STEPS))
def test_promises_hold_over_crashes(name: str, choices: bytes) -> None:
    world = live(choices, TERMS[name])
    if world.rebooted and not world.noted:
        return  # nobody knows of it but the agent, which tells that it is gone
    assert [is_terminal(status.state) for status in world.statuses].count(True) == 1
    assert is_terminal(world.statuses[-1].state)
    assert not world.running
    assert world.journal().empty is False  # the updates wait for the agent
    assert not world.journal().tasks
