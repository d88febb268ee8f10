"""What updates mean, and what is asked again and when."""
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.config import Config
from scheduler.tasks.ledger import PHASE_OF, Ledger, Phase
from specs.messages.status import TaskState, is_terminal
from tests.fakes.master import heard

CONFIG = Config(launch_timeout=30, reconcile_first=5, reconcile_maximum=60, reconcile_all=900, kill_repeat=10,
                kill_patience=60)


def launched(task_id: str = "t", now: float = 0.0) -> Ledger:
    ledger = Ledger(CONFIG)
    ledger.add(task_id, now)
    ledger.launched(task_id, "S0", now)
    return ledger


def test_every_state_has_a_phase_and_only_terminal_ones_end() -> None:
    assert set(PHASE_OF) == set(TaskState)
    assert all((PHASE_OF[state] is Phase.ENDED) == is_terminal(state) for state in TaskState)


def test_the_usual_life() -> None:
    ledger = Ledger(CONFIG)
    assert ledger.add("t", 1).phase is Phase.QUEUED
    assert list(ledger.queued) == ["t"]
    assert ledger.launched("t", "S0", 2).phase is Phase.LAUNCHING
    assert not ledger.queued
    for state, phase in (("STARTING", Phase.STAGED), ("RUNNING", Phase.RUNNING), ("FINISHED", Phase.ENDED)):
        step = ledger.update(heard("t", f"TASK_{state}"), 3)
        assert step.news
        assert step.acknowledge
        assert ledger["t"].phase is phase
    assert ledger.unfinished == 0
    ledger.forget("t")
    assert len(ledger) == 0


def test_an_id_is_used_once_and_only_what_has_ended_is_forgotten() -> None:
    ledger = launched()
    with pytest.raises(ValueError, match="already"):
        ledger.add("t", 0)
    with pytest.raises(ValueError, match="has not ended"):
        ledger.forget("t")


def test_the_same_update_again_is_acknowledged_and_no_news() -> None:
    ledger = launched()
    status = heard("t", "TASK_RUNNING")
    assert ledger.update(status, 1).news
    again = ledger.update(status, 2)
    assert (again.acknowledge, again.news) == (True, False)


def test_nothing_changes_after_the_end() -> None:
    ledger = launched()
    ledger.update(heard("t", "TASK_FAILED"), 1)
    late = ledger.update(heard("t", "TASK_RUNNING"), 2)
    assert (late.acknowledge, late.news) == (True, False)
    assert ledger["t"].state is TaskState.FAILED


def test_an_update_without_uuid_is_never_acknowledged() -> None:
    step = launched().update(heard("t", "TASK_RUNNING", with_uuid=False), 1)
    assert (step.acknowledge, step.news) == (False, True)


def test_the_answer_to_a_reconciliation_is_no_news_if_it_is_as_we_knew() -> None:
    ledger = launched()
    ledger.update(heard("t", "TASK_RUNNING"), 1)
    assert not ledger.update(heard("t", "TASK_RUNNING", with_uuid=False, reason="REASON_RECONCILIATION"), 2).news
    assert ledger.update(heard("t", "TASK_LOST", with_uuid=False, reason="REASON_RECONCILIATION"), 3).news


def test_a_stranger_is_acknowledged() -> None:
    step = Ledger(CONFIG).update(heard("x", "TASK_RUNNING"), 0)
    assert step.entry is None
    assert step.acknowledge


def test_a_launch_without_an_update_is_asked_after() -> None:
    ledger = launched()
    assert ledger.next_due() == 30
    assert ledger.due(29).reconcile == ()
    assert ledger.due(30).reconcile == (("t", "S0"),)


def test_a_launch_that_was_heard_of_is_not_asked_after() -> None:
    ledger = launched()
    ledger.update(heard("t", "TASK_STARTING"), 5)
    assert ledger.due(30).reconcile == ()
    assert ledger.next_due() is None


def test_reconciliation_backs_off_until_all_are_answered() -> None:
    ledger = launched("a")
    ledger.add("b", 0)
    ledger.launched("b", "S1", 0)
    ledger.add("waits", 0)
    for task_id in "ab":
        ledger.update(heard(task_id, "TASK_RUNNING"), 1)
    ledger.subscribed(100)
    assert set(ledger.due(100).reconcile) == {("a", "S0"), ("b", "S0")}
    times: list[float] = []
    now = 100.0
    while len(times) < 6:
        now = ledger.next_due() or 0
        assert ledger.due(now).reconcile
        times.append(now - 100)
    assert times == [5, 15, 35, 75, 135, 195]
    ledger.update(heard("a", "TASK_RUNNING", with_uuid=False), now)
    now = ledger.next_due() or 0
    assert ledger.due(now).reconcile == (("b", "S0"),)
    ledger.update(heard("b", "TASK_RUNNING", with_uuid=False), now)
    ledger.due(ledger.next_due() or 0)
    assert ledger.next_due() == 1000  # only the implicit one is left
    assert ledger.due(1000).everything


def test_a_kill_is_repeated_until_it_is_seen_and_then_with_patience() -> None:
    ledger = launched()
    ledger.update(heard("t", "TASK_RUNNING"), 1)
    ledger.kill("t", 20.0, 10)
    assert [(kill.task_id, kill.agent_id, kill.grace) for kill in ledger.due(10).kills] == [("t", "S0", 20.0)]
    assert ledger.due(11).kills == ()
    assert ledger.next_due() == 20
    assert len(ledger.due(20).kills) == 1
    ledger.update(heard("t", "TASK_KILLING"), 21)
    assert ledger.due(80).kills == ()
    assert len(ledger.due(101).kills) == 1
    ledger.update(heard("t", "TASK_KILLED"), 102)
    assert ledger.due(10_000).kills == ()


def test_a_second_kill_goes_out_at_once_with_its_own_grace() -> None:
    ledger = launched()
    ledger.kill("t", 20.0, 10)
    ledger.due(10)
    ledger.kill("t", 1.0, 12)
    assert [kill.grace for kill in ledger.due(12).kills] == [1.0]


def test_a_kill_of_a_task_that_waits_ends_it_here() -> None:
    ledger = Ledger(CONFIG)
    ledger.add("t", 0)
    entry = ledger.kill("t", None, 1)
    assert entry is not None
    assert (entry.phase, entry.state) == (Phase.ENDED, TaskState.KILLED)
    assert not ledger.queued
    assert ledger.due(1).kills == ()
    assert ledger.kill("unknown", None, 1) is None


INVALID: dict[str, Any] = {"with_uuid": False, "reason": "REASON_INVALID_OFFERS", "source": "SOURCE_MASTER"}


def test_a_task_whose_offer_was_gone_waits_again_but_not_for_ever() -> None:
    ledger = launched()
    for _ in range(Config().max_launches - 1):
        step = ledger.update(heard("t", "TASK_DROPPED", **INVALID), 1)
        assert not step.news
        assert list(ledger.queued) == ["t"]
        ledger.launched("t", "S1", 2)
    step = ledger.update(heard("t", "TASK_DROPPED", **INVALID), 3)
    assert step.news
    assert ledger["t"].phase is Phase.ENDED


def test_news_of_an_earlier_launch_reach_a_task_that_waits_again() -> None:
    ledger = launched()
    ledger.update(heard("t", "TASK_DROPPED", **INVALID), 1)
    assert not ledger.update(heard("t", "TASK_DROPPED", **INVALID), 2).news
    assert list(ledger.queued) == ["t"]
    assert ledger.update(heard("t", "TASK_RUNNING"), 3).news
    assert not ledger.queued


def test_a_task_that_ran_is_not_launched_again() -> None:
    ledger = launched()
    ledger.update(heard("t", "TASK_RUNNING"), 1)
    ledger.update(heard("t", "TASK_LOST", **INVALID), 2)
    assert ledger["t"].phase is Phase.ENDED


def test_an_unreachable_task_may_come_back_and_is_asked_after() -> None:
    ledger = launched()
    ledger.update(heard("t", "TASK_RUNNING"), 1)
    ledger.update(heard("t", "TASK_UNREACHABLE", with_uuid=False), 2)
    assert [entry.phase for entry in ledger] == [Phase.LOST]
    assert ledger.due(62).reconcile == (("t", "S0"),)
    assert ledger.update(heard("t", "TASK_RUNNING", with_uuid=False), 63).news
    assert ledger["t"].phase is Phase.RUNNING


def test_doubt_asks_after_launches_at_once() -> None:
    ledger = launched()
    ledger.doubt_launches(3)
    assert ledger.due(3).reconcile == (("t", "S0"),)


def test_a_task_from_before_is_taken_over() -> None:
    before = launched()
    before.update(heard("t", "TASK_RUNNING"), 1)
    ledger = Ledger(CONFIG)
    ledger.adopt(before["t"])
    ledger.subscribed(0)
    assert ledger.due(0).reconcile == (("t", "S0"),)


happenings = st.sampled_from(["launch", "kill", "due", *TaskState])


@given(st.lists(st.tuples(happenings, st.booleans(), st.booleans()), max_size=40))
def test_any_order_of_events_keeps_the_table_true(events: list[tuple[str, bool, bool]]) -> None:
    """One end at most, nothing after it, the queue and the count agree with the table, updates are all acknowledged."""
    ledger = Ledger(CONFIG)
    ledger.add("t", 0)
    ends = 0
    last = heard("t", "TASK_RUNNING")
    for now, (event, with_uuid, again) in enumerate(events):
        ended = ledger["t"].phase is Phase.ENDED
        if event == "launch":
            if ledger.queued:
                ledger.launched("t", "S0", now)
        elif event == "kill":
            ledger.kill("t", None, now)
            ends += ledger["t"].phase is Phase.ENDED and not ended
        elif event == "due":
            due = ledger.due(now)
            assert not ended or not (due.kills or due.reconcile)
        else:
            last = last if again else heard("t", event, with_uuid=with_uuid)
            step = ledger.update(last, now)
            assert step.acknowledge == (last.uuid is not None)
            assert not (ended and step.news)
            ends += ledger["t"].phase is Phase.ENDED and not ended
        assert ends <= 1
        assert (ledger["t"].phase is Phase.QUEUED) == ("t" in ledger.queued)
        assert ledger.unfinished == (0 if ledger["t"].phase is Phase.ENDED else 1)
