"""Handlers of the lifecycle for what is certainly down: its output comes home, and why it ended, and then that is told.

An engine may tell of an end before it tells that the kernel killed for want of memory, or that
somebody had it send SIGKILL: each goes its own way, and one that is asked in between knows only the
status. So where nothing explains a failure, there is a limit of memory, and the kernel has just killed
something for want of it, the last word waits a second for the engine to say what.
"""
from __future__ import annotations

import signal
from dataclasses import replace
from typing import Final

from executor.life.effects import CancelTimer, Effect, Explain, Forget, Remove, Report, StartTimer, Timer
from executor.life.endings import decide, details
from executor.life.events import Drained, DrainSlow, OomKilled, OomUntold, SignalSeen
from executor.life.outcomes import Exit, Facts, NotRun
from executor.life.task import Phase, Step, Task, exit_of, status
from specs.messages.resource import Resource
from specs.words.sizes import MEGABYTE

OOM_WAIT: Final = 1.0  # seconds
_KILLED: Final = 128 + signal.SIGKILL


def await_oom(step: Step) -> Step:
    """The same end; if memory may be why, that is awaited while the output comes home."""
    task = step.task
    if not _may_be_oom(task):
        return step
    return Step(replace(task, oom_awaited=True), (*step.effects, StartTimer(Timer.OOM_LATE, OOM_WAIT)))


def _may_be_oom(task: Task) -> bool:
    """Of what was killed, or had a child that was; Mesos's own words are the same for the latter."""
    end = task.outcome
    if not isinstance(end, Exit) or task.cause is not None or not end.memory_limit or task.run.oom_near is False:
        return False
    if end.oom or end.meddled or end.removed or end.unseen or end.error or end.started_again:
        return False
    return end.status == _KILLED or (task.run.oom_near is True and end.status != 0 and not task.terms.strict)


def explain_by_memory(task: Task, event: OomKilled) -> Step:
    """What is told of a container that is down was why, or on the way there."""
    end = task.outcome
    if not isinstance(end, Exit):
        return Step(task)
    told = exit_of(task.in_run(oom=event), end.status, limit=end.memory_limit)
    better = replace(end, oom=told.oom, memory_limit=told.memory_limit, memory_peak=told.memory_peak)
    return _awaited_no_more(replace(task, outcome=better))


def explain_by_signal(task: Task, event: SignalSeen) -> Step:
    end = task.outcome
    if not (task.oom_awaited and isinstance(end, Exit)):
        return Step(task)
    told = exit_of(task.in_run(signal=event.signal), end.status)
    task = replace(task, outcome=replace(end, meddled=told.meddled))
    return Step(task) if told.meddled is None else _awaited_no_more(task)


def unexplained(task: Task, _: OomUntold) -> Step:
    return _awaited_no_more(task)


def _awaited_no_more(task: Task) -> Step:
    cancel: tuple[Effect, ...] = (CancelTimer(Timer.OOM_LATE),) if task.oom_awaited else ()
    task = replace(task, oom_awaited=False)
    if task.drained is None:
        return Step(task, cancel)
    task, effects = last_word(task, task.drained)
    return Step(task, (*cancel, *effects))


def drained(task: Task, event: Drained) -> Step:
    return Step(replace(task, drained=event)) if task.oom_awaited else last_word(task, event)


def last_word(task: Task, event: Drained | DrainSlow) -> Step:
    """All that will ever be known is."""
    output = event if isinstance(event, Drained) else task.drained or Drained()
    if isinstance(task.outcome, NotRun) and output.wrote:
        task = replace(task, outcome=replace(task.outcome, ran=True))
    facts = _facts(task, output)
    ending = decide(facts, strict=task.terms.strict)
    overrun = None if ending.overrun is None else (Resource("mem", "SCALAR",
                                                            scalar=ending.overrun / MEGABYTE),)
    update = status(task, ending.state, message=ending.message, reason=ending.reason,
                    healthy=ending.healthy, limitation=overrun)
    unsaid = isinstance(task.outcome, NotRun) and task.outcome.ran  # that it was started
    remove = (Remove(),) if task.container is not None and (task.terms.remove or unsaid) else ()
    told = (Explain(details(facts)),) if task.terms.strict else ()
    return Step(replace(task, phase=Phase.DONE), (*told, Report(update), *remove, Forget()))


def _facts(task: Task, output: Drained) -> Facts:
    if task.outcome is None:
        raise AssertionError(f"task {task.id!r} ends without an outcome")
    return Facts(task.outcome, task.cause, task.why, task.terms.command, task.terms.image,
                 output.tail, task.terms.partition_aware, output.lost)
