"""How a task ended: one pure function from facts to the last word.

Theory. A task ends in one of a few ways (`Outcome`: its container exited, it was never started, …),
and for a cause if somebody wanted it to end (`Cause`). Both together decide state, reason and
`healthy`; nothing else does. The message is Mesos's own text where Mesos has one (executor.cpp,
`reaped`), and with `strict` nothing more; otherwise the truths follow that Mesos does not tell:
which signal, which limit, whose fault, the engine's words, the last lines of stderr.

Whose fault it is: what the task's author can put right is TASK_FAILED. Trouble of the node, the
registry or the engine that came before anything ran is TASK_DROPPED (for frameworks that are not
partition-aware: TASK_LOST), Mesos's states for "try again". The failure's kind says which it is:
see engine/failures.py.
"""
from __future__ import annotations

import signal
from dataclasses import dataclass

from executor.engine.failures import (
    BadNodeLogin,
    BadOption,
    Blame,
    CommandNotExecutable,
    CommandNotFound,
    Fault,
    FileNotFetched,
    FileSourceAway,
    ImageNotFound,
    NetworkPluginFailed,
    NoCommand,
    NodeLacks,
    NotAuthorised,
    RateLimited,
    RegistryDistrusted,
    RegistryUnavailable,
    RegistryUnreachable,
    RuntimeFailure,
)
from executor.life.outcomes import (
    BroughtDown,
    Cause,
    Exit,
    Facts,
    Failure,
    HostRebooted,
    NotRun,
    Outcome,
    Refused,
    SecondTask,
    Signalled,
    Unknown,
    Unstarted,
)
from specs.messages.status import TaskState
from specs.words.sizes import MEGABYTE

LAUNCH_FAILED = "REASON_CONTAINER_LAUNCH_FAILED"
KILLED_DURING_LAUNCH = "REASON_TASK_KILLED_DURING_LAUNCH"
OUT_OF_MEMORY = "REASON_CONTAINER_LIMITATION_MEMORY"
EXECUTOR_TERMINATED = "REASON_EXECUTOR_TERMINATED"
MAX_COMPLETION = "REASON_MAX_COMPLETION_TIME_REACHED"

_UNSEEN = {  # by exit status, where nobody has seen the end
    137: "it ended while the engine or the executor was away, and may have been killed with it",
    255: "it ended while the engine or the executor was away: the engine says so, too, where it does not know",
}
_BEFORE_IT = (FileNotFetched, FileSourceAway, ImageNotFound, NotAuthorised, RegistryUnavailable,
              RegistryDistrusted,
                  BadNodeLogin)


@dataclass(frozen=True, slots=True)
class Ending:
    """The terminal update's fields."""

    state: TaskState
    message: str
    reason: str | None = None
    healthy: bool | None = None
    overrun: int | None = None  # bytes of memory, where that limit was the end


def decide(facts: Facts, *, strict: bool) -> Ending:
    """The last word. `strict`: exactly as Mesos's own docker executor has it."""
    text = base_text(facts.outcome, strict=strict)
    if not strict:
        more = details(facts)
        text = f"{text}: {more}" if more else text
    state, reason = _state(facts, strict=strict), _reason(facts, strict=strict)
    overrun = facts.outcome.memory_limit if isinstance(facts.outcome,
                                                       Exit) and reason == OUT_OF_MEMORY else None
    return Ending(state, text, reason, _healthy(facts, state, strict=strict), overrun)


def base_text(outcome: Outcome, *, strict: bool) -> str:
    """Mesos's text for the outcome, or ours where Mesos has none."""
    match outcome:
        case Exit(status=status, forgotten=forgotten) if strict or not forgotten:
            return f"Container exited with status {status}"
        case Exit() | Unknown():
            return "Failed to get exit status of container"
        case Signalled(signal=number, core_dumped=core):
            return f"Container terminated with signal {_strsignal(number)}{' (core dumped)' if core else ''}"
        case Unstarted(during=during):
            return f"Killed while {during}"
        case Refused(problem=problem):
            return f"Failed to create docker run options: {problem}"
        case NotRun(failure=failure):
            return _not_run(failure, strict=strict)
        case SecondTask():
            return 'Attempted to run multiple tasks using a "docker" executor'
        case BroughtDown(step=step):
            return f"The executor crashed twice during the {step} of this task, and goes on without it"
        case HostRebooted():
            return "The host was rebooted while the task was there"


def _not_run(failure: Failure, *, strict: bool) -> str:
    """Mesos sees the exit status of `docker run`, 125 for nearly all that kept it from running, be
    it the engine's end.

    What did not even get that far, in Mesos a `docker` that cannot be executed, is here a fault of
    ours.
    """
    if issubclass(failure.kind, (Fault, NetworkPluginFailed)):
        return f"Failed to run docker container: {failure.text}" if strict else "Failed to run docker container"
    if issubclass(failure.kind, _BEFORE_IT) and not strict:
        return "Failed to launch container"
    if failure.kind.blame is not Blame.TASK and not strict:
        return "Failed to run docker container"
    status = failure.kind.docker_status(failure.text) if strict else failure.kind.exit_status
    return f"Container exited with status {status}"


def _state(facts: Facts, *, strict: bool) -> TaskState:
    outcome, cause = facts.outcome, facts.cause
    if isinstance(outcome, HostRebooted):
        return TaskState.GONE if facts.partition_aware else TaskState.LOST
    if cause is Cause.COMPLETION or isinstance(outcome, BroughtDown):
        return TaskState.FAILED
    if isinstance(outcome, Unknown) and strict:
        return TaskState.FAILED
    if isinstance(outcome, Unstarted) or (cause is not None and not isinstance(outcome, Refused)):
        return TaskState.KILLED
    if _succeeded(outcome, strict=strict):
        return TaskState.FINISHED
    if isinstance(outcome, NotRun) and outcome.failure.kind.blame is not Blame.TASK and not strict:
        gone = TaskState.GONE if outcome.ran else TaskState.DROPPED
        return gone if facts.partition_aware else TaskState.LOST
    return TaskState.FAILED


def _succeeded(outcome: Outcome, *, strict: bool) -> bool:
    return isinstance(outcome, Exit) and outcome.status == 0 and (strict or not outcome.forgotten)


def _reason(facts: Facts, *, strict: bool) -> str | None:
    outcome, cause = facts.outcome, facts.cause
    if isinstance(outcome, HostRebooted | BroughtDown):
        return EXECUTOR_TERMINATED
    if cause is Cause.COMPLETION:
        return None if isinstance(outcome, Unknown) and strict else MAX_COMPLETION
    if isinstance(outcome, Unstarted):
        return KILLED_DURING_LAUNCH
    if strict or cause is not None:
        return None
    if isinstance(outcome, NotRun):
        return LAUNCH_FAILED
    if isinstance(outcome, Exit) and outcome.oom and outcome.status != 0:
        return OUT_OF_MEMORY
    return None


def _healthy(facts: Facts, state: TaskState, *, strict: bool) -> bool | None:
    """As Mesos: false only where the health check is what ended the task."""
    if facts.cause is not Cause.HEALTH:
        return None
    return False if strict or state is TaskState.KILLED else None


def details(facts: Facts) -> str:
    """The truths that Mesos does not tell."""
    return "; ".join(_details(facts))


def _details(facts: Facts) -> list[str]:
    outcome = facts.outcome
    match outcome:
        case Exit(forgotten=True):
            found = ["the engine was restarted, and has forgotten it"]
        case Exit():
            found = _exit_details(outcome, facts)
        case Unknown(removed=True):
            found = ["the container was removed by somebody else"]
        case NotRun(failure=failure):
            found = _failure_details(failure, facts, ran=outcome.ran)
        case Refused(path=path):
            found = [f"see {path}"] if path else []
        case _:
            found = []
    if facts.cause not in (None, Cause.KILL):
        found.append(f"{facts.cause.value}{f' ({facts.why})' if facts.why else ''}")
    if facts.tail and facts.cause is None and not _succeeded(outcome, strict=False):
        found.append(f"stderr: {facts.tail}")
    if facts.lost:
        found.append(facts.lost)
    return found


def _exit_details(end: Exit, facts: Facts) -> list[str]:
    found = _unseen(end, facts)
    if end.oom:
        limit = f"limit {_size(end.memory_limit)}" if end.memory_limit else "no limit of its own"
        peak = f", peak {_size(end.memory_peak)}" if end.memory_peak else ""
        found.append(f"out of memory ({limit}{peak})")
    elif facts.cause is None and 128 < end.status <= 128 + signal.NSIG:
        found.append(f"killed by {_signal_name(end.status - 128)}")
    if end.status == 127 and facts.cause is None:
        found.append(f"command not found (in: {facts.command})")
    if end.status == 126 and facts.cause is None:
        found.append(f"command cannot be executed (in: {facts.command})")
    if end.error:
        found.append(end.error)
    if end.removed:
        found.append("the container was removed by somebody else")
    elif end.meddled and facts.cause is None:
        found.append(f"the engine sent {_signal_name(end.meddled)} without our asking")
    if end.started_again:
        found.append("the container was started again by somebody else, and stopped")
    return found


def _unseen(end: Exit, facts: Facts) -> list[str]:
    known = not end.unseen or end.oom or end.meddled or facts.cause is not None
    return [] if known or end.status not in _UNSEEN else [_UNSEEN[end.status]]


def _failure_details(failure: Failure, facts: Facts, *, ran: bool) -> list[str]:
    what = {
        CommandNotFound: f"command not found: {facts.command}",
        CommandNotExecutable: f"command cannot be executed: {facts.command}",
        ImageNotFound: f"image not found: {facts.image}",
        NotAuthorised: f"not authorised to pull {facts.image}",
        RegistryUnavailable: f"no answer from the registry of {facts.image}",
        RegistryUnreachable: f"no answer from the registry of {facts.image}",
        RateLimited: f"the registry of {facts.image} wants to be asked later",
        RegistryDistrusted: f"the engine does not trust the registry of {facts.image}",
        BadNodeLogin: f"the node's login does not do for {facts.image}",
        NetworkPluginFailed: "the container could not be attached to its network",
        NodeLacks: "the node has not got what this takes",
        NoCommand: "the image has no command of its own, and none was given",
        BadOption: "the engine refused an option",
    }.get(failure.kind)
    started = "it had been started all the same, and was removed" if ran else ""
    found = [detail for detail in (what, failure.text, started) if detail]
    return [*found, *_whose_fault(failure.kind)]


def _whose_fault(kind: type[RuntimeFailure]) -> tuple[str, ...]:
    """Told where it is not the task's."""
    if kind.again:
        return ("not the task's fault, another attempt may succeed",)
    return {Blame.TASK: (), Blame.NODE: ("not the task's fault, another node may run it",),
            Blame.OPERATOR: ("not the task's fault, an operator has to put it right",)}[kind.blame]


def _strsignal(number: int) -> str:
    try:
        return signal.strsignal(number) or f"Unknown signal {number}"
    except ValueError:
        return f"Unknown signal {number}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _size(size: int) -> str:
    return f"{size / MEGABYTE:.1f} MiB"
