"""The service: what waits for places (`Work`) and who follows the tasks (`Listener`) of a framework
that keeps apps running.

It lives on the framework's loop. In each turn it takes in what the master tells and what people ask
(`ask`), and then settles (settler.py): decisions are written to the storage, made durable, and only
then told, answered and carried out. Everybody else reads `view`, a value that is replaced at the
end of a turn, and follows `events`.
"""
from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from scheduler.apps import transitions
from scheduler.apps.ids import read_task_id, task_id
from scheduler.apps.instance import Instance
from scheduler.apps.target import Policy
from scheduler.deployments.upkeep import PATIENT, Timeouts
from scheduler.placement.location import Location, location
from scheduler.placement.matching import Launch, Match, Misfit, Placement
from scheduler.placement.reasons import Reason, Rejected
from scheduler.service.board import Board
from scheduler.service.launches import Launches
from scheduler.service.news.events import EventLog
from scheduler.service.news.history import History
from scheduler.service.news.statuses import news
from scheduler.service.news.told import alive_event, health_event, is_leaving, leaving_event, status_event
from scheduler.service.replacements import Replacements
from scheduler.service.settler import Ids, Settler
from scheduler.service.views import Framework, View, Waiting, renewed
from scheduler.storage.port import StorageError
from scheduler.storage.records import Records
from scheduler.tasks.conditions import Condition
from scheduler.tasks.launching import CustomExecutor, Task
from scheduler.tasks.ledger import Entry, Phase
from specs.errors import SpecError
from specs.marathon.app import App
from specs.messages.offer import Offer
from specs.messages.status import TaskStatus
from specs.messages.task import ExecutorInfo, TaskInfo

log = logging.getLogger(__name__)

T = TypeVar("T")


class Loop(Protocol):
    """What the service wants of its framework."""

    @property
    def trouble(self) -> str | None: ...

    def call(self, call: Callable[[], None]) -> None: ...

    def call_later(self, seconds: float, call: Callable[[], None]) -> None: ...

    def kill(self, task_id: str, grace: float | None = None) -> None: ...

    def forget(self, task_id: str) -> None: ...


class FlushedRecords(Records, Protocol):
    """Records with the means to make them durable."""

    def flush(self) -> None: ...


class TroubleError(Exception):
    """The state cannot be written, so no change is taken on."""


@dataclass(slots=True)
class _Answers:
    """Answers to what people asked in this turn; they are given when what was changed is durable.
    """

    waiting: list[Callable[[], None]] = field(default_factory=list)


class Service:
    """`Work` and `Listener`. `ask` and `view` are anybody's, all else is the loop's."""

    def __init__(self, storage: FlushedRecords, launches: Launches,
                 policy: Callable[[App], Policy], *,
                 clock: Callable[[], float] = time.time, timeouts: Timeouts = PATIENT,
                 new_uuid: Callable[[], str] = lambda: str(uuid.uuid1())) -> None:
        """`clock`: seconds since 1970. Reads what is stored."""
        self._storage = storage
        self._clock = clock
        self._launches = launches
        self.policy = policy
        self.board = Board(storage, policy)
        self.history = History(storage)
        self.events = EventLog(storage, clock)
        self.settler = Settler(self.board, self.history, self.events, Replacements(storage),
                               policy=policy,
                               ids=Ids(new_uuid, lambda: str(uuid.uuid4())), timeouts=timeouts)
        self._loop: Loop | None = None
        self._answers = _Answers()
        self._waiting: dict[str, Waiting] = {}
        self._framework = Framework()
        self._agents: dict[str, Location] = {}  # that have offered something to this subscription
        self._over: list[str] = []  # tasks that have ended since the last turn
        self._woken_at: float | None = None
        self.failed_because: str | None = None
        self.board.changed.update(self.board.states)
        self.view = renewed(View(), self.board, self.history, {}, self.events.last)
        self.settler.touch_all()

    def attach(self, loop: Loop) -> None:
        """The framework whose loop this is; before it runs."""
        self._loop = loop

    def ask(self, call: Callable[[], T]) -> Future[T]:
        """Have this called on the loop; the answer, or what it raises, comes when all that it
        changed is durable.
        """
        future: Future[T] = Future()
        if self._loop is None:
            future.set_exception(TroubleError("the service is starting: there is no master yet"))
            return future
        self._on_loop().call(lambda: self._answer(call, future))
        return future

    # ---- Work

    def adopt(self, entry: Entry, task: Task | None) -> None:  # noqa: ARG002 - the port's signature
        instance = self._instance(entry.task_id)
        if instance is None and entry.phase is not Phase.ENDED:
            self._on_loop().kill(entry.task_id)

    def settle(self) -> None:
        now = self._clock()
        self.settler.settle(now)
        self.events.store()
        try:
            self._storage.flush()
        except StorageError:
            self.view = replace(self.view,
                                trouble=self._on_loop().trouble or "the state cannot be written")
            return
        self._follow_up(now)

    def waits(self) -> bool:
        return self._launches.wanted(self.board, self._clock())

    def match(self, offers: Sequence[Offer]) -> Match:
        new = {each.agent_id: each for each in offers if each.agent_id not in self._agents}
        if new:
            self._agents = {**self._agents,
                            **{agent_id: location(each) for agent_id, each in new.items()}}
        return self._launches.match(self.board, offers, self._clock())

    def executor(self, task_id: str) -> CustomExecutor | None:
        return self._launches.executor(task_id)

    def info(self, launch: Launch, placement: Placement, executor: ExecutorInfo | None) -> TaskInfo:
        instance, info = self._launches.launched(self.board, launch, placement, executor,
                                                 self._clock())
        self.change(instance)
        return info

    def requeued(self, entry: Entry) -> None:
        """The offers were gone. Its next task gets another id, so this one is over."""
        instance = self._instance(entry.task_id)
        if instance is not None:
            self.change(replace(instance, condition=Condition.SCHEDULED, since=self._clock(),
                                location=None,
                                 host_ports=(), staged_at=None, stirred=None))
        self._on_loop().kill(entry.task_id)

    def ended(self, task_id: str) -> None:
        self._over.append(task_id)

    # ---- Listener

    def subscribed(self, framework_id: str, master: str) -> None:
        log.info("Subscribed at %s as %s", master, framework_id)
        again = self._framework.id is not None
        self._framework = Framework(framework_id, master)
        self._agents = {}
        kind = "scheduler_reregistered_event" if again else "scheduler_registered_event"
        self.events.emit(kind, {"frameworkId": framework_id, "master": master} if not again
                         else {"master": master})

    def disconnected(self, why: str) -> None:
        if why != self._framework.why_not:
            log.warning("No master: %s; trying again", why)
        self._framework = Framework(self._framework.id, None, why)
        self.events.emit("scheduler_disconnected_event", {})

    def launched(self, entry: Entry, launch: Launch, info: TaskInfo) -> None:  # noqa: ARG002 - the port's
        self._on_loop().call(lambda: None)  # `info` made it so; another turn settles and shows it

    def updated(self, entry: Entry, status: TaskStatus) -> None:
        instance = self._instance(status.task_id)
        if instance is None:
            self._unknown(entry, status)
            return
        heard = transitions.heard(instance,
                                  news(status, self._launches.ready_codes(self.board, instance)),
                                  self._clock())
        if heard.condition in (Condition.STAGING, Condition.STARTING):
            heard = transitions.stirred(heard, self._clock())  # a pull tells its progress
        if heard == instance:
            return
        if heard.condition is Condition.UNREACHABLE and not instance.condition.is_lost:
            self.settler.replacements.note_lost()
        self.change(heard)
        self.events.emit(*status_event(heard, status))
        if heard.healthy is not instance.healthy:
            self.events.emit(*health_event(heard))
            if heard.healthy is not None:
                self.events.emit(*alive_event(heard, alive=heard.healthy))

    def waiting(self, misfits: Mapping[str, tuple[Misfit, ...]]) -> None:
        now = self._clock()
        for app_id, found in misfits.items():
            before = self._waiting.get(app_id, Waiting(now))
            rejected = [Rejected(each.agent_id, _reasons(each), now, each)
                        for each in found]
            self._waiting[app_id] = Waiting(before.since, found, before.attempt.rejected(rejected))
            self.board.changed.add(app_id)

    def messaged(self, agent_id: str, executor_id: str, data: bytes) -> None:
        self.events.emit("framework_message_event", {
            "executorId": executor_id, "slaveId": agent_id, "message": list(data[:4096])})

    def failed(self, why: str) -> None:
        self.failed_because = why

    # ---- inside

    def _on_loop(self) -> Loop:
        if self._loop is None:
            raise RuntimeError("no framework is attached")
        return self._loop

    def _answer(self, call: Callable[[], T], future: Future[T]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        if (trouble := self._on_loop().trouble) is not None:
            future.set_exception(TroubleError(trouble))
            return
        try:
            answer = call()
        except Exception as error:  # noqa: BLE001 - it is the asker's, whatever it is
            future.set_exception(error)
            return
        self._answers.waiting.append(lambda: future.set_result(answer))

    def _follow_up(self, now: float) -> None:
        """What was decided is durable: do it, tell it, answer."""
        kills, self.settler.kills = self.settler.kills, []
        for instance in kills:
            self._on_loop().kill(task_id(instance.id, instance.incarnation))
        over, self._over = self._over, []
        for ended in over:
            self._on_loop().forget(ended)
        self.events.tell()
        self._note_waiting(now)
        view = renewed(self.view, self.board, self.history, self._waiting, self.events.last)
        self.view = replace(view, framework=self._framework, trouble=self._on_loop().trouble,
                            losses=self.settler.replacements.losses, agents=self._agents)
        answers, self._answers.waiting = self._answers.waiting, []
        for answer in answers:
            answer()
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
        at = self.settler.next_wake(now)
        if at is None or (self._woken_at is not None and self._woken_at <= at):
            return
        self._woken_at = at
        self._on_loop().call_later(max(0.0, at - now), self._wake)

    def _wake(self) -> None:
        self._woken_at = None  # the turn that follows settles

    def _instance(self, task: str) -> Instance | None:
        """The instance whose newest task this is."""
        try:
            parts = read_task_id(task)
        except SpecError:
            return None
        instance = self.board.instances_of(parts.app_id).get(parts.instance_id)
        if instance is None or task_id(instance.id, instance.incarnation) != task:
            return None
        return instance

    def change(self, instance: Instance) -> None:
        """The instance is this now."""
        if is_leaving(self.board.instances_of(instance.app_id).get(instance.id), instance):
            self.events.emit(*leaving_event(instance))
        self.board.put_instance(instance)
        self.settler.touch(instance.app_id)

    def _unknown(self, entry: Entry, status: TaskStatus) -> None:
        """A task of an instance that is gone, or was replaced: whatever still runs of it shall end.
        """
        if entry.phase is not Phase.ENDED:
            self._on_loop().kill(status.task_id)
            return
        try:
            parts = read_task_id(status.task_id)
        except SpecError:
            return
        self.events.emit("unknown_instance_terminated_event", {
            "instanceId": parts.instance_id, "runSpecId": parts.app_id,
            "condition": news(status).condition.value}, parts.app_id)


def _reasons(misfit: Misfit) -> tuple[Reason, ...]:
    return tuple(shortage.reason for shortage in misfit.shortages if shortage.reason is not None)
