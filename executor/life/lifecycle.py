"""The life of a task: everything that may happen to it is one table, `TRANSITIONS`.

Rule 1: what may happen to a task, and where it leads, stands in this table and nowhere else. The
handlers that it names are in starting.py, stopping.py and last_word.py, the words of the end in endings.py.
Rule 2: a handler takes a frozen task and an event, and gives the next task and the effects somebody
should carry out. No handler sees a clock, a thread or Docker; clocks are effects (StartTimer),
their ringing is an event.
Rule 3: a pair of phase and event that is not in the table raises `ImpossibleEvent`, which tells the
task's story.

The phases; the diagram below them is drawn from the table by `mermaid`, which a test compares:

RECOVERING   another process of this executor began it and is gone; the engine is asked what there is of it
FETCHING     the task's files are being fetched into its sandbox
PULLING      the image is not here; a pull is under way, alone or shared with other tasks
STARTING     create, attach, start, inspect are under way, as one piece of work
ABORTING     the same, but the task shall end: whatever has been started then is stopped at once
RUNNING      the container was started, and nobody has told that it ended
TERMINATING  the stop signal is sent, the grace period runs
FORCING      no more grace: SIGKILL, then forced removal, then SIGKILL past the engine; again until it is certainly down
ENDING       the container is certainly down, or never was; the last output is on its way to the sandbox
DONE         the terminal update was reported; nothing is ever reported after it

stateDiagram-v2
    [*] --> starting
    [*] --> fetching: uris
    [*] --> pulling: force_pull_image
    [*] --> recovering: journal
    recovering --> fetching: Recovered
    recovering --> pulling: Recovered
    recovering --> starting: Recovered
    recovering --> running: Recovered
    recovering --> terminating: Recovered
    recovering --> forcing: Recovered
    recovering --> ending: Recovered
    fetching --> pulling: Fetched
    fetching --> starting: Fetched
    fetching --> ending: FetchFailed, EndRequested
    pulling --> starting: Pulled
    pulling --> ending: PullFailed, EndRequested
    starting --> pulling: ImageMissing
    starting --> aborting: EndRequested
    starting --> running: Started
    starting --> forcing: Started, StartUnclear
    starting --> ending: ImageMissing, Started, NotStarted
    aborting --> running: Started
    aborting --> terminating: Started
    aborting --> forcing: Started, StartUnclear
    aborting --> ending: ImageMissing, NotStarted
    running --> terminating: EndRequested
    running --> forcing: EndRequested, Disowned, ExitMissed, StartedAgain
    running --> ending: Noticed, Exited, Vanished, ExitMissed
    terminating --> forcing: EndRequested, GraceOver, Disowned, ExitMissed, StartedAgain
    terminating --> ending: Noticed, Exited, Vanished, ExitMissed
    forcing --> ending: Removed, Noticed, Exited, Vanished, ExitMissed
    ending --> forcing: StartedAgain, RunBegan, Restarted
    ending --> done: Drained, DrainSlow, OomKilled, SignalSeen, OomUntold
    done --> [*]

Promises, each proved over random orders of events by test_lifecycle_invariants.py: TASK_STARTING
first; TASK_RUNNING never after a kill was announced; exactly one terminal update and nothing after
it; never a terminal update while the container may be running; a kill is legal in every phase. As
Mesos: src/docker/executor.cpp, without its aborts.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from executor.life import last_word, recovery, starting, stopping
from executor.life.effects import Report, StartTimer, Timer
from executor.life.events import (
    EVENTS,
    CheckReported,
    Created,
    Disowned,
    Drained,
    DrainSlow,
    EndRequested,
    Event,
    Exited,
    ExitMissed,
    Fetched,
    FetchFailed,
    FetchProgressed,
    GraceOver,
    HealthReported,
    ImageMissing,
    Noticed,
    NotStarted,
    OomKilled,
    OomSurvived,
    OomUntold,
    PidGone,
    Pulled,
    PullFailed,
    PullProgressed,
    Recovered,
    Removed,
    Restarted,
    RunBegan,
    SignalFailed,
    SignalSeen,
    SignalSurvived,
    Started,
    StartedAgain,
    StartSlow,
    StartUnclear,
    StillUp,
    Unanswered,
    Vanished,
)
from executor.life.outcomes import Outcome
from executor.life.stopping import ignore
from executor.life.task import Handler, ImpossibleEvent, Phase, Step, Task, Terms, end, status
from specs.messages.status import TaskState

STORY = 20  # events told in an error


class Move(NamedTuple):
    """One cell of the table: what is done, and where it may lead."""

    handler: Handler
    targets: tuple[Phase, ...]


def accept(task_id: str, terms: Terms, instead: Outcome | None = None) -> Step:
    """The birth of a task. `instead`: why no container will be made of it, which is then all there
    is to tell.
    """
    task = Task(task_id, terms, Phase.STARTING, check_status=terms.check_status)
    accepted = Report(status(task, TaskState.STARTING))
    if instead is not None:
        task, effects = end(task, instead)
        return Step(task, (accepted, *effects))
    timers = (StartTimer(Timer.COMPLETION, terms.max_completion),) if terms.max_completion else ()
    task, effects = starting.begin(task)
    return Step(task, (accepted, *timers, *effects))


def advance(task: Task, event: Event) -> Step:
    """What the event makes of the task; raises ImpossibleEvent."""
    move = TRANSITIONS[task.phase].get(type(event))
    if move is None:
        raise ImpossibleEvent(task, event, "cannot happen now")
    step = move.handler(task, event)
    if step.task.phase not in move.targets:
        raise ImpossibleEvent(task, event, f"must not lead to {step.task.phase.value}")
    told = f"{task.phase.value}, {type(event).__name__}"
    return Step(replace(step.task, story=(*task.story, told)[-STORY:]), step.effects)


def mermaid() -> str:
    """The table as a state diagram; what leaves a task in its phase is not drawn."""
    births = ("    [*] --> starting", "    [*] --> fetching: uris",
              "    [*] --> pulling: force_pull_image", "    [*] --> recovering: journal")
    return "\n".join(("stateDiagram-v2", *births, *_arrows(), "    done --> [*]"))


def _arrows() -> Iterator[str]:
    for phase, row in TRANSITIONS.items():
        for target in Phase:
            names = [event.__name__ for event, move in row.items() if target in move.targets]
            if names and target is not phase:
                yield f"    {phase.value} --> {target.value}: {', '.join(names)}"


def _to(handler: Handler, *targets: Phase) -> Move:
    return Move(handler, targets)


def _row(phase: Phase, cells: dict[type[Event], Move],
         *ignored: type[Event]) -> dict[type[Event], Move]:
    """A row of the table. A cell that names no target stays in the phase.

    Late words are heard without effect.
    """
    row = {event: Move(handler, targets or (phase,)) for event, (handler, targets) in cells.items()}
    return {**row, **dict.fromkeys(ignored, Move(ignore, (phase,)))}


P = Phase


TRANSITIONS: dict[Phase, dict[type[Event], Move]] = {
    P.RECOVERING: _row(P.RECOVERING, {
        Recovered: _to(recovery.recovered, P.FETCHING, P.PULLING, P.STARTING, P.RUNNING, P.TERMINATING, P.FORCING,
                       P.ENDING),
        EndRequested: _to(recovery.remember_end),
        Noticed: _to(starting.remember_death),
        OomKilled: _to(stopping.remember_oom),
        OomSurvived: _to(stopping.forget_oom),
        SignalSeen: _to(stopping.remember_signal),
        SignalSurvived: _to(stopping.forget_signal),
        HealthReported: _to(starting.remember_health),
    }, RunBegan, StartedAgain),  # how it is now, the engine will say
    P.FETCHING: _row(P.FETCHING, {
        Fetched: _to(starting.fetched, P.PULLING, P.STARTING),
        FetchProgressed: _to(starting.progress),
        FetchFailed: _to(starting.fetch_failed, P.ENDING),
        EndRequested: _to(starting.give_up_fetch, P.ENDING),
    }, Noticed),
    P.PULLING: _row(P.PULLING, {
        Pulled: _to(starting.create, P.STARTING),
        PullProgressed: _to(starting.progress),
        PullFailed: _to(starting.pull_failed, P.ENDING),
        EndRequested: _to(starting.give_up_pull, P.ENDING),  # nothing runs yet: the kill is the whole story
    }, Noticed),  # there is no container to look at
    P.STARTING: _row(P.STARTING, {
        ImageMissing: _to(starting.pull, P.PULLING, P.ENDING),
        Created: _to(starting.created),
        Started: _to(starting.run, P.RUNNING, P.FORCING, P.ENDING),
        NotStarted: _to(starting.not_started, P.ENDING),
        StartUnclear: _to(starting.clear_away, P.FORCING),
        Noticed: _to(starting.remember_death),  # the event stream is quicker than the answer to the start
        StartedAgain: _to(starting.remember_restart),
        RunBegan: _to(stopping.begin_run),
        OomKilled: _to(stopping.remember_oom),
        OomSurvived: _to(stopping.forget_oom),
        SignalSeen: _to(stopping.remember_signal),
        SignalSurvived: _to(stopping.forget_signal),
        HealthReported: _to(starting.remember_health),
        EndRequested: _to(starting.abort, P.ABORTING),  # the start is in flight; stop it once it is known
    }),
    P.ABORTING: _row(P.ABORTING, {
        ImageMissing: _to(starting.never_pull, P.ENDING),
        Created: _to(starting.created),
        Started: _to(starting.stop_late_starter, P.RUNNING, P.TERMINATING, P.FORCING),
        NotStarted: _to(starting.not_started, P.ENDING),
        StartUnclear: _to(starting.clear_away, P.FORCING),
        StartSlow: _to(starting.announce),
        Noticed: _to(starting.remember_death),
        StartedAgain: _to(starting.remember_restart),
        RunBegan: _to(stopping.begin_run),
        OomKilled: _to(stopping.remember_oom),
        OomSurvived: _to(stopping.forget_oom),
        SignalSurvived: _to(stopping.forget_signal),
        EndRequested: _to(starting.shorten_abort),
    }, SignalSeen, HealthReported),
    P.RUNNING: _row(P.RUNNING, {
        EndRequested: _to(stopping.kill, P.TERMINATING, P.FORCING),
        Noticed: _to(stopping.look, P.RUNNING, P.ENDING),
        PidGone: _to(stopping.look_for_missed),
        Exited: _to(stopping.finish, P.ENDING),
        Vanished: _to(stopping.vanished, P.ENDING),
        Unanswered: _to(stopping.ask_again),
        Disowned: _to(stopping.disowned, P.FORCING),
        ExitMissed: _to(stopping.missed, P.RUNNING, P.FORCING, P.ENDING),
        StartedAgain: _to(stopping.started_again, P.FORCING),
        RunBegan: _to(stopping.begin_run),
        Restarted: _to(stopping.go_on),
        OomKilled: _to(stopping.remember_oom),
        OomSurvived: _to(stopping.forget_oom),
        SignalSeen: _to(stopping.remember_signal),
        SignalSurvived: _to(stopping.forget_signal),
        HealthReported: _to(stopping.report_health),
        CheckReported: _to(stopping.report_check),
    }),
    P.TERMINATING: _row(P.TERMINATING, {
        EndRequested: _to(stopping.shorten, P.TERMINATING, P.FORCING),
        GraceOver: _to(stopping.grace_over, P.FORCING),
        Noticed: _to(stopping.look, P.TERMINATING, P.ENDING),
        PidGone: _to(stopping.look_for_missed),
        Exited: _to(stopping.finish, P.ENDING),
        Vanished: _to(stopping.vanished, P.ENDING),
        Unanswered: _to(stopping.ask_again),
        Disowned: _to(stopping.disowned, P.FORCING),
        ExitMissed: _to(stopping.missed, P.TERMINATING, P.FORCING, P.ENDING),
        StartedAgain: _to(stopping.started_again, P.FORCING),
        RunBegan: _to(stopping.begin_run),
        Restarted: _to(stopping.end_next_run),
        OomKilled: _to(stopping.remember_oom),
        OomSurvived: _to(stopping.forget_oom),
        SignalSurvived: _to(stopping.forget_signal),
    }, SignalFailed, SignalSeen, HealthReported, CheckReported),  # the grace period runs on, and then force comes
    P.FORCING: _row(P.FORCING, {
        EndRequested: _to(stopping.hasten),
        StillUp: _to(stopping.next_step),
        SignalFailed: _to(stopping.hurry),  # never say KILLED while it might still run
        Removed: _to(stopping.vanished, P.ENDING),
        Noticed: _to(stopping.look, P.FORCING, P.ENDING),
        PidGone: _to(stopping.look_for_missed),
        Exited: _to(stopping.finish, P.ENDING),
        Vanished: _to(stopping.vanished, P.ENDING),
        Unanswered: _to(stopping.ask_again),
        Disowned: _to(stopping.disowned),
        ExitMissed: _to(stopping.missed, P.FORCING, P.ENDING),
        StartedAgain: _to(stopping.started_again, P.FORCING),
        RunBegan: _to(stopping.begin_run),
        Restarted: _to(stopping.end_next_run),
        OomKilled: _to(stopping.remember_oom),
        OomSurvived: _to(stopping.forget_oom),
        SignalSurvived: _to(stopping.forget_signal),
    }, SignalSeen, HealthReported, CheckReported, Drained),  # Drained: of the run before, when it was started again
    P.ENDING: _row(P.ENDING, {
        Drained: _to(last_word.drained, P.ENDING, P.DONE),
        DrainSlow: _to(last_word.last_word, P.DONE),
        OomKilled: _to(last_word.explain_by_memory, P.ENDING, P.DONE),
        SignalSeen: _to(last_word.explain_by_signal, P.ENDING, P.DONE),
        OomUntold: _to(last_word.unexplained, P.ENDING, P.DONE),
        StartedAgain: _to(stopping.started_again, P.FORCING),
        RunBegan: _to(stopping.began_too_late, P.FORCING),
        Restarted: _to(stopping.started_again, P.FORCING),
    }, EndRequested, Fetched, FetchFailed, FetchProgressed, Pulled, PullFailed, PullProgressed,
        Noticed, PidGone, Exited, Vanished, Unanswered, Disowned, SignalFailed, Removed,
        HealthReported, CheckReported, OomSurvived, SignalSurvived),  # late words
    P.DONE: _row(P.DONE, {}, *EVENTS),
}
