"""What the executors' soak would notice."""
from __future__ import annotations

from dataclasses import replace

import pytest

from specs.messages.status import TaskState, TaskStatus
from tests.soak.accounts import Accounts, Arrived, accounts
from tests.soak.engine_logs import Recorded, read, recorded
from tests.soak.told import Outage, Told
from tests.soak.verdict import (
    FILLING,
    FORGOTTEN,
    SAID_OF_137,
    SAID_OF_255,
    SAID_OF_ITS_SIGNAL,
    STARTED_ALL_THE_SAME,
    Record,
    Verdict,
    near,
    too_few,
)

FINISHED = TaskStatus("t", TaskState.FINISHED, message="Container exited with status 0", uuid=b"2")
RUNNING = TaskStatus("t", TaskState.RUNNING, uuid=b"1")


def lines(*numbers: int) -> list[str]:
    return [f"line {number} {FILLING}" for number in numbers]


def told(*updates: TaskStatus, code: int | None = 0, without_docker: str = "") -> Told:
    outages = [Outage(without_docker, 10.0, 12.0)] if without_docker else []
    return Told(code, 3, updates=list(updates or (RUNNING, FINISHED)), outages=outages)


def failed(message: str, state: TaskState = TaskState.FAILED) -> TaskStatus:
    return TaskStatus("t", state, message=message, uuid=b"2")


AS_255 = failed(f"Container exited with status 255: {SAID_OF_255}")
AS_137 = failed(f"Container exited with status 137: {SAID_OF_137}")
ITS_SIGNAL = replace(failed(f"Container exited with status 137: {SAID_OF_ITS_SIGNAL}"), timestamp=11.0)
WITHOUT_WORDS = failed("Container exited with status 255"), failed("Container exited with status 137")
GONE = failed(STARTED_ALL_THE_SAME, TaskState.GONE)
REFUSED = TaskStatus("t", TaskState.DROPPED, source="SOURCE_MASTER", message="its offers are not valid")
DROPPED = failed("", TaskState.DROPPED)
OURS = TaskStatus("t", TaskState.KILLED, message="Killed before it was launched")


def judged(one: Told, record: Record) -> dict[str, int]:
    """What there must be none of, and is."""
    verdict = Verdict()
    verdict.judge("t", one, record)
    found = {name: count for name, count in verdict.counts.items()
             if name != "tasks" and count}
    assert bool(verdict.wrong) is any("that Docker" not in name and "before they were" not in name
                                      for name in found)
    return found


GOOD = Record("TASK_FINISHED", frozenset("12"), lines(1, 2, 3), lines(1, 2, 3))


@pytest.mark.parametrize(("one", "record", "expected"), [
    (told(), GOOD, {}),
    (told(RUNNING), GOOD, {"lost": 1}),
    (told(), Record("TASK_LOST", said=lines(1, 2, 3)), {"invented": 1}),
    (told(code=3), GOOD, {"invented": 1}),
    (told(RUNNING, FINISHED, TaskStatus("t", TaskState.FAILED, message="x", uuid=b"3")), GOOD,
     {"invented": 1}),
    (told(), Record("TASK_FINISHED", said=lines(1, 2)), {"lines lost": 1}),
    (told(), Record("TASK_FINISHED", said=lines(1, 2), kept=lines(1, 2)), {"lines lost": 1}),
    (told(), Record("TASK_FINISHED", said=lines(1, 2, 2, 3)), {"lines doubled or broken": 1}),
    (told(), Record("TASK_FINISHED", said=lines(1, 3, 2)), {"lines doubled or broken": 1}),
    (told(), Record("TASK_FINISHED", said=["lin", *lines(1, 2, 3)]),
     {"lines doubled or broken": 1}),
    (told(without_docker="SIGTERM"), Record("TASK_FINISHED", said=lines(1, 3), kept=lines(1, 3)),
     {"lines that Docker lost": 1}),
    (told(without_docker="SIGTERM"), Record("TASK_FINISHED", said=lines(1), kept=lines(1, 3)),
     {"lines that Docker lost": 1, "lines lost": 1}),
    (told(without_docker="SIGTERM"), Record("TASK_FINISHED", said=lines(1)), {"lines lost": 2}),
    (told(failed(FORGOTTEN), without_docker="SIGKILL"), Record("TASK_FAILED", end=Recorded(255, 11.0)),
     {"exit statuses that Docker lost": 1}),
    (told(failed(FORGOTTEN), without_docker="SIGKILL"), Record("TASK_FAILED", end=Recorded(0, 11.0)),
     {"exit statuses that Docker lost": 1}),
    (told(AS_255, without_docker="SIGKILL"), Record("TASK_FAILED", end=Recorded(255, 11.0)),
     {"exit statuses that Docker lost": 1}),
    (told(AS_255, without_docker="SIGKILL"), Record("TASK_FAILED", end=Recorded(255, 13.0)), {"invented": 1}),
    (told(AS_255, without_docker="SIGKILL"), Record("TASK_FAILED", end=Recorded(3, 11.0)), {"invented": 1}),
    (told(AS_255, without_docker="SIGKILL"), Record("TASK_FAILED"), {"invented": 1}),
    (told(AS_255, without_docker="SIGTERM"), Record("TASK_FAILED", end=Recorded(255, 11.0)),
     {"exit statuses that Docker lost": 1}),
    (told(AS_255), Record("TASK_FAILED", end=Recorded(255, 11.0)), {"invented": 1}),
    (told(WITHOUT_WORDS[0], without_docker="SIGKILL"), Record("TASK_FAILED", end=Recorded(255, 11.0)),
     {"invented": 1}),
    (told(AS_137, without_docker="SIGKILL", code=None), Record("TASK_FAILED", end=Recorded(137, 11.0)),
     {"tasks that Docker ended": 1}),
    (told(WITHOUT_WORDS[1], without_docker="SIGKILL", code=None),
     Record("TASK_FAILED", end=Recorded(137, 11.0)), {"invented": 1}),
    (told(ITS_SIGNAL, without_docker="SIGTERM", code=None), Record("TASK_FAILED"), {"tasks that Docker ended": 1}),
    (told(ITS_SIGNAL, without_docker="SIGKILL", code=None), Record("TASK_FAILED"), {"invented": 1}),
    (told(replace(ITS_SIGNAL, timestamp=13.0), without_docker="SIGTERM", code=None), Record("TASK_FAILED"),
     {"invented": 1}),
    (told(ITS_SIGNAL, code=None), Record("TASK_FAILED"), {"invented": 1}),
    (told(GONE, without_docker="SIGKILL"), Record("TASK_GONE", said=lines(1), kept=lines(1)), {}),
    (told(GONE, without_docker="SIGKILL"), Record("TASK_GONE", said=lines(1), kept=lines(1, 2)), {"lines lost": 1}),
    (told(GONE), Record("TASK_GONE", said=lines(1), kept=lines(1)), {"invented": 1}),
    (told(RUNNING, GONE, without_docker="SIGKILL"), Record("TASK_GONE"), {"invented": 1}),
    (Told(None, 3, killed=1.0, updates=[OURS]), Record(), {"ended before they were launched": 1}),
    (Told(None, 3, killed=1.0, updates=[OURS]), Record(kept=lines(1)),
     {"invented": 1, "lines lost": 1}),
    (Told(None, 3, killed=1.0, updates=[replace(OURS, uuid=b"2")]), Record(), {"invented": 1}),
    (Told(None, 3, updates=[OURS]), Record(), {"invented": 2}),
    (Told(None, 3, updates=[REFUSED]), Record(), {"ended before they were launched": 1}),
    (Told(None, 3, updates=[replace(REFUSED, state=TaskState.GONE)]), Record(), {"ended before they were launched": 1}),
    (Told(None, 3, updates=[replace(REFUSED, state=TaskState.GONE)]), Record(kept=lines(1)),
     {"invented": 2, "lines lost": 1}),
    (Told(None, 3, updates=[REFUSED]), Record("TASK_RUNNING"), {"invented": 1}),
    (Told(None, 3, updates=[replace(REFUSED, source="SOURCE_EXECUTOR")]), Record(), {"invented": 1}),
    (Told(None, 3, updates=[RUNNING, REFUSED]), Record(), {"invented": 2}),
    (told(DROPPED), Record("TASK_DROPPED"), {}),
    (told(DROPPED, without_docker="SIGKILL"), Record("TASK_DROPPED", kept=lines(1)), {"invented": 1, "lines lost": 1}),
])
def test_a_task(one: Told, record: Record, expected: dict[str, int]) -> None:
    assert judged(one, record) == expected


def account(came: list[tuple[str, str, bool]], sent: list[str], stored: str,
            answers: int = 0) -> Accounts:
    """Of one task; `came`: uuid, state, whether an executor made it."""
    arrived = [Arrived("t", uuid, f"TASK_{state}", "SOURCE_EXECUTOR" if ours else "SOURCE_AGENT")
               for uuid, state, ours in came]
    return accounts(arrived, {"t": [f"TASK_{each}" for each in sent]}, {"t": frozenset(stored)},
                    {"t": answers})


def test_the_numbers_of_updates_add_up() -> None:
    told_them = [("1", "RUNNING", True), ("1", "RUNNING", True), ("2", "RUNNING", True),
                 ("3", "FAILED", False)]
    found = account(told_them, ["RUNNING", "RUNNING", "RUNNING"], "23")
    assert (found.lost, found.unexplained) == ([], [])
    assert dict(found.counts) == {
        "updates told": 4, "doubled": 1, "updates sent": 3, "updates sent again after a crash": 1,
        "updates made by agents": 1, "updates stored": 2, "updates the master has replaced": 1,
        "answers to kills of what had ended": 0}


def test_an_answer_to_a_kill_of_what_an_agent_has_ended_is_no_update() -> None:
    ended, answer = ("1", "DROPPED", False), ("2", "DROPPED", True)
    for came in ([ended], [ended, answer]):  # whether an agent passes it on or not
        found = account(came, [], "1", answers=1)
        assert (found.lost, found.unexplained) == ([], [])
    assert account([ended, answer], [], "1").unexplained
    assert account([("1", "RUNNING", True)], ["RUNNING"], "1", answers=1).unexplained


@pytest.mark.parametrize(("came", "sent", "stored", "lost", "unexplained"), [
    ([("1", "RUNNING", True)], ["RUNNING"], "12", 1, 0),  # the master has one that never came
    ([("1", "RUNNING", True)], ["RUNNING", "FAILED"], "1", 0, 1),  # one was sent, and never came
    ([("1", "RUNNING", True), ("2", "FAILED", True)], ["RUNNING"], "12", 0, 1),  # nobody has sent it
    ([("1", "RUNNING", True), ("2", "FAILED", True)], ["RUNNING", "FAILED"], "2", 0, 1),  # the master has lost it
])
def test_an_update_that_is_in_no_account_is_told(came: list[tuple[str, str, bool]], sent: list[str],
                                                 stored: str, lost: int, unexplained: int) -> None:
    found = account(came, sent, stored)
    assert sum(number for _, number in found.lost) == lost
    assert sum(number for _, number in found.unexplained) == unexplained
    verdict = Verdict()
    verdict.account(found)
    assert len(verdict.wrong) == 1
    assert (verdict.counts["lost"], verdict.counts["updates unaccounted for"]) == (lost, unexplained)


def test_faults_near_a_moment_and_too_few_of_them() -> None:
    one, other = told(), told()
    one.launched, one.ended, other.killed = 1.0, 9.0, 20.0
    assert near([one, other], [1.05, 20.2]) == {"launch": 1, "kill": 0, "exit": 0}
    assert too_few({"network": 10, "agent": 9}, ["network", "agent"], {"launch": 1, "exit": 2}) == [
        "only 9 faults of the agent", "no fault near a kill"]


def test_an_engines_log_that_was_cut_short() -> None:
    log = b'{"log":"a\\n","stream":"stdout"}\n{"log":"b","stream":"stdout"}\n{"log":"e","stream":"stderr"}\n{"lo'
    assert read(log + b'\n{"log":"c\\n","stream":"stdout"}\n') == ["a", "bc"]


def test_an_end_that_an_engine_has_written_down() -> None:
    state = {"Running": False, "StartedAt": "2026-01-01T00:00:00.5Z", "ExitCode": 3,
             "FinishedAt": "2026-01-01T00:00:10.25Z"}
    assert recorded(state) == Recorded(3, 1767225610.25)
    assert recorded({**state, "Running": True}) is None
    assert recorded({**state, "StartedAt": "0001-01-01T00:00:00Z"}) is None
