"""Handlers of the lifecycle from the running container to the last word."""
from __future__ import annotations

from dataclasses import replace

from executor.life.effects import (
    CancelTimer,
    Effect,
    FollowRun,
    ForceRemove,
    KillPid,
    Look,
    Report,
    Signal,
    StartChecks,
    StartTimer,
    StopChecks,
    Timer,
    WatchPid,
)
from executor.life.events import (
    CheckReported,
    Disowned,
    EndRequested,
    Event,
    Exited,
    ExitMissed,
    GraceOver,
    HealthReported,
    Noticed,
    OomKilled,
    OomSurvived,
    PidGone,
    Removed,
    Restarted,
    RunBegan,
    SignalFailed,
    SignalSeen,
    SignalSurvived,
    StartedAgain,
    StillUp,
    Unanswered,
    Vanished,
)
from executor.life.last_word import await_oom
from executor.life.outcomes import Cause, Exit, Signalled, Unknown
from executor.life.task import (
    BETWEEN_RUNS,
    Phase,
    Run,
    Step,
    Task,
    believed,
    end,
    exit_of,
    force,
    heard,
    status,
    stop,
)
from specs.messages.status import TaskState

HEALTH_UPDATED = "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED"
CHECK_UPDATED = "REASON_TASK_CHECK_STATUS_UPDATED"

MISSED_WAIT = 60.0  # seconds the engine has to tell the status of a process that is gone; as Mesos
MOST_WAITS = 10  # of these that an engine which does not answer at all is given
LOOK_AGAIN = 1.0  # seconds, while the engine does not answer, or does not know of an end
FORCED_MISSED_WAIT = 5.0  # the same, where we killed it and know why it is gone
MOST_FORCED_WAITS = 11  # more of these that one has that answers, and is only slow: a minute, as above
HURRIED_MISSED_WAIT = 0.4  # the same, where the agent kills us too in two seconds
SURVIVED = 30.0  # seconds after a signal or an OOM, from which on it was survived: `docker stop` has 10
MOVED = "The container was started again by its restart policy, with another address"
STEP_FAILED_WAIT = 0.5  # seconds until the next step, when one was refused at once

_SIGKILL = 9


def kill_grace(cause: Cause, *, shutdown_grace: float, policy: float | None = None,
               override: float | None = None) -> float:
    """Seconds between the stop signal and SIGKILL.

    A kill: the call's own, else the task's policy, else the agent's shutdown grace period. A
    shutdown has to be over within that period, so two seconds stay for the rest. As Mesos:
    executor.cpp, `killTask` and `shutdown`; but a period below two seconds ends at once instead of
    not at all (G23), and fractions of a second count.
    """
    if cause is Cause.COMPLETION:
        return 0.0
    if cause is Cause.SHUTDOWN:
        return max(0.0, shutdown_grace - 2.0)
    if override is not None:
        return max(0.0, override)
    return max(0.0, shutdown_grace if policy is None else policy)


def look(task: Task, event: Noticed) -> Step:
    """Believe a told exit status where that is safe; else ask the engine."""
    task = heard(task, event)
    if event.exit_code is None:
        again = (StartTimer(Timer.LOOK, LOOK_AGAIN),) if task.run.gone else ()
        return Step(task, (Look(), *again))
    told = believed(task)
    if told is None:
        return Step(task, (Look(),))
    return _ended(task, end(task, told))


def look_for_missed(task: Task, event: PidGone) -> Step:
    """The engine is asked, and has its time.

    It learns of the end a moment later, and may not be able to tell us, or have missed it (moby
    issue 33820): so it is asked again and again. The process of a run before tells nothing of this
    one.
    """
    if event.pid is not None and event.pid != task.run.pid:
        return Step(task)
    forced = HURRIED_MISSED_WAIT if task.hurried else FORCED_MISSED_WAIT
    wait = forced if task.phase is Phase.FORCING else MISSED_WAIT
    return Step(task.in_run(gone=True, gone_at=event.at), (Look(), StartTimer(Timer.LOOK, LOOK_AGAIN),
                                         StartTimer(Timer.MISSED, wait, keep_earlier=True)))


def begin_run(task: Task, event: RunBegan) -> Step:
    """What was known of the run before does not belong to this one.

    The first is our own start.
    """
    before = task.run
    if not before.began:
        return Step(task.in_run(began=event.at))
    starting = task.phase in (Phase.STARTING, Phase.ABORTING)  # looked at once it is started
    look = () if starting else (Look(),)
    return Step(replace(task, run=Run(began=event.at, died=starting)), (
        CancelTimer(Timer.MISSED), CancelTimer(Timer.OOM), CancelTimer(Timer.SIGNAL),
        FollowRun(before.ended, event.at), *look))


def began_too_late(task: Task, event: RunBegan) -> Step:
    """It had ended for good: somebody else has started it."""
    task = task if task.run.began else task.in_run(began=event.at)
    return started_again(task, StartedAgain(None))


def go_on(task: Task, event: Restarted) -> Step:
    """A run ended, the task goes on: it asked for a restart policy.

    Its checks begin anew, with the grace that a start has; it may have another address.
    """
    task = task.in_run(pid=event.pid, gone=False)
    if event.pid is None:
        return Step(task, (CancelTimer(Timer.MISSED), StopChecks()))
    told: tuple[Effect, ...] = ()
    if event.network_infos and event.network_infos != task.network_infos:
        task = replace(task, network_infos=event.network_infos)
        told = (Report(status(task, TaskState.RUNNING, message=MOVED, healthy=task.healthy,
                              network_infos=task.network_infos)),)
    return Step(task, (CancelTimer(Timer.MISSED), WatchPid(event.pid), StopChecks(), StartChecks(),
                       *told))


def end_next_run(task: Task, event: Restarted) -> Step:
    """The restart policy was quicker than the signal, or waits for its next run: then nobody will
    tell that it has ended.
    """
    task = task.in_run(pid=event.pid, gone=False)
    if event.pid is None:
        return Step(task, (CancelTimer(Timer.MISSED), StartTimer(Timer.LOOK, BETWEEN_RUNS)))
    signal = "SIGKILL" if task.phase is Phase.FORCING else task.stop_signal
    return Step(task, (CancelTimer(Timer.MISSED), WatchPid(event.pid), Signal(signal)))


def remember_oom(task: Task, event: OomKilled) -> Step:
    return Step(task.in_run(oom=event), (StartTimer(Timer.OOM, SURVIVED),))


def forget_oom(task: Task, _: OomSurvived) -> Step:
    return Step(task.in_run(oom=None))


def remember_signal(task: Task, event: SignalSeen) -> Step:
    """Nobody of us has asked for one yet, so it is somebody else's.

    It may well be how a restart begins.
    """
    return Step(task.in_run(signal=event.signal), (StartTimer(Timer.SIGNAL, SURVIVED),))


def forget_signal(task: Task, _: SignalSurvived) -> Step:
    return Step(task.in_run(signal=None))


def report_health(task: Task, event: HealthReported) -> Step:
    task = replace(task, healthy=event.healthy)
    update = status(task, TaskState.RUNNING, message=event.text, reason=HEALTH_UPDATED, healthy=event.healthy,
                    network_infos=task.network_infos)
    return Step(task, (Report(update),))


def report_check(task: Task, event: CheckReported) -> Step:
    task = replace(task, check_status=event.check_status)
    update = status(task, TaskState.RUNNING, reason=CHECK_UPDATED, healthy=task.healthy,
                    network_infos=task.network_infos)
    return Step(task, (Report(update),))


def kill(task: Task, event: EndRequested) -> Step:
    return stop(task.wanted(event), event.grace)


def shorten(task: Task, event: EndRequested) -> Step:
    """A second kill can only make it shorter; the signal is not sent again."""
    task = task.wanted(event)
    if event.grace <= 0:
        return force(task)
    return Step(task, (StartTimer(Timer.GRACE, event.grace, keep_earlier=True),))


def hasten(task: Task, event: EndRequested) -> Step:
    """It is being forced already; a shutdown makes the steps quicker."""
    return Step(replace(task, hurried=task.hurried or event.cause is Cause.SHUTDOWN))


def grace_over(task: Task, _: GraceOver) -> Step:
    return force(task)


def next_step(task: Task, _: StillUp) -> Step:
    """SIGKILL once; then forced removal and SIGKILL past the engine in turns, for as long as it
    takes. A container whose process is gone is left to the engine while that has its time to tell.
    """
    if task.run.gone and _only_slow(task):
        return Step(task, (StartTimer(Timer.STEP, task.step_waits[0]),))
    pid = task.run.pid
    step = 2 if task.step == 1 and pid is not None else 1
    act = KillPid(pid) if step == 2 and pid is not None else ForceRemove()
    past = task.past_engine or step == 2
    return Step(replace(task, step=step, past_engine=past),
                (act, StartTimer(Timer.STEP, task.step_waits[step])))


def hurry(task: Task, _: SignalFailed) -> Step:
    return Step(task.in_run(unanswered=True), (StartTimer(Timer.STEP, STEP_FAILED_WAIT, keep_earlier=True),))


def finish(task: Task, event: Exited) -> Step:
    told = exit_of(task, event.exit.status, oom=event.exit.oom, limit=event.exit.memory_limit)
    removed = event.exit.removed and task.phase is not Phase.FORCING
    told = replace(told, error=event.exit.error, removed=removed, unseen=event.exit.unseen,
                   forgotten=event.exit.forgotten)
    return _ended(task, end(task, told, ran=event.ran))


def _ended(task: Task, step: Step) -> Step:
    """Of one that nobody wanted to end, why may be told yet."""
    return await_oom(step) if task.phase is Phase.RUNNING else step


def vanished(task: Task, event: Vanished | Removed) -> Step:
    """Gone without a trace: by us, if we were forcing it; else by somebody else."""
    ours = task.phase is Phase.FORCING
    if task.run.told_exit is not None:
        return end(task, replace(exit_of(task, task.run.told_exit), removed=not ours))
    return end(task, Signalled(_SIGKILL) if ours else Unknown(removed=True), ran=event == Removed(ran=True))


def started_again(task: Task, event: StartedAgain | Restarted) -> Step:
    """The task ended when its process did.

    What was started after that has to go before anything is told.
    """
    code = task.run.told_exit
    told = task.outcome or (Unknown() if code is None else exit_of(task, code))
    outcome = replace(told, started_again=True) if isinstance(told, Exit) else told
    task = replace(task.in_run(pid=event.pid), outcome=outcome)
    watch = () if event.pid is None else (WatchPid(event.pid),)
    task, effects = force(task)
    return Step(task, (CancelTimer(Timer.MISSED), CancelTimer(Timer.DRAIN), CancelTimer(Timer.OOM_LATE),
                       StopChecks(), *watch, *effects))


def ask_again(task: Task, _: Unanswered) -> Step:
    return Step(task.in_run(unanswered=True), (StartTimer(Timer.LOOK, LOOK_AGAIN),))


def disowned(task: Task, _: Disowned) -> Step:
    """Nobody but us can end it; what its exit status is then nobody can tell."""
    pid = task.run.pid
    assert pid is not None  # noqa: S101 - it is what runs on
    unwanted = Unknown(removed=True) if task.cause is None else None
    task = replace(task, phase=Phase.FORCING, outcome=task.outcome or unwanted, step=2,
                   past_engine=True)
    return Step(task, (CancelTimer(Timer.GRACE), StopChecks(), KillPid(pid),
                       StartTimer(Timer.STEP, task.step_waits[2])))


def missed(task: Task, _: ExitMissed) -> Step:
    """The process is gone; but with a restart policy there may be another by now, so it has to be
    made certain. An engine that does not answer, as it restarts or hangs, may still know how it
    ended.
    """
    if (task.run.unanswered and task.run.waits < MOST_WAITS and task.phase is not Phase.FORCING
            and not task.hurried):
        task = task.in_run(unanswered=False, waits=task.run.waits + 1)
        return Step(task, (StartTimer(Timer.MISSED, MISSED_WAIT),))
    if _only_slow(task):
        task = task.in_run(waits=task.run.waits + 1)
        return Step(task, (StartTimer(Timer.MISSED, FORCED_MISSED_WAIT),))
    if task.terms.restarts:
        return Step(task) if task.phase is Phase.FORCING else force(replace(task,
                                                                            outcome=Unknown()))
    if task.run.told_exit is not None:
        return end(task, exit_of(task, task.run.told_exit))
    return end(task, Signalled(_SIGKILL) if task.past_engine else Unknown())


def _only_slow(task: Task) -> bool:
    """Whether an engine that we had kill a process answers, and may yet tell how that ended."""
    return (task.phase is Phase.FORCING and not task.past_engine and not task.run.unanswered and not task.hurried
            and not task.terms.restarts and task.run.waits < MOST_FORCED_WAITS)


def ignore(task: Task, _: Event) -> Step:
    return Step(task)
