"""The only owner of the tasks' state: one inbox, one loop, on one thread.

Everybody else (the agent's driver, workers, the watcher, the engine's event stream) puts a call into the inbox and
goes on. The loop takes them one after the other, asks the lifecycle what it means, and has the effects carried out
(performer.py), none of which may block. An idle supervisor waits in the inbox, or for the next clock, and costs
nothing.
"""
from __future__ import annotations

import logging
import queue
import time
from collections import OrderedDict
from collections.abc import Callable

from executor.admission.admission import Admission
from executor.admission.agreement import PARTITION_AWARE
from executor.admission.entry import Entry
from executor.agent.port import Agent
from executor.engine.port import ContainerAction, ContainerEvent, ContainerRuntime
from executor.life import effects
from executor.life import events as e
from executor.life.endings import decide, kill_grace
from executor.life.lifecycle import accept, advance
from executor.life.outcomes import Cause, Facts, SecondTask, Unstarted
from executor.life.task import ImpossibleEvent, Phase, Step, Task, status
from executor.node.cgroups import memory_peak
from executor.node.logs import Logs
from executor.node.watcher import Watcher
from executor.settings.settings import Settings
from executor.supervision.engine_calls import EngineCalls
from executor.supervision.performer import Performer, TimerKey
from executor.supervision.timers import Timers
from specs.forms import Message
from specs.messages.status import TaskState, TaskStatus

log = logging.getLogger(__name__)

REMEMBERED = 10_000  # ids of tasks that are over: a late kill of one is no kill of an unknown task
LAST_WAIT = 1.0  # seconds that the last updates have to be acknowledged, however late it is
SHUTDOWN_MARGIN = 0.5  # seconds that we are gone before the agent kills us
REMOVAL_WAIT = 10.0  # seconds for the last containers to be removed before we end

_RINGS: dict[object, Callable[[], e.Event]] = {
    effects.Timer.COMPLETION: lambda: e.EndRequested(Cause.COMPLETION),
    effects.Timer.START: e.StartSlow,
    effects.Timer.GRACE: e.GraceOver,
    effects.Timer.STEP: e.StillUp,
    effects.Timer.MISSED: e.ExitMissed,
    effects.Timer.DRAIN: e.DrainSlow,
    "look": e.Noticed,
}
_REPEATABLE = {Phase.PULLING: TaskState.STARTING, Phase.STARTING: TaskState.STARTING, Phase.RUNNING: TaskState.RUNNING}
_IDLE: TimerKey = ("", "idle")


class Supervisor:
    """`AgentEvents` for the driver; `run` is the loop. `runtime` builds the engine when it is first needed."""

    def __init__(self, settings: Settings, runtime: Callable[[], ContainerRuntime],
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._timers: Timers[TimerKey] = Timers()
        self._logs = Logs(Watcher("output"), lambda task_id: self._inbox.put(lambda: self._output_ended(task_id)))
        self._engine = EngineCalls(runtime, settings.labels, self._logs, self._engine_told,
                              starts=settings.starts, strict=settings.drop_in)
        self._performer = Performer(settings, self._engine, self._logs, self._timers, post=self._post, tell=self._told,
                            on_loop=self._inbox.put, clock=clock)
        self._admission = Admission(settings, self._logs)
        self._entries: dict[str, Entry] = {}
        self._containers: dict[str, str] = {}  # container id -> task id
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._capabilities: frozenset[str] = frozenset()
        self._shutdown_why: str | None = None
        self._over: str | None = None  # why the loop ends
        self._ended_at = 0.0
        self._told_to_end: float | None = None  # when, the first time

    def run(self, agent: Agent) -> str:
        """Supervise until there is nothing left to do; why it ended. Every update is handed to the agent by then."""
        self._performer.agent = agent
        while self._over is None:
            try:
                call = self._inbox.get(timeout=self._timers.wait(self._clock()))
            except queue.Empty:
                pass
            else:
                self._contained(call)
            for key in self._timers.due(self._clock()):
                self._contained(lambda key=key: self._ring(key))  # type: ignore[misc]
        log.info("Ending: %s", self._over)
        self._engine.close(REMOVAL_WAIT)
        self._ended_at = self._clock()
        return self._over

    def patience(self) -> float:
        """Seconds that are left, after `run`, to wait for the last acknowledgements.

        Told to end, by the agent or by a signal, we must not outstay the shutdown grace period: an agent that is about
        to forget us acknowledges nothing more, and waits for our end.
        """
        until = self._ended_at + self._settings.ack_timeout
        if self._told_to_end is not None:
            until = min(until, self._told_to_end + self._settings.shutdown_grace - SHUTDOWN_MARGIN)
        return max(until, self._ended_at + LAST_WAIT) - self._clock()

    # ---- AgentEvents: called on the driver's threads ----

    def registered(self, executor_info: Message, framework_info: Message, agent_info: Message) -> None:  # noqa: ARG002
        """The agent knows us."""
        self._inbox.put(lambda: self._registered(framework_info))

    def reregistered(self, agent_info: Message) -> None:  # noqa: ARG002
        """The agent knows us again; the driver has told it what it missed."""
        log.info("Re-registered with the agent")

    def disconnected(self) -> None:
        """The agent is out of reach; the tasks go on."""
        log.warning("Disconnected from the agent")

    def launch(self, task: Message) -> None:
        """Begin a task."""
        self._inbox.put(lambda: self._launch(task))

    def kill(self, task_id: str, grace: float | None) -> None:
        """End a task."""
        self._inbox.put(lambda: self._kill(task_id, grace))

    def acknowledged(self, task_id: str, uuid: bytes) -> None:
        """An update has arrived."""

    def message(self, data: bytes) -> None:
        """Framework messages mean nothing here, as in Mesos."""
        log.info("Ignoring a framework message of %s bytes", len(data))

    def shutdown(self, why: str) -> None:
        """End all tasks, then end."""
        if self._told_to_end is None:
            self._told_to_end = self._clock()
        self._inbox.put(lambda: self._shutdown(why))

    def error(self, message: str) -> None:
        """Logged, as in Mesos."""
        log.error("The agent reports: %s", message)

    # ---- the loop's own ----

    def _post(self, task_id: str, event: e.Event) -> None:
        self._inbox.put(lambda: self._happened(task_id, event))

    def _contained(self, call: Callable[[], None]) -> None:
        """A fault with one task must not end the others."""
        try:
            call()
        except ImpossibleEvent as impossible:
            log.error("%s", impossible)  # noqa: TRY400 - its story says more than a stack
        except Exception:
            log.exception("A fault in the supervisor")

    def _ring(self, key: TimerKey) -> None:
        task_id, timer = key
        if key == _IDLE:
            self._over = f"no task came within {self._settings.idle_timeout:g} s of the registration"
        elif callable(timer):
            timer()
        else:
            self._happened(task_id, _RINGS[timer]())

    def _happened(self, task_id: str, event: e.Event) -> None:
        entry = self._entries.get(task_id)
        if entry is not None:
            self._take(entry, advance(entry.task, event))

    def _told(self, entry: Entry, event: e.Event) -> None:
        if self._entries.get(entry.task.id) is entry:
            self._take(entry, advance(entry.task, event))

    def _output_ended(self, task_id: str) -> None:
        entry = self._entries.get(task_id)
        if entry is not None:
            self._performer.output_ended(entry)

    def _take(self, entry: Entry, step: Step) -> None:
        entry.task = step.task
        if step.task.container is not None:
            self._containers[step.task.container] = step.task.id
        if step.task.phase not in (Phase.PULLING, Phase.STARTING):
            entry.plan = None
        for effect in step.effects:
            self._performer.carry_out(entry, effect)
        if step.task.phase is Phase.DONE:
            self._done(step.task)

    def _done(self, task: Task) -> None:
        del self._entries[task.id]
        self._containers.pop(task.container or "", None)
        for clock in (*effects.Timer, "look"):
            self._timers.cancel((task.id, clock))
        self._ended[task.id] = None
        if len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
        if self._settings.drop_in:
            self._over = f"task {task.id} has ended"
        elif self._shutdown_why is not None and not self._entries:
            self._over = self._shutdown_why

    def _registered(self, framework_info: Message) -> None:
        capabilities = framework_info.get("capabilities") or ()
        self._capabilities = frozenset(str(each.get("type")) for each in capabilities)
        self._engine.warm_up()
        self._engine.sweep()
        if self._settings.idle_timeout is not None and not self._entries and not self._ended:
            self._timers.start(_IDLE, self._clock() + self._settings.idle_timeout)

    def _launch(self, message: Message) -> None:
        self._timers.cancel(_IDLE)
        task_id = str(message["task_id"]["value"])
        known = self._entries.get(task_id)
        if known is not None:
            self._refuse_again(known)
            return
        if self._settings.drop_in and (self._entries or self._ended):
            ending = decide(Facts(SecondTask()), strict=True)
            self._performer.report(TaskStatus(task_id, ending.state, ending.message, ending.reason))
            return
        self._begin(task_id, message)

    def _begin(self, task_id: str, message: Message) -> None:
        instead = None
        if self._shutdown_why is not None:
            instead = Unstarted("the executor was shutting down")
        entry, refused = self._admission.admit(task_id, message, self._capabilities)
        self._entries[task_id] = entry
        self._take(entry, accept(task_id, entry.agreement.terms, instead or refused))

    def _refuse_again(self, entry: Entry) -> None:
        """A LAUNCH of an id that is in use: the first one goes on, and its state is told once more."""
        log.warning("Refusing a second launch of task %s", entry.task.id)
        text = "A second launch of this task id is refused; the task goes on"
        state = _REPEATABLE.get(entry.task.phase)
        if state is not None:
            self._performer.report(status(entry.task, state, message=text, healthy=entry.task.healthy,
                              network_infos=entry.task.network_infos))

    def _kill(self, task_id: str, grace: float | None) -> None:
        entry = self._entries.get(task_id)
        if entry is not None:
            seconds = kill_grace(Cause.KILL, override=grace, policy=entry.agreement.kill_grace,
                                 shutdown_grace=self._settings.shutdown_grace)
            self._happened(task_id, e.EndRequested(Cause.KILL, seconds))
        elif task_id not in self._ended:
            lost = TaskState.DROPPED if PARTITION_AWARE in self._capabilities else TaskState.LOST
            self._performer.report(TaskStatus(task_id, lost, "Kill of a task that this executor does not have",
                                  "REASON_TASK_UNKNOWN"))

    def _shutdown(self, why: str) -> None:
        log.warning("Shutting down: %s", why)
        self._shutdown_why = why
        self._timers.cancel(_IDLE)
        grace = kill_grace(Cause.SHUTDOWN, override=None, policy=None, shutdown_grace=self._settings.shutdown_grace)
        for task_id in list(self._entries):
            self._contained(lambda task_id=task_id: self._happened(  # type: ignore[misc]
                task_id, e.EndRequested(Cause.SHUTDOWN, grace, why)))
        if not self._entries:
            self._over = why

    # ---- what the engine tells unasked: called on its event thread ----

    def _engine_told(self, event: ContainerEvent) -> None:
        peak = memory_peak(event.id) if event.action is ContainerAction.OOM else None
        self._inbox.put(lambda: self._take_engine_event(event, peak))

    def _take_engine_event(self, event: ContainerEvent, peak: int | None) -> None:
        if event.action is ContainerAction.RESYNC:
            for each in list(self._entries.values()):
                each.lost = True
                self._notice(each.task.id, e.Noticed())
            return
        task_id = self._containers.get(event.id)
        entry = None if task_id is None else self._entries.get(task_id)
        if task_id is None or entry is None:
            return
        if event.action is ContainerAction.DIE:
            self._notice(task_id, e.Noticed(event.exit_code))
        elif event.action is ContainerAction.OOM:
            self._happened(task_id, e.OomKilled(peak))
        elif event.action is ContainerAction.KILL:
            self._happened(task_id, e.SignalSeen(event.signal or 0))
        elif event.action is ContainerAction.DESTROY:
            self._notice(task_id, e.Noticed())
        elif event.action is ContainerAction.START and entry.task.told_exit is not None:
            self._notice(task_id, e.Noticed() if entry.task.terms.restarts else e.StartedAgain(None))

    def _notice(self, task_id: str, event: e.Noticed | e.StartedAgain) -> None:
        if self._entries[task_id].task.phase is not Phase.PULLING:  # there is no container to look at
            self._happened(task_id, event)
