"""Carries out effects: the part of the supervisor that touches the world, never blocking. One method per effect."""
from __future__ import annotations

import logging
import shutil
from collections.abc import Callable

from executor.admission.entry import Entry
from executor.agent.port import Agent
from executor.engine.port import Inspection
from executor.life import effects
from executor.life import events as e
from executor.life.outcomes import Failure
from executor.life.sightings import seen
from executor.life.task import Phase
from executor.node.logs import Logs
from executor.node.processes import Processes
from executor.node.watcher import Watcher
from executor.settings.settings import Settings
from executor.supervision.checks import Checking
from executor.supervision.engine_calls import Engine
from executor.supervision.pulls import Pulls
from executor.supervision.timers import Timers

log = logging.getLogger(__name__)

LOOK_AGAIN = 1.0  # seconds, while the engine does not answer

TimerKey = tuple[str, object]


class Hands:
    """`post` puts an event into the inbox, `on_loop` a call; `agent` is set before the first effect.

    `tell` hands an event to the entry's own task, on the loop: an answer that comes late must not reach another task,
    which has the same id by then.
    """

    def __init__(self, settings: Settings, engine: Engine, logs: Logs, timers: Timers[TimerKey], *,  # noqa: PLR0913 - wired once
                 post: Callable[[str, e.Event], None], tell: Callable[[Entry, e.Event], None],
                 on_loop: Callable[[Callable[[], None]], None], clock: Callable[[], float]) -> None:
        self.agent: Agent | None = None
        self._settings = settings
        self._engine = engine
        self._logs = logs
        self._timers = timers
        self._post = post
        self._tell = tell
        self._on_loop = on_loop
        self._clock = clock
        self._processes = Processes(Watcher("processes"))
        self._pulls = Pulls(self._start_pull, post, on_loop, clock)
        self._checking = Checking(engine, timers, post, on_loop, clock, shutdown_grace=settings.shutdown_grace)

    def carry_out(self, entry: Entry, effect: effects.Effect) -> None:
        """Do it, or have it done. A fault in one effect must not keep the next ones from being carried out."""
        try:
            getattr(self, f"_{_METHODS[type(effect)]}")(entry, effect)
        except Exception:
            log.exception("Task %s: a fault in %s", entry.task.id, type(effect).__name__)

    def output_ended(self, entry: Entry) -> None:
        """Where the container still runs it was the engine that ended: there will be more in its log."""
        if entry.task.pid is not None and self._processes.runs(entry.task.pid):
            entry.lost = True

    def _later(self, entry: Entry) -> Callable[[e.Event], None]:
        """Takes events of this entry's task from other threads."""
        return lambda event: self._on_loop(lambda: self._tell(entry, event))

    def _report(self, entry: Entry, effect: effects.Report) -> None:  # noqa: ARG002 - all effects are carried out alike
        assert self.agent is not None  # noqa: S101 - set before the loop begins
        said = effect.status
        log.info("Task %s: %s%s", said.task_id, said.state, f": {said.message}" if said.message else "")
        self.agent.send(effect.status)

    def _explain(self, entry: Entry, effect: effects.Explain) -> None:  # in the drop-in our log is its stderr
        if effect.text:
            log.warning("Task %s: %s", entry.task.id, effect.text)

    def _pull(self, entry: Entry, effect: effects.Pull) -> None:  # noqa: ARG002
        terms = entry.task.terms
        self._pulls.want(entry.task.id, terms.image, force=terms.force_pull and not entry.task.pulled)

    def _cancel_pull(self, entry: Entry, effect: effects.CancelPull) -> None:  # noqa: ARG002
        self._pulls.drop(entry.task.id)

    def _start(self, entry: Entry, effect: effects.CreateAndStart) -> None:  # noqa: ARG002
        assert entry.plan is not None  # noqa: S101 - dropped only after the start
        self._engine.start(entry.task.id, entry.plan, lambda: entry.task.phase is Phase.STARTING,
                           self._later(entry))

    def _look(self, entry: Entry, effect: effects.Look) -> None:  # noqa: ARG002
        self._engine.look(entry.task.container or entry.name,
                          lambda found: self._on_loop(lambda: self._looked(entry, found)))

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

    def _signal(self, entry: Entry, effect: effects.Signal) -> None:
        self._engine.signal(entry.task.container or entry.name, effect.signal, self._later(entry), effect.first)

    def _force_remove(self, entry: Entry, effect: effects.ForceRemove) -> None:  # noqa: ARG002
        self._engine.force_remove(entry.task.container or entry.name, self._later(entry))

    def _kill_pid(self, entry: Entry, effect: effects.KillPid) -> None:
        log.warning("Task %s: the engine does not end the container; killing its process %s", entry.task.id, effect.pid)
        self._processes.kill(effect.pid)

    def _remove(self, entry: Entry, effect: effects.Remove) -> None:  # noqa: ARG002
        self._engine.remove(entry.task.container or entry.name)

    def _start_timer(self, entry: Entry, effect: effects.StartTimer) -> None:
        self._timers.start((entry.task.id, effect.timer), self._clock() + effect.seconds,
                           keep_earlier=effect.keep_earlier)

    def _cancel_timer(self, entry: Entry, effect: effects.CancelTimer) -> None:
        self._timers.cancel((entry.task.id, effect.timer))

    def _start_checks(self, entry: Entry, effect: effects.StartChecks) -> None:  # noqa: ARG002
        self._checking.start(entry.task, entry.agreement)

    def _stop_checks(self, entry: Entry, effect: effects.StopChecks) -> None:  # noqa: ARG002
        self._checking.stop(entry.task.id)

    def _watch_pid(self, entry: Entry, effect: effects.WatchPid) -> None:
        tell = self._later(entry)
        if entry.task.container is not None:
            self._processes.watch(effect.pid, entry.task.container, lambda: tell(e.PidGone()))

    def _drain(self, entry: Entry, effect: effects.DrainLogs) -> None:  # noqa: ARG002
        task_id, container = entry.task.id, entry.task.container
        if container is not None and entry.lost:
            self._engine.reread(task_id, container, follow=False, done=lambda: self._wait_drained(entry))
        else:
            self._wait_drained(entry)

    def _wait_drained(self, entry: Entry) -> None:
        tell = self._later(entry)
        self._logs.drain(entry.task.id, lambda tail: tell(e.Drained(tail)))

    def _forget(self, entry: Entry, effect: effects.Forget) -> None:  # noqa: ARG002
        self._logs.close(entry.task.id)
        if entry.task.pid is not None:
            self._processes.forget(entry.task.pid)
        if entry.secrets is not None:
            shutil.rmtree(entry.secrets, ignore_errors=True)

    def _start_pull(self, image: str, force: bool, *rest: object) -> None:
        cancel, listener, done = rest
        self._engine.pull(image, self._settings.directory, force=force, cancel=cancel, listener=listener, done=done)  # type: ignore[arg-type]


_METHODS: dict[type[effects.Effect], str] = {
    effects.Report: "report",
    effects.Explain: "explain",
    effects.Pull: "pull",
    effects.CancelPull: "cancel_pull",
    effects.CreateAndStart: "start",
    effects.Look: "look",
    effects.Signal: "signal",
    effects.ForceRemove: "force_remove",
    effects.KillPid: "kill_pid",
    effects.Remove: "remove",
    effects.StartTimer: "start_timer",
    effects.CancelTimer: "cancel_timer",
    effects.StartChecks: "start_checks",
    effects.StopChecks: "stop_checks",
    effects.WatchPid: "watch_pid",
    effects.DrainLogs: "drain",
    effects.Forget: "forget",
}
