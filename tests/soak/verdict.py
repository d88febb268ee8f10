"""What of a soak does not hold, task by task, and the numbers. No I/O."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from specs.messages.status import TaskState
from tests.soak.told import Told

NEAR = 0.1  # seconds
FEWEST = 10  # faults of each kind
MOMENTS = ("launch", "kill", "exit")
FILLING = "x" * 200  # behind the number of each line
_OURS = re.compile(r"\[mesos-docker: output is missing here, .*")


@dataclass(frozen=True, slots=True)
class Record:
    """What others have of a task: the master, the sandbox, and the engine."""

    state: str | None = None  # the master's
    stored: frozenset[str] = frozenset()  # the uuids of the updates that the master keeps
    said: Sequence[str] = ()  # lines of its output
    kept: Sequence[str] | None = None  # the same as the engine's log has them; None: it has none


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
        self.counts["updates stored"] += len(record.stored)
        self._updates(task_id, told, record)
        self._output(task_id, told, record)

    def arrived(self, updates: Iterable[tuple[str, str]],
                stored: Mapping[str, frozenset[str]]) -> None:
        """`updates`: task id and uuid of each, as often as it came. A master keeps of several updates in a row with the
        same state the last one.
        """
        came = list(updates)
        self.counts["updates told"] = len(came)
        self.counts["doubled"] = len(came) - len(set(came))
        for task_id, uuids in stored.items():
            missing = uuids - {uuid for task, uuid in came if task == task_id}
            self.count("lost", f"{task_id}: {len(missing)} updates that the master has never came",
                       len(missing))

    def _updates(self, task_id: str, told: Told, record: Record) -> None:
        if not told.ends:
            self.count("lost",
                       f"{task_id} has no end: {[each.state.name for each in told.updates]}")
            return
        ends = [(each.state.name, each.message) for each in told.ends]
        self.counts["exit statuses that Docker lost"] += forgotten(told)
        if len(ends) > 1 or not (forgotten(told) or as_it_was(told)):
            self.count("invented",
                       f"{task_id} exits with {told.code}, killed: {told.killed is not None}, its dockerd "
                                   f"was away: {told.without_docker}; told: {ends}")
        if record.state != told.ends[0].state.value:
            self.count("invented",
                       f"{task_id}: the master has {record.state}, we were told {ends[0][0]}")

    def _output(self, task_id: str, told: Told, record: Record) -> None:
        said = [line.removesuffix(f" {FILLING}") for line in record.said
                if not _OURS.fullmatch(line)]
        kept = None if record.kept is None else [line.removesuffix(f" {FILLING}")
                                                 for line in record.kept]
        promised = expected(told, said) + (kept or [])
        if told.without_docker and kept is not None:
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


def as_it_was(told: Told) -> bool:
    """Whether its end is that of its program, or what was done to it."""
    state, message = told.ends[0].state, told.ends[0].message or ""
    if told.killed is not None and state is TaskState.KILLED:
        return True
    if state in (TaskState.LOST, TaskState.DROPPED):
        return all(each.state is not TaskState.RUNNING for each in told.updates)  # it never ran, and says so
    wanted = TaskState.FINISHED if told.code == 0 else TaskState.FAILED
    return told.code is not None and state is wanted and f"status {told.code}" in message


def forgotten(told: Told) -> bool:
    """Whether Docker's containerd was killed, too, and has forgotten how it ended: Docker says 255 then."""
    return told.without_docker and "status 255" in (told.ends[0].message or "")


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
