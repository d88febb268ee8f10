"""The service: what waits for places (`Work`) and who follows the tasks (`Listener`) of a framework
that keeps apps running.

It lives on the framework's loop. In each turn it takes in what the master tells and what people ask
(`ask`), and then settles (settler.py): decisions are written to the storage, made durable, and only
then told, answered and carried out. Everybody else reads `view`, a value that is replaced at the
end of a turn, and follows `events`.
"""
from __future__ import annotations

import logging
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Protocol, TypeVar

from scheduler.apps.ids import task_id
from scheduler.apps.instance import Instance
from scheduler.apps.target import Policy
from scheduler.deployments.deployment import Change
from scheduler.deployments.upkeep import PATIENT, Timeouts
from scheduler.placement.location import Location, location
from scheduler.placement.matching import Launch, Match, Misfit, Placement
from scheduler.placement.reasons import Reason, Rejected
from scheduler.service.board import Board
from scheduler.service.launches import Launches
from scheduler.service.news.events import EventLog
from scheduler.service.news.history import History
from scheduler.service.offered import Trial
from scheduler.service.replacements import Replacements
from scheduler.service.settler import Ids, Settler
from scheduler.service.turn.answers import Answers, FlushedRecords
from scheduler.service.turn.faults import Doing, Faults
from scheduler.service.turn.hearing import Hearing
from scheduler.service.views import FrameworkView, View, Waiting, renewed
from scheduler.storage.port import StorageError
from scheduler.tasks.conditions import Condition
from scheduler.tasks.launching import CustomExecutor, Task
from scheduler.tasks.ledger import Entry, Phase
from scheduler.telemetry.telemetry import TaskPlace, Telemetry
from specs.marathon.app import App
from specs.messages.offer import Offer
from specs.messages.status import TaskStatus
from specs.messages.task import ExecutorInfo, TaskInfo

log = logging.getLogger(__name__)

T = TypeVar("T")
CURIOUS = 3.0  # seconds


class Loop(Protocol):
    """What the service wants of its framework."""

    @property
    def trouble(self) -> str | None: ...

    def call(self, call: Callable[[], None]) -> None: ...

    def call_later(self, seconds: float, call: Callable[[], None]) -> None: ...

    def kill(self, task_id: str, grace: float | None = None) -> None: ...

    def forget(self, task_id: str) -> None: ...


class Service:
    """`Work` and `Listener`. `ask` and `view` are anybody's, all else is the loop's."""

    def __init__(self, storage: FlushedRecords, launches: Launches,
                 policy: Callable[[App], Policy], *,
                 clock: Callable[[], float] = time.time, timeouts: Timeouts = PATIENT,
                 new_uuid: Callable[[], str] | None = None) -> None:
        """`clock`: seconds since 1970; `new_uuid`: by default of time, as Marathon's. Reads what is stored."""
        self._storage = storage
        self._clock = clock
        self._launches = launches
        self.policy = policy
        self.board = Board(storage, policy)
        self.history = History(storage)
        self.events = EventLog(storage, clock)
        self.telemetry = Telemetry(clock)
        self.faults = Faults(clock)
        self.settler = Settler(self.board, self.history, self.events, Replacements(storage),
                               self.faults, policy=policy,
                               ids=Ids(new_uuid or _uuids(), lambda: str(uuid.uuid4())), timeouts=timeouts)
        self._hearing = Hearing(self.board, self.events, self.settler, launches.ready_codes, clock,
                                self.telemetry.meters)
        self._loop: Loop | None = None
        self._attaching = threading.Lock()
        self._early: list[Callable[[], None]] = []  # asked before there was a loop
        self._answers = Answers(storage, self.board, self.events)
        self._waiting: dict[str, Waiting] = {}
        self._framework = FrameworkView()
        self._agents: dict[str, Location] = {}  # that have offered something to this subscription
        self._over: list[str] = []  # tasks that have ended since the last turn
        self._woken_at: float | None = None
        self._curious_until = 0.0
        self.failed_because: str | None = None
        self.board.changed.update(self.board.states)
        self.view = renewed(View(), self.board, self.history, {}, self.events.last)
        self.settler.touch_all()

    def attach(self, loop: Loop) -> None:
        """The framework whose loop this is; before it runs."""
        with self._attaching:
            self._loop = loop
            early, self._early = self._early, []
        for call in early:
            call()

    def ask(self, call: Callable[[], T]) -> Future[T]:
        """Have this called on the loop, once there is one; the answer, or what it raises, comes
        when all that it changed is durable.
        """
        future: Future[T] = Future()

        def post() -> None:
            loop = self._on_loop()
            loop.call(lambda: self._answers.take(call, future, loop.trouble))

        with self._attaching:
            if self._loop is None:
                self._early.append(post)
                return future
        post()
        return future

    # ---- Work

    def adopt(self, entry: Entry, task: Task | None) -> None:  # noqa: ARG002 - the port's signature
        if self._hearing.instance(entry.task_id) is None and entry.phase is not Phase.ENDED:
            self._on_loop().kill(entry.task_id)

    def settle(self) -> None:
        now = self._clock()
        self.faults.hear_again()
        if not self.settler.settle(now):
            self._on_loop().call(lambda: None)  # the turn that follows goes on
        self.events.store()
        try:
            self._storage.flush()
        except StorageError:
            self.view = replace(self.view,
                                trouble=self._on_loop().trouble or "the state cannot be written")
            return
        self._follow_up(now)

    def look_around(self) -> None:
        """Take offers for a while, though nothing may wait for a place: somebody wants to know what there is."""
        self._curious_until = self._clock() + CURIOUS
        self._on_loop().call_later(CURIOUS, lambda: None)  # the turn that follows wants no more

    def trial(self, changes: Mapping[str, Change]) -> dict[str, Trial]:
        """Where the new instances of these changes would go; on the loop."""
        return self._launches.trial(self.board, changes, self._clock())

    def waits(self) -> bool:
        if self._clock() < self._curious_until:
            return True
        return self._launches.wanted(self.board, self._clock(), self.faults)

    def match(self, offers: Sequence[Offer]) -> Match:
        new = {each.agent_id: each for each in offers if each.agent_id not in self._agents}
        if new:
            self._agents = {**self._agents,
                            **{agent_id: location(each) for agent_id, each in new.items()}}
        meters = self.telemetry.meters
        with meters.offer_match.time():
            found = self._launches.match(self.board, offers, self._clock(), self.faults)
        meters.matched(len(offers), found)
        return found

    def executor(self, task_id: str) -> CustomExecutor | None:
        return self._launches.executor(task_id)

    def info(self, launch: Launch, placement: Placement,
             executor: ExecutorInfo | None) -> TaskInfo | None:
        info: TaskInfo | None = None
        if not self._launches.still_waits(self.board, placement.task_id):
            return None
        with self.faults.contained(self._launches.app_of(placement.task_id), Doing.LAUNCHING):
            instance, info = self._launches.launched(self.board, launch, placement, executor,
                                                     self._clock())
            self._hearing.placed(instance)
        return info

    def requeued(self, entry: Entry) -> None:
        """The offers were gone. Its next task gets another id, so this one is over."""
        self._hearing.requeue(entry.task_id)
        self._on_loop().kill(entry.task_id)

    def ended(self, task_id: str) -> None:
        self._over.append(task_id)
        self._launches.patience.hope()

    # ---- Listener

    def subscribed(self, framework_id: str, master: str) -> None:
        log.info("Subscribed at %s as %s", master, framework_id, extra={"framework": framework_id})
        again = self._framework.id is not None
        if again:
            self.telemetry.meters.failovers.inc()
        self._framework = FrameworkView(framework_id, master)
        self._agents = {}
        self._launches.offered = {}
        self.settler.hears(self._clock())
        kind = "scheduler_reregistered_event" if again else "scheduler_registered_event"
        self.events.emit(kind, {"frameworkId": framework_id, "master": master} if not again
                         else {"master": master})

    def disconnected(self, why: str) -> None:
        if why != self._framework.why_not:
            log.warning("No master: %s; trying again", why)
        self._framework = FrameworkView(self._framework.id, None, why)
        self.settler.hears(None)
        self.events.emit("scheduler_disconnected_event", {})

    def launched(self, entry: Entry, launch: Launch, info: TaskInfo) -> None:
        """`info` made it so; the turn that follows settles and shows it."""

    def updated(self, entry: Entry, status: TaskStatus) -> None:
        self.telemetry.meters.updated(status)
        instance = self._hearing.instance(status.task_id)
        if instance is not None and not (instance.condition.is_terminal
                                         and entry.phase is not Phase.ENDED):
            self.faults.hear(instance.app_id, status.task_id, lambda: self._hearing.hear(status))
        elif entry.phase is Phase.ENDED:
            self._hearing.ended_unknown(status)
        else:  # of an instance that is gone, or was given up: whatever still runs of it shall end
            self._on_loop().kill(status.task_id)

    def waiting(self, misfits: Mapping[str, tuple[Misfit, ...]]) -> None:
        now = self._clock()
        for app_id, found in misfits.items():
            if not found:
                continue  # it fits nowhere still, which was told before
            before = self._waiting.get(app_id, Waiting(now))
            rejected = [Rejected(each.agent_id, _reasons(each), now, each)
                        for each in found]
            self._waiting[app_id] = Waiting(before.since, found, before.attempt.rejected(rejected))
            self.board.changed.add(app_id)

    def messaged(self, agent_id: str, executor_id: str, data: bytes) -> None:
        known = self._agents.get(agent_id)
        if self.telemetry.messaged(agent_id, executor_id, data,
                                   "" if known is None else known.hostname, self._place):
            return
        self.events.emit("framework_message_event", {
            "executorId": executor_id, "slaveId": agent_id, "message": list(data[:4096])})

    def failed(self, why: str) -> None:
        self.failed_because = why

    # ---- inside

    def _place(self, task: str) -> TaskPlace | None:
        instance = self._hearing.instance(task)
        if instance is None or instance.location is None:
            return None
        return TaskPlace(instance.id, instance.location.agent_id)

    def _on_loop(self) -> Loop:
        if self._loop is None:
            raise RuntimeError("no framework is attached")
        return self._loop

    def _follow_up(self, now: float) -> None:
        """What was decided is durable: do it, tell it, answer."""
        kills, self.settler.kills = self.settler.kills, []
        for instance in kills:
            self._on_loop().kill(task_id(instance.id, instance.incarnation))
        over, self._over = self._over, []
        for ended in over:
            self._on_loop().forget(ended)
        self._note_waiting(now)
        view = renewed(self.view, self.board, self.history, self._waiting,
                       self.events.mark()[0])
        self.view = replace(view, framework=self._framework, trouble=self._on_loop().trouble,
                            losses=self.settler.replacements.losses, agents=self._agents,
                            faults=self.faults.of_apps(), offered=self._launches.offered)
        self.events.tell()  # after the view: who is told of a change looks, and must see it
        self._answers.give()
        self._set_alarm(now)

    def _note_waiting(self, now: float) -> None:
        """Since when apps wait, also before the first offer; who waits no more is forgotten."""
        for app_id in self.board.changed:
            waits = any(each.condition is Condition.SCHEDULED and each.sentence is None
                        for each in self.board.instances_of(app_id).values())
            if not waits:
                self._waiting.pop(app_id, None)
            elif app_id not in self._waiting:
                self._waiting[app_id] = Waiting(now)

    def _set_alarm(self, now: float) -> None:
        due = [at for at in (self.settler.next_wake(now), self.faults.next_due(now))
               if at is not None]
        at = min(due, default=None)
        if at is None or (self._woken_at is not None and self._woken_at <= at):
            return
        self._woken_at = at
        self._on_loop().call_later(max(0.0, at - now), self._wake)

    def _wake(self) -> None:
        self._woken_at = None  # the turn that follows settles

    def change(self, instance: Instance) -> None:
        """The instance is this now."""
        self._hearing.change(instance)


def _uuids() -> Callable[[], str]:
    """Of time, made here: the system's library would lock a file for each."""
    node, sequence = uuid.getnode(), secrets.randbits(14)
    return lambda: str(uuid.uuid1(node, sequence))


def _reasons(misfit: Misfit) -> tuple[Reason, ...]:
    return tuple(shortage.reason for shortage in misfit.shortages if shortage.reason is not None)
