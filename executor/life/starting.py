"""Handlers of the lifecycle from the launch until the container was started (or was not)."""
from __future__ import annotations

from dataclasses import replace

from executor.engine.failures import Cancelled, ImageNotFound
from executor.life.effects import (
    CancelFetch,
    CancelPull,
    CancelTimer,
    CreateAndStart,
    Effect,
    Fetch,
    ForceRemove,
    Look,
    Pull,
    Report,
    StartChecks,
    StartTimer,
    Timer,
    WatchPid,
)
from executor.life.events import (
    Created,
    EndRequested,
    Fetched,
    FetchFailed,
    FetchProgressed,
    HealthReported,
    ImageMissing,
    Noticed,
    NotStarted,
    Pulled,
    PullFailed,
    PullProgressed,
    Started,
    StartedAgain,
    StartSlow,
    StartUnclear,
)
from executor.life.last_word import await_oom
from executor.life.outcomes import Cause, Failure, NotRun, Unknown, Unstarted
from executor.life.task import (
    Phase,
    Step,
    Task,
    announcement,
    believed,
    end,
    exit_of,
    force,
    heard,
    status,
    stop,
)
from specs.messages.status import TaskState

LONGEST_WARNING = 1000  # characters
START_WAIT = 5.0  # seconds a kill waits for a start under way, then it is announced; as Mesos: inspect


def begin(task: Task) -> Step:
    """Of one that was accepted: its files come first, for credentials may be among them."""
    if task.terms.fetches:
        return Step(replace(task, phase=Phase.FETCHING), (Fetch(),))
    return _container(task)


def fetched(task: Task, _: Fetched) -> Step:
    return _container(task)


def fetch_failed(task: Task, event: FetchFailed) -> Step:
    return end(task, NotRun(event.failure))


def give_up_fetch(task: Task, event: EndRequested) -> Step:
    task, effects = end(task.wanted(event), Unstarted("its files were being fetched"))
    return Step(task, (CancelFetch(), *announcement(task), *effects))


def create(task: Task, _: Pulled) -> Step:
    return Step(replace(task, phase=Phase.STARTING, pulled=True), (CreateAndStart(),))


def progress(task: Task, event: FetchProgressed | PullProgressed) -> Step:
    return Step(task, (Report(status(task, TaskState.STARTING, message=event.text)),))


def pull_failed(task: Task, event: PullFailed) -> Step:
    return end(task, NotRun(event.failure))


def pull(task: Task, _: ImageMissing) -> Step:
    if task.pulled:
        return end(task, NotRun(Failure(ImageNotFound, "it was pulled and is not there")))
    if task.terms.never_pull:
        return end(task, NotRun(Failure(ImageNotFound,
                                        "it is not there, and the task says never to pull it")))
    return Step(replace(task, phase=Phase.PULLING), (Pull(),))


def never_pull(task: Task, _: ImageMissing) -> Step:
    return end(task, Unstarted("the image was to be pulled"))


def give_up_pull(task: Task, event: EndRequested) -> Step:
    task, effects = end(task.wanted(event), Unstarted("the image was being pulled"))
    return Step(task, (CancelPull(), *announcement(task), *effects))


def created(task: Task, event: Created) -> Step:
    return Step(replace(task, container=event.container))


def run(task: Task, event: Started) -> Step:
    """It may have ended by now; TASK_RUNNING is told all the same, and first, as in Mesos."""
    task = replace(_known(task, event), phase=Phase.RUNNING)
    running, watch, told = _running(task, event), _watch(task, event), believed(task)
    if task.outcome is not None:
        task, effects = force(task)
        return Step(task, (running, *watch, *effects))
    if told is not None:
        task, effects = await_oom(end(task, told))
        return Step(task, (running, *effects))
    return Step(task, (running, *watch, StartChecks()))


def abort(task: Task, event: EndRequested) -> Step:
    task = replace(task.wanted(event), phase=Phase.ABORTING, grace=event.grace,
                   quiet=event.cause is Cause.COMPLETION)
    return Step(task, (StartTimer(Timer.START, START_WAIT),))


def shorten_abort(task: Task, event: EndRequested) -> Step:
    return Step(replace(task.wanted(event), grace=min(task.grace, event.grace)))


def announce(task: Task, _: StartSlow) -> Step:
    return Step(replace(task, quiet=True), announcement(task))


def stop_late_starter(task: Task, event: Started) -> Step:
    """The kill came during the start.

    What ended before the stop was issued ended by itself, as in Mesos; but what has a restart
    policy has not ended when a run of it has.
    """
    task = _known(task, event)
    running = () if task.quiet else (_running(task, event),)
    watch = (CancelTimer(Timer.START), *running, *_watch(task, event))
    if task.terms.restarts or (not task.run.died and event.running):
        task, effects = stop(task, task.grace)
        return Step(task, (*watch, *effects))
    if not task.quiet:
        task = replace(task, cause=None, why="")
    if task.outcome is not None:
        task, effects = force(task)
        return Step(task, (*watch, *effects))
    return Step(replace(task, phase=Phase.TERMINATING if task.quiet else Phase.RUNNING), watch)


def not_started(task: Task, event: NotStarted) -> Step:
    if issubclass(event.failure.kind, Cancelled):  # the kill was quicker than the start
        announced = announcement(task)
        task, effects = end(task, Unstarted("the container was being started"))
        return Step(task, (*announced, *effects))
    return end(task, NotRun(event.failure))


def clear_away(task: Task, event: StartUnclear) -> Step:
    """Never a terminal update over a container that may run: first it has to be certain that it is
    gone.
    """
    task = replace(task, phase=Phase.FORCING, outcome=NotRun(event.failure), step=1)
    return Step(task, (CancelTimer(Timer.START), ForceRemove(),
                       StartTimer(Timer.STEP, task.step_waits[1])))


def remember_death(task: Task, event: Noticed) -> Step:
    return Step(heard(task, event).in_run(died=True))


def remember_restart(task: Task, _: StartedAgain) -> Step:
    """It ended and was started again by somebody, all while the answer to our own start was on its
    way.
    """
    code = task.run.told_exit
    outcome = Unknown() if code is None else replace(exit_of(task, code), started_again=True)
    return Step(replace(task.in_run(died=True), outcome=task.outcome or outcome))


def _container(task: Task) -> Step:
    if task.terms.force_pull:
        return Step(replace(task, phase=Phase.PULLING), (Pull(),))
    return Step(replace(task, phase=Phase.STARTING), (CreateAndStart(),))


def _known(task: Task, event: Started) -> Task:
    return replace(task.in_run(pid=event.pid), container=event.container,
                   network_infos=event.network_infos, stop_signal=event.stop_signal or "SIGTERM")


def _running(task: Task, event: Started) -> Report:
    """Beyond Mesos, unless it shall say exactly what Mesos would, with what the engine leaves out."""
    told = "" if task.terms.strict else "; ".join(event.warnings)[:LONGEST_WARNING]
    return Report(status(task, TaskState.RUNNING, data=event.data, healthy=task.healthy,
                         message=f"Docker warns: {told}" if told else None,
                         network_infos=event.network_infos))


def _watch(task: Task, event: Started) -> tuple[Effect, ...]:
    watch = () if event.pid is None else (WatchPid(event.pid),)
    return (*watch, Look()) if task.run.died or not event.running else watch


def remember_health(task: Task, event: HealthReported) -> Step:
    """Its image's own check was quicker than the answer to the start."""
    return Step(replace(task, healthy=event.healthy))
