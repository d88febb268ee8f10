"""A task that another process of this executor has begun: what the journal says of it, and what the
engine has of it, put together.

A journal is behind the engine by what happened while nobody was there; an engine does not know who
wanted what, nor what was told. So the engine is right about the container, and the journal about
everything else. Which of them decides, pair by pair, is the table `DECISIONS`; what was not told yet
is told then, and what was told is not told again.

Two answers need a reason. A container that was made and is gone is never made again: it may have
run. One that was told to run, and that the engine says was never started, is not the one that ran.
"""
from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, assert_never

from executor.engine.failures import RuntimeFailure
from executor.life.effects import (
    Effect,
    FollowOn,
    ForceRemove,
    Look,
    Report,
    Signal,
    StartChecks,
    StartTimer,
    Timer,
    WatchPid,
)
from executor.life.events import EndRequested, Exited, Recovered, Started, Vanished, Whereabouts
from executor.life.outcomes import Failure, NotRun, Outcome, Unknown, Unstarted
from executor.life.starting import begin, run, stop_late_starter
from executor.life.stopping import finish, vanished
from executor.life.task import BETWEEN_RUNS, Known, Phase, Step, Task, Terms, announcement, end, force, status
from specs.messages.status import TaskState

LONG_AFTER: Final = 1 << 62  # ns: whenever it ended, nobody of us was there
NO_SECRETS: Final = (
    "the executor crashed before the container was started, and had not written the "
                     "task's secrets down")


class Told(enum.Enum):
    """What the journal says of a task's container."""

    NOTHING = "nothing"
    MADE = "it was made, and about to be started"
    RUNNING = "TASK_RUNNING was told"


class Decision(enum.Enum):
    """What becomes of the task."""

    BEGIN = "it begins, as at its launch"
    STARTED = "its start was answered just now"
    ADOPT = "it goes on"
    STOP = "its end goes on"
    EXITED = "it ended meanwhile"
    GONE = "somebody has removed its container"
    CLEAR = "what is there is removed, and nothing is known of its end"
    UNSTARTED = "it was killed before it ran"


_W: Final = Whereabouts
_V: Final = Decision

DECISIONS: Final[Mapping[tuple[Told, Whereabouts], tuple[Decision, Decision]]] = {
    # (journal, engine): (decision, decision where the task's end was wanted)
    (Told.NOTHING, _W.NONE): (_V.BEGIN, _V.UNSTARTED),
    (Told.NOTHING, _W.CREATED): (_V.BEGIN, _V.UNSTARTED),  # it is found by its name
    (Told.NOTHING, _W.RUNNING): (_V.STARTED, _V.STARTED),
    (Told.NOTHING, _W.BETWEEN): (_V.STARTED, _V.STARTED),
    (Told.NOTHING, _W.DOWN): (_V.STARTED, _V.STARTED),
    (Told.MADE, _W.NONE): (_V.GONE, _V.GONE),
    (Told.MADE, _W.CREATED): (_V.BEGIN, _V.UNSTARTED),
    (Told.MADE, _W.RUNNING): (_V.STARTED, _V.STARTED),
    (Told.MADE, _W.BETWEEN): (_V.STARTED, _V.STARTED),
    (Told.MADE, _W.DOWN): (_V.STARTED, _V.STARTED),
    (Told.RUNNING, _W.NONE): (_V.GONE, _V.GONE),
    (Told.RUNNING, _W.CREATED): (_V.CLEAR, _V.CLEAR),
    (Told.RUNNING, _W.RUNNING): (_V.ADOPT, _V.STOP),
    (Told.RUNNING, _W.BETWEEN): (_V.ADOPT, _V.STOP),
    (Told.RUNNING, _W.DOWN): (_V.EXITED, _V.EXITED),
}


def revive(task_id: str, terms: Terms, known: Known, instead: Outcome | None = None) -> Step:
    """The second birth of a task. `instead`: how it has ended already; what is left is removed then.
    """
    task = Task(task_id, terms, Phase.RECOVERING, cause=known.cause, why=known.why,
                grace=known.grace,
                quiet=known.killing, container=known.container, healthy=known.healthy, known=known,
                check_status=known.check_status or terms.check_status)
    accepted = () if known.told else (Report(status(task, TaskState.STARTING)),)
    if instead is not None and not known.named:
        task, effects = end(task, instead)
        return Step(task, (*accepted, *effects))
    if instead is not None:
        task = replace(task, phase=Phase.FORCING, outcome=instead, step=1)
        return Step(task, (*accepted, ForceRemove(), StartTimer(Timer.STEP, task.step_waits[1])))
    left = known.completion
    clock = () if left is None or known.cause is not None else (StartTimer(Timer.COMPLETION,
                                                                           max(0.0, left)),)
    return Step(task, (*accepted, *clock))


def decision(task: Task, event: Recovered) -> Decision:
    """What becomes of the task."""
    known = task.known
    told = Told.RUNNING if known.running else Told.NOTHING if known.container is None else Told.MADE
    return DECISIONS[told, event.where][task.cause is not None]


def recovered(task: Task, event: Recovered) -> Step:
    task = _seen(task, event)
    match decision(task, event):
        case Decision.BEGIN if task.known.blanked:
            return end(task, NotRun(Failure(RuntimeFailure, NO_SECRETS)))
        case Decision.BEGIN:
            return begin(replace(task, phase=Phase.STARTING, container=None))
        case Decision.STARTED:
            return _started(task, event)
        case Decision.ADOPT:
            return _adopt(task, event)
        case Decision.STOP:
            return _stop(task, event)
        case Decision.EXITED:
            assert event.exit is not None  # noqa: S101 - of one that is down
            return finish(replace(task, phase=Phase.TERMINATING), Exited(event.exit))
        case Decision.GONE:
            return vanished(replace(task, phase=Phase.TERMINATING), Vanished())
        case Decision.CLEAR:
            task = replace(task, phase=Phase.FORCING, outcome=Unknown(removed=True), step=1)
            return Step(task, (ForceRemove(), StartTimer(Timer.STEP, task.step_waits[1])))
        case Decision.UNSTARTED:
            announced = announcement(task)
            task, effects = end(task, Unstarted("the container was being started"))
            return Step(task, (*announced, *effects))
        case never:
            assert_never(never)


def remember_end(task: Task, event: EndRequested) -> Step:
    """It is carried out when it is known what there is to end; a second one makes it only shorter."""
    grace = event.grace if task.cause is None else min(task.grace, event.grace)
    return Step(replace(task.wanted(event), grace=grace))


def _seen(task: Task, event: Recovered) -> Task:
    task = replace(task, container=event.container or task.container,
                   network_infos=event.network_infos, stop_signal=event.stop_signal or "SIGTERM")
    unseen = LONG_AFTER if event.exit is not None else 0
    return task.in_run(pid=event.pid, began=event.began, back=unseen)


def _started(task: Task, event: Recovered) -> Step:
    """TASK_RUNNING is told, and what has happened since is looked up."""
    assert event.container is not None  # noqa: S101 - it is there
    running = event.where in (Whereabouts.RUNNING, Whereabouts.BETWEEN)
    answer = Started(event.container, running, event.pid, event.stop_signal, event.network_infos,
                     event.data)
    if task.cause is None:
        task, effects = run(replace(task, phase=Phase.STARTING), answer)
    else:
        task, effects = stop_late_starter(replace(task, phase=Phase.ABORTING), answer)
    return Step(task, (FollowOn(), *effects))


def _adopt(task: Task, event: Recovered) -> Step:
    checks = (StartChecks(),) if event.pid is not None else ()  # else its next run has them started
    return Step(replace(task, phase=Phase.RUNNING), (FollowOn(), *_watch(task), *checks))


def _stop(task: Task, event: Recovered) -> Step:
    """The stop signal went out before its end could be told: that it came is not certain, but that
    the engine has sent it is in the journal.
    """
    told = announcement(task)
    task = replace(task, phase=Phase.TERMINATING, quiet=True)
    begun: tuple[Effect, ...] = (FollowOn(), *told, *_watch(task))
    if task.grace <= 0:
        first = None if task.known.stop_sent else task.stop_signal
        task, effects = force(task, first)
        return Step(task, (*begun, *effects))
    signal = () if task.known.stop_sent else (Signal(task.stop_signal),)
    waits = event.where is Whereabouts.BETWEEN  # for its next run: no end will be told
    look = (StartTimer(Timer.LOOK, BETWEEN_RUNS),) if waits else ()
    return Step(task, (*begun, *signal, StartTimer(Timer.GRACE, task.grace), *look))


def _watch(task: Task) -> tuple[Effect, ...]:
    pid = task.run.pid
    watch = () if pid is None else (WatchPid(pid),)
    return (*watch, Look()) if task.run.died else watch
