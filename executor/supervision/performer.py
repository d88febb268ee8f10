"""Carries out effects: the part of the supervisor that touches the world, never blocking."""
from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from typing import assert_never

from executor.admission.entry import Entry
from executor.agent.port import Agent
from executor.engine.port import Inspection
from executor.life import effects as f
from executor.life import events as e
from executor.life.outcomes import Failure
from executor.life.sightings import seen
from executor.life.task import Phase
from executor.node.logs import Logs
from executor.node.processes import Processes
from executor.node.watcher import Watcher
from executor.settings.settings import Settings
from executor.supervision.checks import Checks
from executor.supervision.engine_calls import EngineCalls
from executor.supervision.pulls import Pulls
from executor.supervision.timers import Timers
from specs.messages.status import TaskStatus

log = logging.getLogger(__name__)

LOOK_AGAIN = 1.0  # seconds, while the engine does not answer

TimerKey = tuple[str, object]


class Performer:
    """`post` puts an event into the inbox, `on_loop` a call; `agent` is set before the first effect.

    `tell` hands an event to the entry's own task, on the loop: an answer that comes late must not reach another task,
    which has the same id by then.
    """

    def __init__(self, settings: Settings, engine: EngineCalls, logs: Logs, timers: Timers[TimerKey], *,  # noqa: PLR0913 - wired once
                 post: Callable[[str, e.Event], None], tell: Callable[[Entry, e.Event], None],
                 on_loop: Callable[[Callable[[], None]], None], clock: Callable[[], float]) -> None:
        self.agent: Agent | None = None
        self._engine = engine
        self._logs = logs
        self._timers = timers
        self._post = post
        self._tell = tell
        self._on_loop = on_loop
        self._clock = clock
        self._processes = Processes(Watcher("processes"))
        self._pulls = Pulls(engine, settings.directory, post, on_loop, clock)
        self._checks = Checks(engine, timers, post, on_loop, clock, shutdown_grace=settings.shutdown_grace)

    def carry_out(self, entry: Entry, effect: f.Effect) -> None:
        """Do it, or have it done. A fault in one effect must not keep the next ones from being carried out."""
        try:
            self._do(entry, effect)
        except Exception:
            log.exception("Task %s: a fault in %s", entry.task.id, type(effect).__name__)

    def output_ended(self, entry: Entry) -> None:
        """Where the container still runs it was the engine that ended: there will be more in its log."""
        if entry.task.pid is not None and self._processes.runs(entry.task.pid):
            entry.lost = True

    def _later(self, entry: Entry) -> Callable[[e.Event], None]:
        """Takes events of this entry's task from other threads."""
        return lambda event: self._on_loop(lambda: self._tell(entry, event))

    def report(self, status: TaskStatus) -> None:
        """Send an update to the agent, and log it."""
        assert self.agent is not None  # noqa: S101 - set before the loop begins
        log.info("Task %s: %s%s", status.task_id, status.state, f": {status.message}" if status.message else "")
        self.agent.send(status)

    def _do(self, entry: Entry, effect: f.Effect) -> None:  # noqa: C901, PLR0912 - one case for each effect
        task, container = entry.task, entry.task.container or entry.name
        match effect:
            case f.Report(status):
                self.report(status)
            case f.Explain(text):
                _explain(task.id, text)
            case f.Pull():
                self._pulls.want(task.id, task.terms.image, force=task.terms.force_pull and not task.pulled)
            case f.CancelPull():
                self._pulls.drop(task.id)
            case f.CreateAndStart():
                self._start(entry)
            case f.Look():
                self._engine.look(container, lambda found: self._on_loop(lambda: self._looked(entry, found)))
            case f.Signal(signal, first):
                self._engine.signal(container, signal, self._later(entry), first)
            case f.ForceRemove():
                self._engine.force_remove(container, self._later(entry))
            case f.KillPid(pid):
                self._kill_pid(task.id, pid)
            case f.Remove():
                self._engine.remove(container)
            case f.StartTimer(timer, seconds, keep_earlier):
                self._timers.start((task.id, timer), self._clock() + seconds, keep_earlier=keep_earlier)
            case f.CancelTimer(timer):
                self._timers.cancel((task.id, timer))
            case f.StartChecks():
                self._checks.start(task, entry.agreement)
            case f.StopChecks():
                self._checks.stop(task.id)
            case f.WatchPid(pid):
                self._watch_pid(entry, pid)
            case f.DrainLogs():
                self._drain(entry)
            case f.Forget():
                self._forget(entry)
            case _:
                assert_never(effect)

    def _start(self, entry: Entry) -> None:
        assert entry.plan is not None  # noqa: S101 - dropped only after the start
        self._engine.start(entry.task.id, entry.plan, lambda: entry.task.phase is Phase.STARTING,
                           self._later(entry))

    def _looked(self, entry: Entry, found: Inspection | Failure | None) -> None:
        task_id = entry.task.id
        if entry.task.phase is Phase.DONE:
            return
        if found is None:
            self._tell(entry, e.Vanished())
        elif isinstance(found, Failure):
            entry.lost = True
            self._timers.start((task_id, "look"), self._clock() + LOOK_AGAIN)
        elif (event := seen(entry.task, found)) is not None:
            self._tell(entry, event)
        elif entry.lost and not self._logs.following(task_id):
            self._engine.reread(task_id, found.id, follow=True, done=lambda: None)

    def _kill_pid(self, task_id: str, pid: int) -> None:
        log.warning("Task %s: the engine does not end the container; killing its process %s", task_id, pid)
        self._processes.kill(pid)

    def _watch_pid(self, entry: Entry, pid: int) -> None:
        tell = self._later(entry)
        if entry.task.container is not None:
            self._processes.watch(pid, entry.task.container, lambda: tell(e.PidGone()))

    def _drain(self, entry: Entry) -> None:
        task_id, container = entry.task.id, entry.task.container
        if container is not None and entry.lost:
            self._engine.reread(task_id, container, follow=False, done=lambda: self._wait_drained(entry))
        else:
            self._wait_drained(entry)

    def _wait_drained(self, entry: Entry) -> None:
        tell = self._later(entry)
        self._logs.drain(entry.task.id, lambda tail: tell(e.Drained(tail)))

    def _forget(self, entry: Entry) -> None:
        self._logs.close(entry.task.id)
        if entry.task.pid is not None:
            self._processes.forget(entry.task.pid)
        if entry.secrets is not None:
            shutil.rmtree(entry.secrets, ignore_errors=True)


def _explain(task_id: str, text: str) -> None:
    """In the drop-in our log is the task's stderr."""
    if text:
        log.warning("Task %s: %s", task_id, text)
