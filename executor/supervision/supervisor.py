"""The only owner of the tasks' state: what happens to a task goes through here, on the loop's thread.

It keeps the entries, asks the lifecycle what an event makes of a task, and has the effects carried
out (performer.py), none of which may block. What the agent and the engine tell comes on their
threads and is put into the loop's inbox.
"""
from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, assert_never

from executor.admission.admission import Admission, Admitted, Rejected
from executor.admission.entry import Entry
from executor.engine.port import ContainerAction, ContainerEvent
from executor.journal.port import Notes
from executor.life import answers
from executor.life import events as e
from executor.life.lifecycle import accept, advance
from executor.life.outcomes import Cause
from executor.life.sightings import Memory, meaning
from executor.life.stopping import kill_grace
from executor.life.task import Phase, Step, Task
from executor.settings.settings import Settings
from executor.supervision.blocking.checks import Checks
from executor.supervision.blocking.engine_calls import EngineCalls
from executor.supervision.loop import Loop
from executor.supervision.performer import Performer
from executor.supervision.reports import Reports
from executor.supervision.sandboxes import Sandboxes
from executor.supervision.succession import orphans
from executor.supervision.succession.notes import began, named, notes
from executor.supervision.succession.upgrade import Upgrade
from executor.supervision.timers import CheckClock, Clock, Idle, ReportDue, Sweep, TaskClock
from executor.telemetry.log import of_task
from specs.forms import Message

if TYPE_CHECKING:
    from executor.supervision.requests import Requests
    from executor.supervision.succession.recovery import Recovery

log = logging.getLogger(__name__)

REMEMBERED = 10_000  # ids of tasks that are over: a late kill of one is no kill of an unknown task
LAST_WAIT = 1.0  # seconds that the last updates have to be acknowledged, however late it is
SHUTDOWN_MARGIN = 0.5  # seconds that we are gone before the agent kills us
REMOVAL_WAIT = 10.0  # seconds for the last containers to be removed before we end


class Supervisor:
    """`AgentEvents` for the driver, `LoopOwner` for the loop."""

    def __init__(self, settings: Settings, loop: Loop, admission: Admission, engine: EngineCalls, *,  # noqa: PLR0913 - wired once
                 performer: Performer, checks: Checks, reports: Reports, journal: Notes,
                 requests: Callable[[], Requests], recovery: Recovery | None = None, command: str = "") -> None:
        """`command`: how our launcher was called, if another process of us may take over."""
        self._settings = settings
        self._loop = loop
        self._admission = admission
        self._engine = engine
        self._performer = performer
        self._checks = checks
        self._reports = reports
        self._journal = journal
        self._recovery = recovery
        self._requests = requests
        self._entries: dict[str, Entry] = {}
        self._containers: dict[str, str] = {}  # container id -> task id
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._sandboxes = Sandboxes(loop, settings, self._entries)
        self._capabilities: frozenset[str] = frozenset()
        self._shutdown_why: str | None = None
        self._ended_at = 0.0
        self._told_to_end: float | None = None  # when, the first time
        self._late = False  # the loop is over
        self._upgrade = Upgrade(command, lambda: self._loop.call(self._hand_over))
        self.handed_over = False  # after `run`: another process goes on with the tasks

    def run(self) -> str:
        """Supervise until there is nothing left to do; why it ended. Every update is handed to the
        agent by then.
        """
        if self._recovery is not None:
            self._loop.call(partial(self._recover, self._recovery))
        why = self._loop.run(self)
        log.info("Ending: %s", why)
        self._engine.close(0.0 if self.handed_over else REMOVAL_WAIT)
        self._reports.close()
        self._ended_at = self._loop.now()
        return why

    def answer_late(self) -> bool:
        """After `run`: what the agent has said since; whether there was anything.

        It may have sent a task just before it could know that we end: that is dropped, and told, or
        the task would have failed with our end. As Mesos has no call for a goodbye, what comes
        between our last look and our end, both of the process, is told by the agent alone. One that
        told us to end itself sends no more tasks.
        """
        self._late = True
        return self._loop.work_off(self)

    def patience(self, awaited: float = 0.0) -> float:
        """Seconds that are left, after `run`, to wait for the last acknowledgements.

        `awaited`: seconds for which an agent that is out of reach is worth waiting for anyway.
        Told to end, by the agent or by a signal, we must not outstay the shutdown grace period: an
        agent that is about to forget us acknowledges nothing more, and waits for our end.
        """
        until = max(self._ended_at + self._settings.ack_timeout, self._loop.now() + awaited)
        if self._told_to_end is not None:
            until = min(until, self._told_to_end + self._settings.shutdown_grace - SHUTDOWN_MARGIN)
        return max(until, self._ended_at + LAST_WAIT) - self._loop.now()

    # ---- AgentEvents: called on the driver's threads ----

    def registered(self, executor_info: Message, framework_info: Message,  # noqa: ARG002 - the port's
                   agent_info: Message) -> None:  # noqa: ARG002
        """The agent knows us."""
        self._reports.counts.set("subscribed", 1)
        self._loop.call(partial(self._registered, framework_info))

    def reregistered(self, agent_info: Message) -> None:  # noqa: ARG002 - the port's
        """The agent knows us again; the driver has told it what it missed."""
        self._reports.counts.set("subscribed", 1)
        log.info("Re-registered with the agent")

    def disconnected(self) -> None:
        """The agent is out of reach; the tasks go on."""
        self._reports.counts.set("subscribed", 0)
        log.warning("Disconnected from the agent")

    def launch(self, task: Message) -> None:
        """Begin a task."""
        self._loop.call(partial(self._launch, task))

    def kill(self, task_id: str, grace: float | None) -> None:
        """End a task."""
        self._loop.call(partial(self._kill, task_id, grace))

    def acknowledged(self, task_id: str, uuid: bytes) -> None:
        """An update has arrived."""

    def message(self, data: bytes) -> None:
        """A framework message: a request of the service, or nothing, as in Mesos."""
        self._loop.call(lambda: self._requests().take(data, self._container, self._upgrade))

    def shutdown(self, why: str) -> None:
        """End all tasks, then end."""
        if self._told_to_end is None:
            self._told_to_end = self._loop.now()
        self._loop.call(partial(self._shutdown, why))

    def upgrade(self, why: str) -> None:
        """Let another version go on with the tasks, if it can. For any thread."""
        self._upgrade.ask(why)

    def _hand_over(self) -> None:
        if self._shutdown_why is None:
            self.handed_over = True
            self._loop.end("another version goes on")

    def error(self, message: str) -> None:
        """Logged, as in Mesos."""
        log.error("The agent reports: %s", message)

    # ---- LoopOwner: called by the loop ----

    def happened(self, entry: Entry, event: e.Event) -> None:
        """An event of this entry's task; of a task that is over nothing is heard any more."""
        if self._entries.get(entry.task.id) is entry:
            self._take(entry, advance(entry.task, event))

    def rang(self, clock: Clock) -> None:
        """A clock that was started."""
        match clock:
            case TaskClock(task_id, timer):
                self.happened(self._entries[task_id], timer.event)
            case CheckClock():
                self._checks.due(clock)
            case Sweep():
                self._sandboxes.sweep()
            case Idle():
                self._loop.call(self._end_if_idle)  # behind a LAUNCH that is there already
            case ReportDue():
                self._reports.due(self._entries.values())
            case _:
                assert_never(clock)

    def _recover(self, recovery: Recovery) -> None:
        """What a process before this one has left, before anything else happens."""
        self._engine.open(self._engine_told)
        self._ended.update(dict.fromkeys(recovery.over))
        self._capabilities = recovery.capabilities
        for entry, step in recovery.entries():
            self._entries[entry.task.id] = entry
            self._take(entry, step)
        for task_id, message in recovery.launches():
            self._begin(task_id, message)
        recovery.look(self._entries, self.happened)

    def _take(self, entry: Entry, step: Step) -> None:
        self._journal.note(*notes(entry.task, step.task, step.effects, self._loop.now()))
        before, entry.task = entry.task, step.task
        self._reports.moved(entry, before)
        if step.task.container is not None:
            self._containers[step.task.container] = step.task.id
        if step.task.phase not in (Phase.RECOVERING, Phase.FETCHING, Phase.PULLING, Phase.STARTING):
            entry.plan = None
        for effect in step.effects:
            self._performer.carry_out(entry, effect)
        if step.task.phase is Phase.DONE:
            self._done(step.task)

    def _done(self, task: Task) -> None:
        del self._entries[task.id]
        self._containers.pop(task.container or "", None)
        self._ended[task.id] = None
        if len(self._ended) > REMEMBERED:
            self._ended.popitem(last=False)
        if not self._settings.drop_in:
            self._sandboxes.keep(task.id)
        if self._settings.drop_in:
            self._loop.end(f"task {task.id} has ended")
        elif self._shutdown_why is not None and not self._entries:
            self._loop.end(self._shutdown_why)
        else:
            self._wait_for_tasks()

    def _wait_for_tasks(self) -> None:
        """The agent leaves our sandbox, with those of our tasks, alone as long as we are there."""
        if self._settings.idle_timeout is not None and not self._entries:
            self._loop.timers.start(Idle(), self._settings.idle_timeout)

    def _end_if_idle(self) -> None:
        if not self._entries:
            self._loop.end(f"no task for {self._settings.idle_timeout:g} s")

    def _registered(self, framework_info: Message) -> None:
        self._capabilities = frozenset(str(each.get("type")) for each in framework_info.get("capabilities") or ())
        self._engine.open(self._engine_told)
        if not self._settings.drop_in:
            orphans.sweep(self._engine, self._settings.labels, self._reports.counts)
        self._reports.start()
        self._wait_for_tasks()

    def _launch(self, message: Message) -> None:
        self._loop.timers.cancel(Idle())
        task_id = str(message["task_id"]["value"])
        known = self._entries.get(task_id)
        if self._late and not self._settings.drop_in:
            log.warning("Dropping task %s: there is no more work here", task_id)
            self._performer.report(answers.late(task_id, self._capabilities))
        elif known is not None:
            log.warning("Refusing a second launch of task %s", task_id, extra=of_task(task_id))
            again = answers.second_launch(known.task)
            if again is not None:
                self._performer.report(again)
        elif self._settings.drop_in and (self._entries or self._ended):
            self._performer.report(answers.second_task(task_id))
        else:
            self._begin(task_id, message)

    def _begin(self, task_id: str, message: Message) -> None:
        closing = self._shutdown_why is not None
        unwritten = ""
        try:
            self._journal.promise(
                lambda: began(task_id, message, self._loop.now(), self._capabilities))
        except OSError as error:
            unwritten = f"the executor's journal cannot be written: {error.strerror}"
        match self._admission.admit(message, self._capabilities, closing=closing,
                                    unwritten=unwritten):
            case Admitted(agreed, plan, secrets, begin):
                self._journal.note(named(task_id, plan.name, secrets, begin))
                step = accept(task_id, agreed.terms)
                entry = Entry(step.task, agreed, plan.name, plan, secrets)
            case Rejected(agreed, outcome):
                step = accept(task_id, agreed.terms, outcome)
                entry = Entry(step.task, agreed)
        self._entries[task_id] = entry
        self._take(entry, step)

    def _container(self, task_id: str) -> str | None:
        """Of a task that runs."""
        entry = self._entries.get(task_id)
        runs = entry is not None and entry.task.phase in (Phase.RUNNING, Phase.TERMINATING)
        return entry.task.container if entry is not None and runs else None

    def _kill(self, task_id: str, grace: float | None) -> None:
        entry = self._entries.get(task_id)
        if entry is not None:
            seconds = kill_grace(Cause.KILL, shutdown_grace=self._settings.shutdown_grace,
                                 policy=entry.agreement.kill_grace, override=grace)
            self.happened(entry, e.EndRequested(Cause.KILL, seconds))
        elif task_id not in self._ended:
            self._performer.report(answers.unknown(task_id, self._capabilities))

    def _shutdown(self, why: str) -> None:
        log.warning("Shutting down: %s", why)
        self._shutdown_why = why
        self._loop.timers.cancel(Idle())
        grace = kill_grace(Cause.SHUTDOWN, shutdown_grace=self._settings.shutdown_grace)
        for entry in self._entries.values():
            self._loop.tell(entry, e.EndRequested(Cause.SHUTDOWN, grace, why))
        if not self._entries:
            self._loop.end(why)

    # ---- what the engine tells unasked: called on its event thread ----

    def _engine_told(self, event: ContainerEvent) -> None:
        cgroups, died = self._engine.cgroups, event.action is ContainerAction.DIE and event.exit_code
        known = Memory(*cgroups.memory(event.id)) if event.action is ContainerAction.OOM else Memory(
            near=cgroups.killed_lately() if died else None)
        self._loop.call(partial(self._saw, event, known))

    def _saw(self, event: ContainerEvent, known: Memory) -> None:
        for entry in self._concerned(event):
            entry.lost = entry.lost or event.action is ContainerAction.RESYNC
            meant = meaning(event, entry.task, known)
            if meant is not None:
                self.happened(entry, meant)

    def _concerned(self, event: ContainerEvent) -> list[Entry]:
        if event.action is ContainerAction.RESYNC:
            return list(self._entries.values())
        known = self._entries.get(self._containers.get(event.id, ""))
        return [] if known is None else [known]
