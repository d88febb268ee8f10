"""Whether the numbers of updates add up, task by task: what executors have sent, what agents have
made themselves, what the master has stored, and what we were told. No I/O.

A kill of a task that its agent has ended without it may still come to an executor, which answers that
it has not got it: that is no update of the task's, and counts for itself.

An executor that is killed between its log's line and its journal's says the same once more, as
another update. A master keeps of several updates in a row with the same state the last one. What is
left then is in no account, and there must be none of it.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from specs.messages.status import TaskState, is_terminal

EXECUTOR = "SOURCE_EXECUTOR"


@dataclass(frozen=True, slots=True)
class Arrived:
    """One update, as it came. `source`: as in mesos.v1.TaskStatus."""

    task_id: str
    uuid: str
    state: str
    source: str | None = EXECUTOR


@dataclass(slots=True)
class Accounts:
    """`counts`: a number for each side; `lost` and `unexplained`: a sentence and how many, for what
    is on one side only.
    """

    counts: Counter[str] = field(default_factory=Counter)
    lost: list[tuple[str, int]] = field(default_factory=list)
    unexplained: list[tuple[str, int]] = field(default_factory=list)


def accounts(arrived: Sequence[Arrived], sent: Mapping[str, Sequence[str]],
             stored: Mapping[str, frozenset[str]], answers: Mapping[str, int] | None = None) -> Accounts:
    """`sent`: by task, the states in the executors' logs, in their order, without `answers` to kills;
    `stored`: by task, the uuids that the master keeps.
    """
    answers = answers or {}
    found = Accounts()
    told: dict[str, dict[str, Arrived]] = {}
    for each in arrived:
        told.setdefault(each.task_id, {}).setdefault(each.uuid, each)
    distinct = sum(len(each) for each in told.values())
    found.counts["updates told"] = len(arrived)
    found.counts["doubled"] = len(arrived) - distinct
    found.counts["updates sent"] = sum(len(each) for each in sent.values())
    found.counts["updates stored"] = sum(len(each) for each in stored.values())
    for task_id in {**told, **sent, **stored, **answers}:
        ours = _without_answers(found, task_id, list(told.get(task_id, {}).values()),
                                answers.get(task_id, 0))
        _of_executors(found, task_id, ours, sent.get(task_id, ()))
        _of_the_master(found, task_id, ours, stored.get(task_id, frozenset()))
    return found


def _without_answers(found: Accounts, task_id: str, told: list[Arrived], answers: int) -> list[Arrived]:
    """What is told of a task until its agent has ended it; what an executor says then is an answer."""
    ends = [place for place, each in enumerate(told, start=1)
            if each.source != EXECUTOR and is_terminal(TaskState(each.state))]
    end = min(ends, default=len(told))
    came = sum(each.source == EXECUTOR for each in told[end:])
    found.counts["answers to kills of what had ended"] += answers
    if came > answers or (answers and not ends):
        found.unexplained.append((f"{task_id}: {answers} answers to a kill, {came} have come", 1))
    return told[:end] + [each for each in told[end:] if each.source != EXECUTOR]


def _of_executors(found: Accounts, task_id: str, told: Iterable[Arrived],
                  sent: Sequence[str]) -> None:
    came = [each.state for each in told if each.source == EXECUTOR]
    found.counts["updates made by agents"] += sum(each.source != EXECUTOR for each in told)
    repeated = again(sent, came)
    if repeated is None:
        number = max(1, abs(len(sent) - len(came)))
        found.unexplained.append(
            (f"{task_id}: an executor has sent {list(sent)}, and told was {came}", number))
    else:
        found.counts["updates sent again after a crash"] += repeated


def again(sent: Sequence[str], came: Sequence[str]) -> int | None:
    """How many were sent once more in another process, as those before them never left; None: the
    two do not go together.
    """
    left, right = _runs(sent), _runs(came)
    fits = [state for state, _ in left] == [state for state, _ in right] and all(
        more >= fewer for (_, more), (_, fewer) in zip(left, right, strict=True))
    return len(sent) - len(came) if fits else None


def _runs(states: Iterable[str]) -> list[tuple[str, int]]:
    return [(state, len(list(same))) for state, same in groupby(states)]


def _of_the_master(found: Accounts, task_id: str, told: Sequence[Arrived],
                   stored: frozenset[str]) -> None:
    missing = stored - {each.uuid for each in told}
    if missing:
        found.lost.append(
            (f"{task_id}: {len(missing)} updates that the master has never came", len(missing)))
    for place, each in enumerate(told):
        follower = told[place + 1] if place + 1 < len(told) else None
        if each.uuid in stored:
            continue
        if follower is not None and follower.state == each.state:
            found.counts["updates the master has replaced"] += 1
        else:
            found.unexplained.append((f"{task_id}: the master has no {each.state} of {each.source}", 1))
