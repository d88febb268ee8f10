"""What records come to, that the fewest ones come to the same, and who is to blame for crashes."""
from __future__ import annotations

import dataclasses
import json

from hypothesis import given
from hypothesis import strategies as st

from executor.journal.records import (
    ContainerMade,
    Crashed,
    EndNoted,
    HealthCounted,
    Record,
    StepBegan,
    StepOver,
    StopSent,
    TaskBegan,
    TaskDoomed,
    TaskNamed,
    UpdateDone,
    UpdateKept,
)
from executor.journal.state import JournalState

IDS = st.sampled_from(["a", "b", "c"])
UUIDS = st.sampled_from(["1", "2", "3", "4"])
STATES = st.sampled_from(["TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_FINISHED"])
STATUSES = st.sampled_from(["{}", json.dumps({"healthy": True, "check_status": {"type": "TCP"}})])
TIMES = st.floats(min_value=0, max_value=9)
RECORDS = st.one_of(
    st.builds(TaskBegan, IDS, st.just("{}"), TIMES), st.builds(TaskNamed, IDS, st.just("n")),
    st.builds(StepBegan, IDS, st.sampled_from(["start", "re-adoption"])), st.builds(StepOver, IDS),
    st.builds(ContainerMade, IDS, st.just("c")), st.builds(StopSent, IDS),
    st.builds(TaskDoomed, IDS, st.just("start")),
    st.builds(EndNoted, IDS, st.just("KILL"), st.just(""), TIMES, st.none() | TIMES),
    st.builds(HealthCounted, IDS, st.integers(0, 1), st.integers(0, 3), st.booleans(), TIMES),
    st.builds(UpdateKept, IDS, UUIDS, STATES, STATUSES), st.builds(UpdateDone, IDS, UUIDS),
    st.builds(Crashed, TIMES, st.just(""), st.just("")))


def of(*records: Record) -> JournalState:
    state = JournalState()
    for each in records:
        state.apply(each)
    return state


def said(state: JournalState) -> dict[str, object]:
    """Without the order of steps of several tasks, which is that of their beginning."""
    known = dataclasses.asdict(state)
    return {**known, "over": set(known["over"]) - set(known["tasks"])}


@given(st.lists(RECORDS, max_size=40))
def test_the_fewest_records_say_the_same(records: list[Record]) -> None:
    state = of(*records)
    assert said(of(*state.records())) == said(state)


def test_the_last_word_ends_a_task_and_waits_for_the_agent() -> None:
    state = of(TaskBegan("a", "{}", 0.0), TaskNamed("a", "n"),
               UpdateKept("a", "1", "TASK_FINISHED", "{}"))
    assert not state.tasks
    assert (list(state.updates), state.unseen, state.empty) == (["1"], {"a": "{}"}, False)
    state.apply(UpdateDone("a", "1"))
    assert (state.empty, list(state.over)) == (True, ["a"])


def test_a_second_kill_can_only_shorten() -> None:
    task = of(TaskBegan("a", "{}", 0.0), EndNoted("a", "KILL", "", 9.0, 20.0),
              EndNoted("a", "HEALTH", "x", 3.0, 14.0),
              EndNoted("a", "KILL", "", 5.0, 50.0)).tasks["a"]
    assert task.end == EndNoted("a", "KILL", "", 3.0, 14.0)


def test_a_task_is_guilty_of_two_quick_crashes_in_one_step() -> None:
    def crashes(*steps: tuple[float, str, str]) -> str | None:
        state, guilty = of(TaskBegan("a", "{}", 0.0), TaskBegan("b", "{}", 0.0), StepOver("a"),
                           StepOver("b")), None
        for at, task_id, step in steps:
            if step:
                state.apply(StepBegan(task_id, step))
            crash = state.crashed(at)
            guilty = state.guilty(crash)
            state.apply(crash)
        return guilty
    assert crashes((1.0, "a", "start"), (11.0, "a", "start")) == "a"
    assert crashes((1.0, "a", "start"), (11.1, "a", "start")) is None  # too long between them
    assert crashes((1.0, "a", "start"), (2.0, "b", "start")) is None
    assert crashes((1.0, "a", "start"), (2.0, "a", "re-adoption")) is None
    assert crashes((1.0, "a", "start"), (2.0, "", ""), (3.0, "a", "start")) is None
    assert crashes((1.0, "", ""), (2.0, "", "")) is None  # while nothing was done for any task
