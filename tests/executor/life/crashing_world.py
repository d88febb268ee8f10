"""The world of a task whose executor may die, at every write into the journal and at every effect.

What survives a crash is the engine, and the journal as its lines are read again; an update is told once it is on the
disk. What dies is everything else: clocks, calls under way, what the engine told and nobody heard. A next life begins
with `revive`, and with what the engine says when it is asked. When the host goes down no container runs on, and of the
journal what is not on the disk is gone, or torn.
"""
from __future__ import annotations

from collections import deque

from executor.journal.lines import Header, header_line, line, read
from executor.journal.records import Record, StopSent, TaskBegan, TaskDoomed, TaskNamed, UpdateKept, record_of, value
from executor.journal.state import JournalState
from executor.life import effects as f
from executor.life import events as e
from executor.life.lifecycle import advance
from executor.life.outcomes import Exit, HostRebooted
from executor.life.recovery import revive
from executor.life.task import Phase, Terms
from executor.supervision.succession.notes import notes
from executor.supervision.succession.recovery import known_of
from specs.messages.status import TaskState, TaskStatus
from tests.executor.life.world import Chance, Choose, World

RARELY = 12  # one in so many points where a crash can be
CRASHES = 6


class ExecutorDied(Exception):  # noqa: N818 - named after what it is
    """Here, now."""


class HostDied(ExecutorDied):
    """And all that ran on it."""


class CrashingWorld(World):
    """A crash is one of the chooser's choices, CRASHES times at most, while the world is not kind."""

    def __init__(self, choose: Choose, terms: Terms) -> None:
        self.crashes = 0
        self.lines = header_line(Header("boot", "owner", ""))
        self.settled = len(self.lines)  # bytes of them
        self.rebooted = False
        self.noted: list[TaskStatus] = []  # those that were written, told or not
        self.kind, self.choose = True, choose
        self.write(TaskBegan("t", "{}", 0.0), TaskNamed("t", "n"))
        try:
            super().__init__(choose, terms)
        except ExecutorDied:
            self.live_again()

    def write(self, *records: Record) -> None:
        for each in records:
            self.lines += line(value(each))

    def journal(self) -> JournalState:
        """As a next process reads it."""
        _, values, good = read(self.lines)
        assert good == len(self.lines)
        state = JournalState()
        for each in values:
            known = record_of(each)
            assert known is not None
            state.apply(known)
        return state

    def may_die(self) -> None:
        if not self.kind or self.crashes >= CRASHES:
            return
        chance = self.choose(RARELY)
        if chance in (1, 2):
            self.crashes += 1
            if chance == 2 and not self.rebooted:
                self.host_down()
                raise HostDied
            raise ExecutorDied

    def host_down(self) -> None:
        """Of what was not settled the disk has all but for one byte, or only so much."""
        rest = bytearray(self.lines[self.settled:])
        if rest:
            at = self.choose(256) * len(rest) // 256
            rest[at] ^= 1
            del rest[len(rest) if self.choose(2) else at:]
        header, _, good = read(self.lines[:self.settled] + rest, "another boot")
        assert good >= self.settled, "what was told is gone"
        assert header is not None
        self.lines, self.settled, self.rebooted = (self.lines[:self.settled] + rest)[:good], good, True
        del self.noted[len(self.journal().updates):]
        assert self.noted[:len(self.statuses)] == self.statuses, "an update that was told is lost"
        self.running = self.between = False

    # ---- a life ----

    def step(self) -> bool:
        try:
            went = super().step()
        except ExecutorDied:
            self.live_again()
            return True
        if self.task.phase is Phase.RUNNING and not (self.running or self.between):
            told = self.jobs or self.engine or self.watched or f.Timer.LOOK in self.clocks
            assert told, "it is over, and nobody will ever tell"
        return went

    def tell(self, event: e.Event) -> None:
        try:
            task, effects = advance(self.task, event)
            for each in notes(self.task, task, effects, 0.0):
                self.may_die()
                self.write(each)
            self.task = task
            self.carry_out(effects)
        except ExecutorDied:
            self.live_again()

    def carry_out_one(self, effect: f.Effect) -> None:
        self.may_die()
        if isinstance(effect, f.Report):
            self.write(UpdateKept("t", f"{len(self.noted):032x}", str(effect.status.state), "{}"))
            self.noted.append(effect.status)
            self.may_die()
            self.settled = len(self.lines)
        if not isinstance(effect, f.FollowOn):
            super().carry_out_one(effect)
        self.may_die()

    def signal(self, signal: str) -> e.Event | None:
        found = super().signal(signal)
        self.may_die()
        if found is None:
            self.write(StopSent("t"))
        return found

    def live_again(self) -> None:
        """What was not written is forgotten; what runs, runs."""
        for each in (self.clocks, self.jobs, self.engine, self.watched):
            each.clear()
        self.settled = len(self.lines)
        for status in self.noted[len(self.statuses):]:  # it subscribes
            self.promises(status)
            self.statuses.append(status)
        known = self.journal().tasks.get("t")
        if known is None:  # its last word is written: a container of it is nobody's
            self.removed, self.running, self.exists, self.between = True, False, False, False
            self.forgotten = True
            return
        if self.rebooted and known.doomed is None:
            self.write(TaskDoomed("t", ""))
        self.task, effects = revive("t", self.terms, known_of(known, self.terms, 0.0),
                                    HostRebooted() if self.rebooted else None)
        try:
            self.carry_out(effects)
        except ExecutorDied:
            self.live_again()
        else:
            if self.task.phase is Phase.RECOVERING:
                self.jobs.append(deque[Chance]([self.found]))

    def found(self) -> e.Event:
        """What the engine says when it is asked."""
        assert self.task.phase is Phase.RECOVERING
        if not self.exists:
            return e.Recovered(e.Whereabouts.NONE)
        if self.running:
            return e.Recovered(e.Whereabouts.RUNNING, "c", self.pid, began=self.now)
        if self.between:
            return e.Recovered(e.Whereabouts.BETWEEN, "c", began=self.now)
        if not self.pid:
            return e.Recovered(e.Whereabouts.CREATED, "c")
        return e.Recovered(e.Whereabouts.DOWN, "c", began=self.now, exit=Exit(self.code))

    def promises(self, status: TaskStatus) -> None:
        if self.statuses or not self.rebooted:  # or it began, and nobody has been told so
            super().promises(status)
        if status.state is TaskState.KILLING:
            assert TaskState.KILLING not in [each.state
                                             for each in self.statuses], "TASK_KILLING twice"

