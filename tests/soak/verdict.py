"""What of a soak does not hold, task by task, and the numbers. No I/O."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from specs.messages.status import TaskState
from tests.soak.accounts import Accounts
from tests.soak.engine_logs import Recorded
from tests.soak.told import Told

NEAR = 0.1  # seconds
FEWEST = 10  # faults of each kind
MOMENTS = ("launch", "kill", "exit")
FILLING = "x" * 200  # behind the number of each line
_OURS = re.compile(r"\[mesos-docker: output is missing here, .*")
KILLED = 137
MADE_UP = (0, 255)  # what Docker says of an end that it has not seen; the first only 20.10
FORGOTTEN = "Failed to get exit status of container: the engine was restarted, and has forgotten it"
SAID_OF_255 = "the engine says so, too, where it does not know"
SAID_OF_137 = "and may have been killed with it"
NEVER_WAS = (TaskState.DROPPED, TaskState.GONE, TaskState.LOST)
SAID_OF_ITS_SIGNAL = "killed by SIGKILL; the engine sent SIGKILL without our asking"
STARTED_ALL_THE_SAME = "it had been started all the same, and was removed"


@dataclass(frozen=True, slots=True)
class Record:
    """What others have of a task: the master, the sandbox, and the engine."""

    state: str | None = None  # the master's
    stored: frozenset[str] = frozenset()  # the uuids of the updates that the master keeps
    said: Sequence[str] = ()  # lines of its output
    kept: Sequence[str] | None = None  # the same as the engine's log has them; None: it has none
    end: Recorded | None = None  # of its container, as the engine has written it down


@dataclass(slots=True)
class Verdict:
    """`wrong`: sentences; `notes`: what is no fault of ours, and yet worth knowing."""

    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def count(self, name: str, why: str, number: int = 1) -> None:
        """So many of what must not be."""
        if number:
            self.counts[name] += number
            self.wrong.append(why)

    def judge(self, task_id: str, told: Told, record: Record) -> None:
        self.counts["tasks"] += 1
        self._updates(task_id, told, record)
        self._output(task_id, told, record)

    def account(self, accounts: Accounts) -> None:
        """For the updates of all tasks."""
        self.counts.update(accounts.counts)
        for why, number in accounts.lost:
            self.count("lost", why, number)
        for why, number in accounts.unexplained:
            self.count("updates unaccounted for", why, number)

    def _updates(self, task_id: str, told: Told, record: Record) -> None:
        if not told.ends:
            self.count("lost",
                       f"{task_id} has no end: {[each.state.name for each in told.updates]}")
            return
        ends = [(each.state.name, each.message) for each in told.ends]
        forgotten, taken = docker_forgot(told, record.end), docker_ended(told, record.end)
        self.counts["exit statuses that Docker lost"] += forgotten
        self.counts["tasks that Docker ended"] += taken
        if len(ends) > 1 or not (forgotten or taken or as_it_was(told, record)):
            self.count("invented",
                       f"{task_id} exits with {told.code}, killed: {told.killed is not None}, its dockerd "
                       f"was away: {told.outages}, and has {record.end}; told: {ends}")
        never = never_launched(told, record)
        self.counts["ended before they were launched"] += never
        if record.state != told.ends[0].state.value and not never:
            self.count("invented",
                       f"{task_id}: the master has {record.state}, we were told {ends[0][0]}")

    def _output(self, task_id: str, told: Told, record: Record) -> None:
        said = [line.removesuffix(f" {FILLING}") for line in record.said
                if not _OURS.fullmatch(line)]
        kept = None if record.kept is None else [line.removesuffix(f" {FILLING}")
                                                 for line in record.kept]
        promised = expected(told, said) + (kept or [])
        if told.outages and kept is not None:
            gone = len(set(promised) - set(kept) - set(said))
            self.counts["lines that Docker lost"] += gone
            if gone:
                self.notes.append(f"{task_id}: Docker itself has lost {gone} lines of {told.lines}")
            promised = kept
        missing = len(set(promised) - set(said))
        self.count("lines lost", f"{task_id}: {missing} lines of {len(promised)} are missing",
                   missing)
        doubled = len(said) - len(set(said))
        strange = [line for line in said if not re.fullmatch(r"line \d+", line)]
        disordered = [line for line in said if line not in strange] != sorted(
            (line for line in said if line not in strange), key=lambda line: int(line.split()[1]))
        self.count("lines doubled or broken",
                   f"{task_id}: {doubled} lines are doubled, broken are {strange[:3]}, "
                                              f"in disorder: {disordered}",
                   doubled + len(strange) + disordered)


def expected(told: Told, said: Sequence[str]) -> list[str]:
    """The lines that are sure to have been written: all of a task that came to its own end, else those before the last
    one that was read.
    """
    whole = told.code is not None and any(f"status {told.code}" in (each.message or "")
                                          for each in told.ends)
    read = [int(line.split()[1]) for line in said if re.fullmatch(r"line \d+", line)]
    return [f"line {number}" for number in range(1, max([*read, told.lines * whole]) + 1)]


def as_it_was(told: Told, record: Record) -> bool:
    """Whether its end is that of its program, or what was done to it. One that is dropped has never
    run, and one that is gone by then has.
    """
    state, message = told.ends[0].state, told.ends[0].message or ""
    if told.killed is not None and state is TaskState.KILLED:
        return True
    if state in (TaskState.LOST, TaskState.DROPPED, TaskState.GONE):
        ran = any(each.state is TaskState.RUNNING for each in told.updates)
        wrote = bool(record.kept) or bool(record.said)
        gone = state is TaskState.GONE and STARTED_ALL_THE_SAME in message and bool(told.outages)
        return not ran and (gone or not wrote)
    wanted = TaskState.FINISHED if told.code == 0 else TaskState.FAILED
    return told.code is not None and state is wanted and f"status {told.code}" in message


def never_launched(told: Told, record: Record) -> bool:
    """Whether our own scheduler has ended it, or the master has refused its offer or, asked for it, has
    never heard of it: of that no master keeps anything, its word has no uuid, and no engine knows.
    """
    (end, *_), others = told.ends, len(told.updates) - 1
    killed = told.killed is not None and end.state is TaskState.KILLED
    refused = end.state in NEVER_WAS and end.source == "SOURCE_MASTER"
    return ((killed or refused) and end.uuid is None and not others
            and not (record.state or record.stored or record.said or record.kept or record.end))


def docker_forgot(told: Told, end: Recorded | None) -> bool:
    """Whether Docker was ended, has forgotten how the task ended, and that is what was told.

    Then it has written down what it makes up, and for the time that of its return.
    """
    made_up = end is not None and end.code in MADE_UP and _away_at(told, end.at)
    message = told.ends[0].message or ""
    said = message.startswith(FORGOTTEN) or ("status 255" in message and SAID_OF_255 in message)
    return made_up and said and told.ends[0].state is TaskState.FAILED


def docker_ended(told: Told, end: Recorded | None) -> bool:
    """Whether Docker was ended, has killed the container as it came back, or as it went, and that is
    what was told.

    One that is asked to end and has no running container, as all are being started, stops those in
    spite of live-restore.
    """
    last = told.ends[0]
    back = end is not None and end.code == KILLED and _away_at(told, end.at) and SAID_OF_137 in (last.message or "")
    went = SAID_OF_ITS_SIGNAL in (last.message or "") and last.timestamp is not None and any(
        each.how == "SIGTERM" and each.began <= last.timestamp <= each.back for each in told.outages)
    return back or went


def _away_at(told: Told, at: float) -> bool:
    return any(each.began <= at <= each.back for each in told.outages)


def near(tasks: Iterable[Told], faults: Sequence[float]) -> Counter[str]:
    """Launches, kills and exits with a fault within NEAR. `faults`: when each began, seconds."""
    counts = Counter[str]()
    for told in tasks:
        for kind, at in zip(MOMENTS, (told.launched, told.killed, told.ended), strict=True):
            counts[kind] += any(at is not None and abs(at - struck) <= NEAR for struck in faults)
    return counts


def too_few(faults: Mapping[str, int], kinds: Iterable[str], close: Mapping[str, int],
            fewest: int = FEWEST) -> list[str]:
    """Why a soak proves too little."""
    return [f"only {faults.get(kind, 0)} faults of the {kind}" for kind in kinds
            if faults.get(kind, 0) < fewest] + [
        f"no fault near a {moment}" for moment in MOMENTS if not close.get(moment)]
