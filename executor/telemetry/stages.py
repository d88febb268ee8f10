"""Where a task is, as far as it is measured: pure, from tasks to words that labels may be."""
from __future__ import annotations

from typing import assert_never

from executor.life.outcomes import (
    BroughtDown,
    Exit,
    HostRebooted,
    NotRun,
    Refused,
    SecondTask,
    Signalled,
    Unknown,
    Unstarted,
)
from executor.life.task import Phase, Task

_STAGES = {Phase.FETCHING: "fetch", Phase.PULLING: "pull", Phase.TERMINATING: "stop",
           Phase.FORCING: "stop"}


def stage(task: Task) -> str | None:
    """What is being done for it; None: nothing that is measured."""
    if task.phase is Phase.STARTING:
        return "create" if task.container is None else "start"
    return _STAGES.get(task.phase)


def has_started(before: Task, after: Task) -> bool:
    """Whether this step is the one that TASK_RUNNING is told in."""
    return before.phase is Phase.STARTING and after.phase is Phase.RUNNING


def why_over(task: Task) -> str:  # noqa: C901 - one case for each way to end
    """Why a task that is over has ended, as a word."""
    outcome = task.outcome
    if isinstance(outcome, Exit) and outcome.oom:
        return "oom"
    if task.cause is not None:
        return task.cause.name.lower()
    match outcome:
        case Exit(removed=True) | Unknown(removed=True):
            return "removed"
        case Exit(status):
            return "finished" if status == 0 else "signal" if status > 128 else "exit"
        case Signalled():
            return "signal"
        case NotRun(failure):
            return f"not_started_{failure.kind.blame.value}"
        case Refused() | SecondTask():
            return "refused"
        case BroughtDown():
            return "executor"
        case HostRebooted():
            return "reboot"
        case Unknown() | Unstarted() | None:
            return "unknown"
        case _:
            assert_never(outcome)
