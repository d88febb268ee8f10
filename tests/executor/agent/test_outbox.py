"""The outbox: examples, then whatever may happen, in any order."""
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from executor.agent.outbox import Outbox, acknowledged, launched, stored
from specs.messages.status import TaskState, TaskStatus, is_terminal

STATES = st.sampled_from([TaskState.STARTING, TaskState.RUNNING, TaskState.FINISHED, TaskState.KILLED])
TASKS = st.sampled_from(["a", "b", "c"])


def update(number: int, task_id: str = "a", state: TaskState = TaskState.RUNNING) -> TaskStatus:
    return TaskStatus(task_id, state, uuid=number.to_bytes(16, "big"))


def test_updates_are_kept_in_order_until_each_is_acknowledged() -> None:
    box = Outbox()
    for number in range(1, 4):
        box = stored(box, update(number))
    box = acknowledged(box, "a", update(2).uuid or b"")
    assert box.updates == (update(1), update(3))
    assert not box.empty


def test_a_task_leaves_with_the_first_acknowledgement_of_its_updates() -> None:
    box = launched(launched(Outbox(), "a", {"name": "a"}), "b", {"name": "b"})
    box = stored(stored(box, update(1)), update(2))
    assert list(box.tasks) == ["a", "b"]
    assert list(acknowledged(box, "a", update(1).uuid or b"").tasks) == ["b"]


def test_a_second_launch_keeps_the_tasks_place() -> None:
    box = launched(launched(launched(Outbox(), "a", {"v": 1}), "b", {}), "a", {"v": 2})
    assert list(box.tasks.items()) == [("a", {"v": 2}), ("b", {})]


def test_an_acknowledgement_of_something_unknown_changes_nothing_that_waits() -> None:
    box = stored(Outbox(), update(1))
    assert acknowledged(box, "a", bytes(16)).updates == box.updates
    assert acknowledged(box, "b", update(1).uuid or b"").updates == box.updates


@pytest.mark.parametrize(("before", "after", "problem"), [
    ([], TaskStatus("a", TaskState.RUNNING), "without uuid"),
    ([update(1)], update(1, "b"), "stored before"),
    ([update(1, state=TaskState.FAILED)], update(2), "behind the terminal one"),
    ([update(1, state=TaskState.FAILED)], update(2, state=TaskState.FAILED), "behind the terminal one"),
])
def test_what_may_not_be_stored(before: list[TaskStatus], after: TaskStatus, problem: str) -> None:
    box = Outbox()
    for status in before:
        box = stored(box, status)
    with pytest.raises(ValueError, match=problem):
        stored(box, after)


def test_an_id_that_is_launched_again_may_speak_behind_its_predecessors_last_word() -> None:
    box = stored(launched(Outbox(), "a", {}), update(1, state=TaskState.FINISHED))
    box = stored(launched(box, "a", {}), update(2, state=TaskState.STARTING))
    assert [status.state for status in box.updates] == [TaskState.FINISHED, TaskState.STARTING]


@given(st.lists(st.tuples(TASKS, STATES), max_size=30))
def test_the_box_is_a_value(said: list[tuple[str, TaskState]]) -> None:
    box = Outbox()
    for number, (task_id, state) in enumerate(said, 1):
        before = (box.updates, dict(box.tasks), box.ended)
        if task_id in box.ended:
            continue
        stored(box, update(number, task_id, state))
        launched(box, task_id, {})
        acknowledged(box, task_id, number.to_bytes(16, "big"))
        assert (box.updates, dict(box.tasks), box.ended) == before
        box = stored(box, update(number, task_id, state))


class Model(RuleBasedStateMachine):
    """The box beside a naive one: a list of all that was taken, and a set of what was acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self.box = Outbox()
        self.said: list[TaskStatus] = []
        self.heard: set[bytes | None] = set()
        self.unseen: list[str] = []  # launched, no update acknowledged
        self.over: set[str] = set()  # last word said and not acknowledged, not launched since

    @rule(task_id=TASKS)
    def launch(self, task_id: str) -> None:
        self.box = launched(self.box, task_id, {"name": task_id})
        self.over.discard(task_id)
        if task_id not in self.unseen:
            self.unseen.append(task_id)

    @rule(task_id=TASKS, state=STATES)
    def send(self, task_id: str, state: TaskState) -> None:
        status = update(len(self.said) + 1, task_id, state)
        if task_id in self.over:
            with pytest.raises(ValueError, match="behind the terminal one"):
                stored(self.box, status)
            return
        self.box = stored(self.box, status)
        self.said.append(status)
        if is_terminal(state):
            self.over.add(task_id)

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        status = data.draw(st.sampled_from(self.said))  # also one that was acknowledged before
        self.box = acknowledged(self.box, status.task_id, status.uuid or b"")
        self.heard.add(status.uuid)
        self.unseen = [task_id for task_id in self.unseen if task_id != status.task_id]
        waiting = {each.task_id for each in self.said if is_terminal(each.state) and each.uuid not in self.heard}
        self.over &= waiting

    @invariant()
    def holds_what_was_said_and_not_acknowledged_in_order(self) -> None:
        assert list(self.box.updates) == [status for status in self.said if status.uuid not in self.heard]

    @invariant()
    def holds_the_tasks_of_which_nothing_was_acknowledged_in_order(self) -> None:
        assert list(self.box.tasks) == self.unseen

    @invariant()
    def is_empty_when_nothing_waits(self) -> None:
        assert self.box.empty == (not self.box.updates)


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
