"""One task as a frozen value, and what every handler of the lifecycle shares."""
from __future__ import annotations

import enum
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from executor.life.effects import (
    CancelTimer,
    CancelTimers,
    DrainLogs,
    Effect,
    Report,
    Signal,
    StartTimer,
    StopChecks,
    Timer,
)
from executor.life.events import Drained, EndRequested, Event, Noticed, OomKilled
from executor.life.outcomes import Cause, Exit, NotRun, Outcome
from specs.messages.check import CheckStatusInfo
from specs.messages.containerinfo import NetworkInfo
from specs.messages.status import TaskState, TaskStatus

KILLING_STATE = "TASK_KILLING_STATE"  # what a framework may say that it can: mesos.v1.FrameworkInfo.Capability
PARTITION_AWARE = "PARTITION_AWARE"

DRAIN_WAIT = 10.0  # seconds the output has to end after the container's end
STEP_WAITS = (5.0, 10.0, 5.0)  # seconds for SIGKILL, forced removal, SIGKILL past the engine to work
HURRIED_STEP_WAITS = (0.5, 0.4, 1.0)  # the same, and the other waits, where the agent kills us too in two seconds
HURRIED_DRAIN_WAIT = 0.3
NOT_KNOWN = 255  # as exit status: what an engine says of an end that it has not seen
BETWEEN_RUNS = 0.5  # seconds between looks at a container that is to end and waits for its next run


class Phase(enum.Enum):
    """Where a task is in its life; see lifecycle.py."""

    RECOVERING = "recovering"
    FETCHING = "fetching"
    PULLING = "pulling"
    STARTING = "starting"
    ABORTING = "aborting"
    RUNNING = "running"
    TERMINATING = "terminating"
    FORCING = "forcing"
    ENDING = "ending"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed at the launch and does not change."""

    image: str = ""
    command: str = ""  # for people: what the container runs
    platform: str | None = None  # of the image, as in "linux/arm64"; None: this machine's
    fetches: bool = False  # the task has files to be fetched
    force_pull: bool = False
    never_pull: bool = False  # also not if it is missing: --pull never
    killing: bool = False  # the framework has TASK_KILLING_STATE
    partition_aware: bool = False
    max_completion: float | None = None  # seconds, from the launch
    remove: bool = True  # the container, after its end; false where the agent does it
    restarts: bool = False  # the container has a restart policy: its end may not be the task's
    image_health: bool = False  # the task declares no check: its image's own may say how it is
    memory_limit: int | None = None  # bytes
    strict: bool = False  # say exactly what Mesos's docker executor would say
    check_status: CheckStatusInfo | None = None  # the empty status of the task's check; None without a check


@dataclass(frozen=True, slots=True)
class Run:
    """What is known of one run of the container, and of no other.

    A restart policy begins a new one, of which nothing is known. Times are ns of the engine's clock.
    """

    began: int = 0  # 0: not told yet
    pid: int | None = None
    died: bool = False  # somebody said that it ended, while the start was still under way
    told_exit: int | None = None  # the exit status that the engine told unasked
    ended: int = 0  # when it was told
    oom: OomKilled | None = None
    oom_near: bool | None = None  # as its end was told, something had just been killed for want of memory
    signal: int | None = None  # the last that somebody else had the engine send
    gone: bool = False  # the kernel says that its process has ended
    gone_at: int = 0  # when it said so, ns of our clock; 0: nobody knows
    back: int = 0  # when the engine, which had been away, was there again, ns of our clock
    unanswered: bool = False  # the engine, asked how it is or to end it, did not answer
    waits: int = 0  # how often the engine was given more time to answer, after the process's end


@dataclass(frozen=True, slots=True)
class Known:
    """What a process of this executor that is gone has written down of a task. Times are seconds."""

    named: bool = True  # it was admitted, and its container may be there
    container: str | None = None  # it was made, and about to be started
    told: bool = False  # TASK_STARTING
    running: bool = False  # TASK_RUNNING was told
    killing: bool = False  # TASK_KILLING was told
    cause: Cause | None = None
    why: str = ""
    grace: float = 0.0  # that is left, of an end that is wanted
    stop_sent: bool = False
    completion: float | None = None  # that is left of max_completion_time
    healthy: bool | None = None
    check_status: CheckStatusInfo | None = None
    blanked: bool = False  # its secrets were not written down


@dataclass(frozen=True, slots=True)
class Task:
    """One task as it stands now."""

    id: str
    terms: Terms
    phase: Phase
    cause: Cause | None = None  # who wanted it to end; the first one
    why: str = ""
    grace: float = 0.0  # seconds; while ABORTING, for the stop to come
    quiet: bool = False  # a kill was announced or needs no announcement: TASK_RUNNING would be wrong now
    hurried: bool = False  # the executor itself has to be gone soon
    container: str | None = None
    run: Run = Run()
    stop_signal: str = "SIGTERM"
    network_infos: tuple[NetworkInfo, ...] = ()
    healthy: bool | None = None
    check_status: CheckStatusInfo | None = None
    pulled: bool = False
    outcome: Outcome | None = None  # decided already; what comes later does not change it
    oom_awaited: bool = False  # the outcome is one that the kernel may yet explain
    drained: Drained | None = None  # while that is awaited
    step: int = 0  # of a forced end
    past_engine: bool = False  # SIGKILL was sent to its process by us, without the engine
    known: Known = Known()  # to a process before this one
    story: tuple[str, ...] = field(default=(), repr=False)

    @property
    def step_waits(self) -> tuple[float, float, float]:
        """Seconds that each step of a forced end has."""
        return HURRIED_STEP_WAITS if self.hurried else STEP_WAITS

    def in_run(self, **changes: Any) -> Task:
        """The same task, with something else known of this run."""
        return replace(self, run=replace(self.run, **changes))

    def wanted(self, request: EndRequested) -> Task:
        """The same task, with an end wanted; the first cause stays."""
        hurried = self.hurried or request.cause is Cause.SHUTDOWN
        if self.cause is not None:
            return replace(self, hurried=hurried)
        return replace(self, cause=request.cause, why=request.why, hurried=hurried)


class Step(NamedTuple):
    """What a handler gives."""

    task: Task
    effects: tuple[Effect, ...] = ()


Handler = Callable[[Task, Any], Step]


class ImpossibleEvent(Exception):  # noqa: N818 - named after what it is
    """A pair that is not in the table, or a move to where the table does not lead."""

    def __init__(self, task: Task, event: Event, problem: str) -> None:
        story = " > ".join((*task.story, task.phase.value))
        super().__init__(f"task {task.id!r}: {problem}: {event!r}; story: {story}")


def status(task: Task, state: TaskState, **fields: Any) -> TaskStatus:
    """An update of the task; a task with a check carries its last result in every one, as Mesos has
    it.
    """
    return TaskStatus(task.id, state, check_status=task.check_status, **fields)


def heard(task: Task, event: Noticed) -> Task:
    """With the exit status that the engine told, if it did, and when; or that it had been away."""
    task = task.in_run(back=event.back or task.run.back)
    if event.exit_code is None or 0 < event.at < task.run.began:  # or it is told again of a run before
        return task
    return task.in_run(told_exit=event.exit_code, ended=event.at, oom_near=event.oom_near)


def announcement(task: Task) -> tuple[Effect, ...]:
    """TASK_KILLING, once, if the framework wants it.

    A task whose time is over gets none, as in Mesos.
    """
    wanted = task.terms.killing and not task.quiet and task.cause is not Cause.COMPLETION
    return (Report(status(task, TaskState.KILLING)),) if wanted else ()


def stop(task: Task, grace: float) -> Step:
    """Announce the kill, send the stop signal, let the grace period run.

    Without a grace period the stop signal goes out all the same, and SIGKILL right after it: as
    `docker stop -t 0`.
    """
    told = (*announcement(task), StopChecks())
    task = replace(task, quiet=True)
    if grace <= 0:
        task, effects = force(task, first=task.stop_signal)
        return Step(task, (*told, *effects))
    task = replace(task, phase=Phase.TERMINATING)
    waits = task.terms.restarts and task.run.pid is None  # for its next run: no end will be told
    look = (StartTimer(Timer.LOOK, BETWEEN_RUNS),) if waits else ()
    return Step(task, (*told, Signal(task.stop_signal), StartTimer(Timer.GRACE, grace), *look))


def force(task: Task, first: str | None = None) -> Step:
    """No more grace."""
    task = replace(task, phase=Phase.FORCING, step=0)
    return Step(task, (CancelTimer(Timer.GRACE), Signal("SIGKILL", first),
                       StartTimer(Timer.STEP, task.step_waits[0])))


def end(task: Task, outcome: Outcome, *, ran: bool = True) -> Step:
    """It is certain that nothing runs: bring the output home before the last word. `ran`: something
    did.
    """
    decided = task.outcome or outcome
    if isinstance(task.outcome, NotRun):
        decided = replace(task.outcome, ran=task.outcome.ran or ran)
    task = replace(task, phase=Phase.ENDING, outcome=decided, oom_awaited=False, drained=None)
    wait = HURRIED_DRAIN_WAIT if task.hurried else DRAIN_WAIT
    return Step(task, (CancelTimers(), StopChecks(), DrainLogs(), StartTimer(Timer.DRAIN, wait)))


def exit_of(task: Task, code: int, *, oom: bool = False, limit: int | None = None) -> Exit:
    """The exit with this status, and what else is known of it.

    `oom`: the engine, asked, says so; but it says so of a process that the container has survived,
    too. `limit`: of its memory, bytes, as the engine, asked, says; it may have been changed. Where
    the kernel's count was gone before it could be read the peak is the limit: that is when the
    kernel acts.
    """
    told = task.run.oom
    limit = (told.limit if told is not None else None) or limit or task.terms.memory_limit
    peak = limit if told is None or told.peak is None else told.peak
    happened = told is not None or (oom and code == 128 + signal.SIGKILL)
    return Exit(code, oom=happened, memory_limit=limit, memory_peak=peak if happened else None,
                meddled=task.run.signal if _ended_by(task.run.signal, task, code) else None)


def believed(task: Task) -> Exit | None:
    """The end as the engine told it unasked, or None if it has to be asked.

    An inspect right after the end waits until the engine has torn the network down, up to 50 ms;
    its events tell as much. But the end of one run is not the end where there is a restart policy,
    and status 137 that nobody of us has asked for may be an OOM whose event was lost, or a removal
    by somebody else; somebody else who has sent it a signal may be about to start it again; 255 is
    what older engines tell of what they do not know; and a limit that the kernel did not tell may
    have been changed.
    """
    run, code = task.run, task.run.told_exit
    unasked = task.cause is None and (
        run.signal is not None or code == NOT_KNOWN
        or (code == 128 + signal.SIGKILL and run.oom is None)
        or (run.oom is not None and run.oom.limit is None))
    return None if code is None or task.terms.restarts or unasked else exit_of(task, code)


def _ended_by(number: int | None, task: Task, code: int) -> bool:
    """Whether somebody else's signal is why it ended, and not one that it took for something else,
    as SIGHUP for "read your configuration again".
    """
    meant = {signal.SIGKILL, _number(task.stop_signal), code - 128}
    return number is not None and number in meant


def _number(name: str) -> int | None:
    """Of a signal, by its name or number."""
    if name.isdecimal():
        return int(name)
    known = getattr(signal, f"SIG{name.removeprefix('SIG')}", None)
    return None if known is None else int(known)
