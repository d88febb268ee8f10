"""What the executors' soak would notice."""
from __future__ import annotations

import pytest

from specs.messages.status import TaskState, TaskStatus
from tests.soak.engine_logs import read
from tests.soak.told import Told
from tests.soak.verdict import FILLING, Record, Verdict, near, too_few

FINISHED = TaskStatus("t", TaskState.FINISHED, message="Container exited with status 0", uuid=b"2")
FORGOTTEN = TaskStatus("t", TaskState.FAILED, message="Container exited with status 255", uuid=b"2")
RUNNING = TaskStatus("t", TaskState.RUNNING, uuid=b"1")


def lines(*numbers: int) -> list[str]:
    return [f"line {number} {FILLING}" for number in numbers]


def told(*updates: TaskStatus, code: int | None = 0, without_docker: bool = False) -> Told:
    return Told(code, 3, updates=list(updates or (RUNNING, FINISHED)),
                without_docker=without_docker)


def judged(one: Told, record: Record) -> dict[str, int]:
    """What there must be none of, and is."""
    verdict = Verdict()
    verdict.judge("t", one, record)
    found = {name: count for name, count in verdict.counts.items()
             if name not in ("tasks", "updates stored") and count}
    assert bool(verdict.wrong) is any("that Docker lost" not in name for name in found)
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
    (told(without_docker=True), Record("TASK_FINISHED", said=lines(1, 3), kept=lines(1, 3)),
     {"lines that Docker lost": 1}),
    (told(without_docker=True), Record("TASK_FINISHED", said=lines(1), kept=lines(1, 3)),
     {"lines that Docker lost": 1, "lines lost": 1}),
    (told(without_docker=True), Record("TASK_FINISHED", said=lines(1)), {"lines lost": 2}),
    (told(FORGOTTEN, without_docker=True), Record("TASK_FAILED"), {"exit statuses that Docker lost": 1}),
    (told(FORGOTTEN), Record("TASK_FAILED"), {"invented": 1}),
])
def test_a_task(one: Told, record: Record, expected: dict[str, int]) -> None:
    assert judged(one, record) == expected


def test_updates_that_the_master_has_and_did_not_come() -> None:
    verdict = Verdict()
    verdict.arrived([("t", "1"), ("t", "1"), ("u", "2")],
                    {"t": frozenset({"1", "2"}), "u": frozenset({"2"})})
    assert dict(verdict.counts) == {"updates told": 3, "doubled": 1, "lost": 1}


def test_faults_near_a_moment_and_too_few_of_them() -> None:
    one, other = told(), told()
    one.launched, one.ended, other.killed = 1.0, 9.0, 20.0
    assert near([one, other], [1.05, 20.2]) == {"launch": 1, "kill": 0, "exit": 0}
    assert too_few({"network": 10, "agent": 9}, ["network", "agent"], {"launch": 1, "exit": 2}) == [
        "only 9 faults of the agent", "no fault near a kill"]


def test_an_engines_log_that_was_cut_short() -> None:
    log = b'{"log":"a\\n","stream":"stdout"}\n{"log":"b","stream":"stdout"}\n{"log":"e","stream":"stderr"}\n{"lo'
    assert read(log + b'\n{"log":"c\\n","stream":"stdout"}\n') == ["a", "bc"]
