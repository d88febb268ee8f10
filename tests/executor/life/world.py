"""A world for one task, made of chance: an engine that answers late, wrongly or not at all, a kernel, other people.

It carries out the lifecycle's effects as the supervisor would, on the word of a chooser, and knows the truth that the
lifecycle cannot see: whether the container runs. `World.promises` holds the promises up to that truth.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from executor.engine.failures import BadOption, DaemonUnavailable, FileNotFetched, ImageNotFound
from executor.life import effects as f
from executor.life import events as e
from executor.life.lifecycle import accept, advance
from executor.life.outcomes import Cause, Exit, Failure
from executor.life.task import Phase, Terms
from specs.messages.check import CheckStatusInfo
from specs.messages.status import TaskState, TaskStatus, is_terminal

Choose = Callable[[int], int]  # a number below the given one
Chance = Callable[[], e.Event | None]

REFUSED = Failure(BadOption, "refused")
GONE = Failure(DaemonUnavailable, "gone")


class World:
    def __init__(self, choose: Choose, terms: Terms) -> None:
        self.choose = choose
        self.terms = terms
        self.running = False
        self.exists = False
        self.pid = 0
        self.code = 0
        self.between = False  # two runs, for its restart policy
        self.now = 0  # of the engine's clock
        self.kind = True  # no more mischief once it is False
        self.watched: set[int] = set()
        self.checked = False
        self.clocks: dict[f.Timer, None] = {}  # in the order of their ringing
        self.engine: deque[e.Event] = deque()  # what the engine tells unasked, in its order
        self.jobs: list[deque[Chance]] = []  # each in its own order
        self.statuses: list[TaskStatus] = []
        self.removed = False
        self.forgotten = False
        self.killed = False
        self.task, effects = accept("t", terms)
        self.carry_out(effects)

    # ---- chance ----

    def step(self) -> bool:
        """Let one thing happen; whether anything could."""
        chances = self.chances()
        if not chances:
            return False
        event = chances[self.choose(len(chances))]()
        if event is not None and not self.forgotten:
            self.tell(event)
        return True

    def chances(self) -> list[Chance]:
        chances: list[Chance] = [partial(self.next_of, job) for job in self.jobs]
        if self.engine:
            chances.append(self.engine.popleft)
        chances += [partial(self.ring, timer) for timer in self.clocks]
        alive = {self.pid} if self.running else set()
        chances += [partial(self.pid_gone, pid) for pid in self.watched - alive]
        if self.running:
            chances.append(lambda: self.die(self.choose(3)))
        if self.between:
            chances.append(self.next_run)
        return chances + self.mischief() if self.kind else chances

    def mischief(self) -> list[Chance]:
        chances: list[Chance] = []
        if self.choose(6) == 1:
            chances.append(lambda: e.EndRequested(list(Cause)[self.choose(4)], self.choose(3) * 1.0))
        if self.task.phase is not Phase.DONE:
            chances.append(e.Noticed)  # RESYNC
        if self.running and self.exists:
            chances += [self.somebody_removes, self.somebody_restarts, self.oom, self.die_untold, self.engine_forgets,
                        self.die_twice_told, lambda: e.SignalSeen(15), lambda: e.OomKilled(None)]
        if self.checked:
            chances += [lambda: e.HealthReported((True, False, None)[self.choose(3)]),
                        lambda: e.CheckReported(CheckStatusInfo("TCP"))]
        return chances

    def next_of(self, job: deque[Chance]) -> e.Event | None:
        do = job.popleft()
        if not job:
            self.jobs.remove(job)
        return do()

    def ring(self, timer: f.Timer) -> e.Event:
        del self.clocks[timer]
        return timer.event

    # ---- the truth about the container ----

    def run(self) -> None:
        self.exists = self.running = True
        self.pid += 1
        self.now += 1
        if self.terms.restarts:
            self.engine.append(e.RunBegan(self.now))

    def next_run(self) -> None:
        self.between = False
        self.run()

    def die(self, code: int) -> None:
        self.running = False
        self.code = (0, 1, 137)[code]
        self.now += 1
        if not self.exists:
            return  # it has forgotten the container
        self.engine.append(e.Noticed(self.code, self.now))
        self.between = self.terms.restarts and self.kind and not self.killed and self.choose(2) == 1

    def die_untold(self) -> None:
        self.running, self.code = False, 1

    def die_twice_told(self) -> None:
        """As engines did until 29.4: two events of one exit, not at the same time."""
        self.die(1)
        self.now += 1
        self.engine.append(e.Noticed(self.code, self.now))

    def somebody_removes(self) -> None:
        self.die(2)
        self.exists = self.running = self.between = False
        self.engine.append(e.Noticed())

    def engine_forgets(self) -> None:
        """It comes back without the container, whose process runs on; where we know that one, and
        no word of another run is under way."""
        if self.pid == self.task.run.pid and not self.engine:
            self.exists = False

    def somebody_restarts(self) -> None:
        self.die(1)
        self.between = False
        self.run()
        if not self.terms.restarts:
            self.engine.append(e.StartedAgain(None))

    def oom(self) -> None:
        """Told before the end, or after it, as both go their own ways."""
        self.now += 1
        if self.choose(2):
            self.engine.append(e.OomKilled(None))
            self.die(2)
        else:
            self.die(2)
            self.engine.append(e.OomKilled(None))

    def pid_gone(self, pid: int) -> e.Event:
        self.watched.discard(pid)
        return e.PidGone(pid)

    # ---- effects ----

    def tell(self, event: e.Event) -> None:
        self.task, effects = advance(self.task, event)
        self.carry_out(effects)

    def carry_out(self, effects: Sequence[f.Effect]) -> None:
        for effect in effects:
            self.carry_out_one(effect)

    def carry_out_one(self, effect: f.Effect) -> None:
        match effect:
            case f.Report(status):
                self.promises(status)
                self.statuses.append(status)
            case f.StartTimer() | f.CancelTimer() | f.CancelTimers():
                self.set_clocks(effect)
            case f.StartChecks():  # for good: a report may be on its way when they are stopped
                self.checked = True
            case f.WatchPid(pid):
                self.watched.add(pid)
            case f.KillPid(_):
                self.kill()
            case f.Remove():
                self.removed, self.running, self.exists, self.between = True, False, False, False
            case f.Forget():
                self.forgotten = True
                self.clocks.clear()
            case _:
                self.jobs += self.work(effect)

    def set_clocks(self, effect: f.StartTimer | f.CancelTimer | f.CancelTimers) -> None:
        match effect:
            case f.StartTimer(timer, _, keep_earlier):
                if not keep_earlier:
                    self.clocks.pop(timer, None)
                self.clocks[timer] = None
            case f.CancelTimer(timer):
                self.clocks.pop(timer, None)
            case f.CancelTimers():
                self.clocks.clear()

    def work(self, effect: Any) -> list[deque[Chance]]:
        job: list[Chance] = []
        match effect:
            case f.Fetch():
                failed = partial(e.FetchFailed, Failure(FileNotFetched, "no"))
                fetched = failed if self.kind and self.choose(3) == 0 else e.Fetched
                job = [*[lambda: e.FetchProgressed("some")] * (self.choose(2) if self.kind else 0), fetched]
            case f.Pull():
                job = [*[lambda: e.PullProgressed("some")] * (self.choose(2) if self.kind else 0), self.pulled]
            case f.CreateAndStart():
                job = self.start()
            case f.Look():
                job = [self.look]
            case f.Signal(signal):
                job = [lambda: self.signal(signal)]
            case f.ForceRemove():
                job = [self.force_remove]
            case f.DrainLogs():
                job = [e.Drained]
            case f.FollowRun(ended, began):
                assert ended < began, "a run that began before the one before it ended"
        return [deque(job)] if job else []

    def pulled(self) -> e.Event:
        return e.PullFailed(Failure(ImageNotFound, "no")) if self.kind and self.choose(3) == 0 else e.Pulled()

    def start(self) -> list[Chance]:
        way = self.choose(6) if self.kind else 5
        if way == 0:
            return [e.ImageMissing]
        if way == 1:
            return [lambda: e.NotStarted(REFUSED)]

        def created() -> e.Event:
            if way > 3 or (way == 3 and self.choose(2)):
                self.run()
            else:
                self.exists = True
            return e.Created("c")
        if way == 2:
            return [created, lambda: e.NotStarted(REFUSED)]
        if way == 3:
            return [created, lambda: e.StartUnclear(GONE)]
        return [created, lambda: e.Started("c", self.running, self.pid if self.running else None, None, (), b"[]")]

    def look(self) -> e.Event | None:
        if self.kind and self.choose(4) == 0:
            return e.Unanswered()
        if not self.exists:
            return e.Disowned() if self.running else e.Vanished()
        if self.between:
            return e.Restarted(None)
        if not self.running:
            return e.Exited(Exit(self.code, memory_limit=self.terms.memory_limit))
        run = self.task.run
        if self.pid == run.pid:
            return None
        if self.terms.restarts:
            return e.Restarted(self.pid)
        return None if run.pid is None and run.told_exit is None else e.StartedAgain(self.pid)

    def signal(self, signal: str) -> e.Event | None:
        if self.kind and self.choose(3) == 0:
            return e.SignalFailed(GONE)
        if not self.exists:
            return None  # as of one that is gone
        self.killed, self.between = True, False  # its restart policy counts no more
        if signal == "SIGKILL":
            self.kill()
        return None

    def force_remove(self) -> e.Event:
        if self.kind and self.choose(3) == 0:
            return e.SignalFailed(GONE)
        if self.running and not self.exists:
            return e.Disowned()
        self.kill()
        self.exists = self.between = False
        return e.Removed()

    def kill(self) -> None:
        self.killed = True
        if self.running:
            self.die(2)
            self.running = False

    # ---- what was promised ----

    def promises(self, status: TaskStatus) -> None:
        states = [each.state for each in self.statuses]
        assert not any(is_terminal(state) for state in states), "nothing comes after the terminal update"
        if not states:
            assert status.state is TaskState.STARTING
        if status.state is TaskState.RUNNING:
            assert TaskState.KILLING not in states, "TASK_RUNNING after a kill was announced"
            if status.reason is None and status.message is None:
                assert TaskState.RUNNING not in states, "TASK_RUNNING twice"
        if status.state is TaskState.STARTING and status.message:
            assert set(states) == {TaskState.STARTING}
        if status.state is TaskState.KILLING:
            assert self.terms.killing
            assert TaskState.KILLING not in states
        if is_terminal(status.state):
            untold = any(isinstance(event, e.StartedAgain | e.RunBegan) for event in self.engine)
            assert not (self.running or self.between) or untold, \
                "terminal while the container runs, and nobody has told of a new start"
