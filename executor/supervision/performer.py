"""Carries out effects: the part of the supervisor that touches the world, never blocking."""
from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import assert_never

from executor.admission.entry import Entry
from executor.agent.port import Agent
from executor.engine.port import Inspection
from executor.engine.silence import Asked, Meaning, meaning
from executor.journal.port import Notes
from executor.journal.records import StopSent
from executor.life import effects as f
from executor.life import events as e
from executor.life.outcomes import Failure, NotRun
from executor.life.sightings import seen
from executor.life.task import Phase, Task
from executor.node.output.logs import Logs
from executor.node.output.reading import RunTold
from executor.node.processes import Processes
from executor.supervision.blocking.checks import Checks
from executor.supervision.blocking.engine_calls import EngineCalls, Start
from executor.supervision.blocking.fetches import Fetches
from executor.supervision.blocking.pulls import Pulls
from executor.supervision.loop import Loop
from executor.supervision.timers import TaskClock
from executor.telemetry.log import of_task
from specs.messages.status import TaskStatus

log = logging.getLogger(__name__)

REPLAYED = 1_000_000_000  # ns from when its event stream is back, in which an engine has told again what it knows


class Performer:
    """Belongs to the loop's thread.

    What comes of an effect is told to the loop, as an event of the same entry.
    """

    def __init__(self, loop: Loop, agent: Agent, engine: EngineCalls, logs: Logs,  # noqa: PLR0913 - its parts, wired once
                 processes: Processes, *, fetches: Fetches, pulls: Pulls, checks: Checks,
                 journal: Notes) -> None:
        self._loop = loop
        self._agent = agent
        self._engine = engine
        self._logs = logs
        self._processes = processes
        self._fetches = fetches
        self._pulls = pulls
        self._checks = checks
        self._journal = journal

    def report(self, status: TaskStatus) -> None:
        """Send an update to the agent, and log it."""
        text = f": {status.message}" if status.message else ""
        log.info("Task %s: %s%s", status.task_id, status.state, text,
                 extra=of_task(status.task_id))
        self._agent.send(status)

    def carry_out(self, entry: Entry, effect: f.Effect) -> None:
        """Do it, or have it done. A fault in one effect must not keep the next ones from being
        carried out.
        """
        try:
            self._do(entry, effect)
        except Exception:
            log.exception("Task %s: a fault in %s", entry.task.id, type(effect).__name__,
                          extra=of_task(entry.task.id))

    def _do(self, entry: Entry, effect: f.Effect) -> None:  # noqa: C901, PLR0912 - one case for each effect
        task, container = entry.task, entry.task.container or entry.name
        match effect:
            case f.Report(status):
                self.report(status)
            case f.Explain(text):
                _explain(task.id, text)
            case f.Fetch() | f.CancelFetch() | f.Pull() | f.CancelPull():
                self._get(entry, effect)
            case f.CreateAndStart():
                self._start(entry)
            case f.Look():
                self._look(entry, container)
            case f.Signal(signal, first):
                self._engine.signal(container, signal, partial(self._loop.tell, entry), first,
                                    partial(self._journal.note, StopSent(task.id)))
            case f.ForceRemove():
                self._force_remove(entry, container)
            case f.KillPid(pid):
                self._kill_pid(task.id, pid)
            case f.Remove():
                self._engine.remove(container)
            case f.StartTimer() | f.CancelTimer() | f.CancelTimers():
                self._set_clock(task.id, effect)
            case f.StartChecks():
                self._checks.start(entry)
            case f.StopChecks():
                self._checks.stop(task.id)
            case f.WatchPid(pid):
                self._watch_pid(entry, pid)
            case f.FollowRun(ended, began):
                self._engine.outputs.follow_run(task.id, container, RunTold(ended, began))
            case f.FollowOn():
                self._follow_on(entry, container)
            case f.DrainLogs():
                self._drain(entry)
            case f.Forget():
                self._forget(entry)
            case _:
                assert_never(effect)

    def _get(self, entry: Entry, effect: f.Fetch | f.CancelFetch | f.Pull | f.CancelPull) -> None:
        terms = entry.task.terms
        match effect:
            case f.Fetch():
                self._fetches.want(entry)
            case f.CancelFetch():
                self._fetches.drop(entry)
            case f.Pull():
                force = terms.force_pull and not entry.task.pulled
                self._pulls.want(entry, terms.image, terms.platform, force=force)
            case f.CancelPull():
                self._pulls.drop(entry)
            case _:
                assert_never(effect)

    def _set_clock(self, task_id: str,
                   effect: f.StartTimer | f.CancelTimer | f.CancelTimers) -> None:
        timers = self._loop.timers
        match effect:
            case f.StartTimer(timer, seconds, keep_earlier):
                timers.start(TaskClock(task_id, timer), seconds, keep_earlier=keep_earlier)
            case f.CancelTimer(timer):
                timers.cancel(TaskClock(task_id, timer))
            case f.CancelTimers():
                timers.forget(task_id)
            case _:
                assert_never(effect)

    def _start(self, entry: Entry) -> None:
        assert entry.plan is not None  # noqa: S101 - dropped only after the start
        self._engine.start(Start(
            entry.task.id, entry.plan,
            wanted=lambda: entry.task.phase is Phase.STARTING,
            post=partial(self._loop.tell, entry),
            output_ended=partial(self._output_ended, entry)))

    def _output_ended(self, entry: Entry) -> None:
        """On the watcher's thread. Where the container still runs it was the engine that ended: there
        will be more in its log.
        """
        pid = entry.task.run.pid
        if pid is not None and self._processes.runs(pid):
            self._loop.call(lambda: setattr(entry, "lost", True))

    def _look(self, entry: Entry, container: str) -> None:
        def found(answer: Inspection | Failure | None) -> None:
            self._loop.ask(entry, partial(self._looked, entry, answer))
        self._engine.look(container, found)

    def _looked(self, entry: Entry, found: Inspection | Failure | None) -> e.Event | None:
        task = entry.task
        if task.phase is Phase.DONE:
            return None
        if found is None:
            return e.Disowned() if self._runs(task) else e.Vanished()
        if isinstance(found, Failure):
            entry.lost = entry.lost or meaning(Asked.LOOK, found.kind) is Meaning.UNKNOWN
            return e.Unanswered()
        if found.running and entry.lost and not self._logs.following(task.id):
            self._engine.outputs.reread(task.id, found.id, follow=True, done=lambda: None)
        answer = seen(task, found)
        forgotten = isinstance(answer, e.Exited) and answer.exit.forgotten
        if forgotten and time.time_ns() - task.run.back < REPLAYED:
            return e.Unanswered()  # the event of the end may be among those that are told again
        return answer

    def _force_remove(self, entry: Entry, container: str) -> None:
        """What it has written and we have not goes with it: that is brought home before. One whose
        start was not answered has perhaps been started, and written something, too.
        """
        unclear = isinstance(entry.task.outcome, NotRun)
        entry.lost = entry.lost or unclear or not self._logs.following(entry.task.id)

        def post(answer: e.Event) -> None:
            self._loop.ask(entry, lambda: self._removed(entry, answer))

        def read(done: Callable[[bool], None]) -> None:
            task_id = entry.task.id
            self._engine.outputs.reread(task_id, container, follow=False, done=lambda: (
                self._logs.drain(task_id, lambda _: home(done))))

        def home(done: Callable[[bool], None]) -> None:
            self._loop.call(lambda: setattr(entry, "lost", False))
            done(self._logs.wrote(entry.task.id))
        if entry.lost:
            self._engine.clear_away(container, read, post)
        else:
            self._engine.force_remove(container, post)

    def _removed(self, entry: Entry, answer: e.Event) -> e.Event:
        """An engine that has forgotten the container says so, too."""
        return e.Disowned() if isinstance(answer, e.Removed) and self._runs(entry.task) else answer

    def _runs(self, task: Task) -> bool:
        return task.run.pid is not None and self._processes.runs(task.run.pid)

    def _kill_pid(self, task_id: str, pid: int) -> None:
        log.warning("Task %s: the engine does not end the container; killing its process %s",
                    task_id, pid, extra=of_task(task_id))
        self._processes.kill(pid)

    def _watch_pid(self, entry: Entry, pid: int) -> None:
        if entry.task.container is not None:
            self._processes.watch(pid, entry.task.container,
                                  lambda: self._loop.tell(entry, e.PidGone(pid, time.time_ns())))

    def _follow_on(self, entry: Entry, container: str) -> None:
        """Until that is done, an end has to bring it."""
        def done() -> None:
            self._loop.call(lambda: setattr(entry, "lost", not self._logs.following(entry.task.id)))
        entry.lost = True
        self._logs.hear_of_end(entry.task.id, partial(self._output_ended, entry))
        self._engine.outputs.reread(entry.task.id, container, follow=True, done=done)

    def _drain(self, entry: Entry) -> None:
        task_id, container = entry.task.id, entry.task.container
        def drain() -> None:
            self._logs.drain(task_id, partial(self._loop.tell, entry))

        def drained(told: e.Drained) -> None:
            """A log that was followed is read once more: it may have more (reading.py)."""
            if container is not None and self._logs.from_log(task_id):
                self._engine.outputs.reread(task_id, container, follow=False, done=drain, missed=False)
            else:
                self._loop.tell(entry, told)
        if container is not None and entry.lost:
            self._engine.outputs.reread(task_id, container, follow=False, done=drain)
        else:
            self._logs.drain(task_id, drained)

    def _forget(self, entry: Entry) -> None:
        self._loop.timers.forget(entry.task.id)
        self._logs.close(entry.task.id)
        if entry.task.container is not None:
            self._engine.forget(entry.task.container, entry.agreement.cni)
        if entry.task.run.pid is not None:
            self._processes.forget(entry.task.run.pid)
        if entry.secrets is not None:
            import shutil

            shutil.rmtree(entry.secrets, ignore_errors=True)


def _explain(task_id: str, text: str) -> None:
    """In the drop-in our log is the task's stderr."""
    if text:
        log.warning("Task %s: %s", task_id, text, extra=of_task(task_id))
