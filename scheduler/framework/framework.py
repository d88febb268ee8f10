"""The framework: one inbox, one loop, and the only owner of what is known about tasks.

Whatever happens, on whatever thread, is put into the inbox. The loop takes out all that is there, lets the ledger say
what each update means, and then looks once at what follows: tasks that wait are matched with the offers that came, what
has to be asked again is asked. Updates are acknowledged after they are stored. Offers are never kept: what no task
takes goes back at once, with a short filter while any are wanted and a long one otherwise, which only REVIVE undoes;
when none are wanted, SUPPRESS stops them.
"""
from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import assert_never

from scheduler.config import Config
from scheduler.framework.durable import Durable
from scheduler.framework.executors import Executors
from scheduler.framework.inbox import Inbox
from scheduler.framework.launching import Launching
from scheduler.framework.listener import Listener
from scheduler.framework.offered import Offered
from scheduler.framework.queue import Queue
from scheduler.framework.timers import FirstSubscription, Later, Ring, StorageAgain, Timers
from scheduler.framework.told import Told, ended, way_out
from scheduler.framework.work import Work
from scheduler.master.port import Master
from scheduler.storage.port import Nowhere, Storage
from scheduler.tasks.launching import Task
from scheduler.tasks.ledger import Entry, Ledger, Phase
from specs.messages.offer import Offer
from specs.messages.status import TaskState, TaskStatus, is_terminal

log = logging.getLogger(__name__)

_STORAGE_PAUSE = 1.0  # seconds between two tries to write what a storage did not take


class Framework:
    """`run` is the loop. What it is asked to do may be asked from any thread, also from a signal handler; all else
    happens on the loop's.
    """

    def __init__(self, master: Master, config: Config, listener: Listener, *,
                 storage: Storage | None = None, work: Work | None = None,
                 clock: Callable[[], float] = time.monotonic, contains: bool = False) -> None:
        """`clock`: seconds. With `storage` the tasks it holds are taken over; `work` None: tasks are submitted;
        `contains`: a fault of ours does not end the loop (see `inbox`).
        """
        self._master = master
        self._config = config
        self._listener = listener
        self._storage = storage or Nowhere()
        self._durable = Durable(self._storage)
        self._clock = clock
        self._inbox = Inbox(contains=contains)
        self._post = self._inbox.put
        self._timers = Timers(clock)
        self._ledger = Ledger(config)
        self._queue = Queue()
        self._work: Work = self._queue if work is None else work
        self._executors = Executors(self._storage)
        self._offered = Offered(master)
        self._launching = Launching(master, self._storage, self._ledger, self._executors, self._work, listener)
        self._unacknowledged: dict[tuple[str, bytes | None], TaskStatus] = {}  # updates; they come again until they are
        self._subscribed = False
        self._ever_subscribed = False
        self._last_reason = "no answer"
        self._over = False
        self._failed = False
        self._failover = False
        self._comes_back = False  # a storage knows who we are

    # What it is asked to do.

    def submit(self, tasks: Iterable[Task]) -> None:
        """Run these tasks. An id that is there already is refused: ValueError, raised by `run`."""
        self._post(self._submit, tuple(tasks))

    def kill(self, task_id: str, grace: float | None = None) -> None:
        """End a task; `grace` in seconds, None for its own kill policy."""
        self._post(self._kill, task_id, grace)

    def kill_all(self, grace: float | None = None) -> None:
        """End every task."""
        self._post(self._kill_all, grace)

    def stop(self, *, failover: bool = False) -> None:
        """Leave the loop. Without `failover` the master is told to end all that is left, and the storage forgets it."""
        self._post(self._stop, failover)

    def forget(self, task_id: str) -> None:
        """Drop a task that has ended from the table."""
        self._post(self._ledger.forget, task_id)

    def resubscribe(self) -> None:
        """Give the subscription up and take it again."""
        self._master.resubscribe()

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call this on the loop's thread after a while."""
        self._post(self._timers.start, Later(call), seconds)

    def call(self, call: Callable[[], None]) -> None:
        """Call this on the loop's thread."""
        self._post(call)

    @property
    def trouble(self) -> str | None:
        """Why the storage cannot be written, if it cannot; then nothing is launched, ended or acknowledged."""
        return self._durable.trouble

    @property
    def ledger(self) -> Ledger:
        """The table of tasks; to be read on the loop's thread."""
        return self._ledger

    def run(self) -> None:
        """Subscribe and work until `stop`.

        An error that a listener or the storage raises comes out of here. With a storage the tasks outlive it as they
        outlive a kill -9, without one they are ended.
        """
        if math.isfinite(self._config.connect_timeout):
            self._timers.start(FirstSubscription(), self._config.connect_timeout)
        for entry, task in self._storage.tasks(self._clock()):
            self._ledger.adopt(entry)
            self._work.adopt(entry, task)
        self._executors.take_over()
        self._master.start(Told(self, self._post), self._storage.framework_id())
        try:
            while not self._over:
                self._turn()
            self._acknowledge()
        except BaseException:
            self._master.stop(failover=self._comes_back)
            raise
        self._master.stop(failover=self._failover)
        if self._subscribed and not self._failed and not self._failover:
            self._storage.forget()
            self._storage.flush()

    # The loop.

    def _turn(self) -> None:
        self._inbox.work_off(self._wait())
        for ring in self._timers.due():
            self._inbox.call(self._rang, ring)
        self._inbox.call(self._work.settle)
        if self._acknowledge() and self._subscribed and not self._over:
            self._match()
            self._inbox.call(self._ask, self._clock())

    def _wait(self) -> float | None:
        due = self._ledger.next_due() if self._subscribed else None
        times = [at for at in (self._timers.next, due) if at is not None]
        return max(0.0, min(times) - self._clock()) if times else None

    def _rang(self, ring: Ring) -> None:
        match ring:
            case Later(call):
                call()
            case FirstSubscription():
                if not self._ever_subscribed:
                    patience = self._config.connect_timeout
                    self._fail(f"no Mesos master could be reached within {patience:g} s: {self._last_reason}")
            case StorageAgain():
                pass  # every turn writes what is not written
            case _:
                assert_never(ring)

    def _acknowledge(self) -> bool:
        """Updates are acknowledged when what they changed is safe; whether it is."""
        if not self._is_safe():
            return False
        for status in self._unacknowledged.values():
            self._master.acknowledge(status)
        self._unacknowledged.clear()
        return True

    def _is_safe(self) -> bool:
        """Whether nothing that the storage was told could be forgotten by now; if not, it is tried again soon."""
        if self._durable.write():
            return True
        self._timers.start(StorageAgain(), _STORAGE_PAUSE)
        return False

    def _match(self) -> None:
        offers = [] if self._launching.goes_on else self._offered.take()
        if offers and not self._inbox.call(self._answer_offers, offers):
            self._master.decline([offer.id for offer in offers], self._config.refuse_short)
        now = self._clock()
        for part in self._launching.parts():
            self._post(_nothing)  # another turn follows: on what was launched, and for what is still on its way
            if not self._inbox.call(self._launching.launch, part, now, self._is_safe):
                self._master.decline([each for launch in part for each in launch.offer_ids], self._config.refuse_short)
        self._offered.want(self._work.waits())

    def _answer_offers(self, offers: Sequence[Offer]) -> None:
        matched = self._work.match(offers)
        refuse = self._config.refuse_short if self._work.waits() or matched.misfits else self._config.refuse_long
        for decline in matched.declines:
            log.debug("Declining the offer of %s: %s", decline.agent_id, decline.reason)
        if matched.declines:
            self._master.decline([offer_id for decline in matched.declines for offer_id in decline.offer_ids], refuse)
        self._launching.begin(matched.launches, refuse)
        if matched.misfits:
            self._listener.waiting(matched.misfits)

    def _ask(self, now: float) -> None:
        due = self._ledger.due(now)
        for entry in due.kills:
            self._master.kill(entry.task_id, entry.agent_id, entry.grace)
        if due.reconcile:
            self._master.reconcile(due.reconcile)
        if due.everything:
            self._master.reconcile(())

    def _submit(self, tasks: Sequence[Task]) -> None:
        now = self._clock()
        for task in tasks:
            entry = self._ledger.add(task.wish.task_id, now)
            self._queue.add(task)
            self._storage.save_task(entry, task)

    def _kill(self, task_id: str, grace: float | None) -> None:
        before = self._ledger.get(task_id)
        entry = self._ledger.kill(task_id, grace, self._clock())
        if entry is None or before is None or entry is before:
            return
        self._storage.save_entry(entry)
        if before.phase is Phase.QUEUED:
            self._tell(entry, TaskStatus(task_id, TaskState.KILLED, "Killed before it was launched",
                                         timestamp=time.time()))

    def _kill_all(self, grace: float | None) -> None:
        for entry in list(self._ledger):
            self._kill(entry.task_id, grace)

    def _stop(self, failover: bool) -> None:
        self._over = True
        self._failover = failover

    def _fail(self, why: str) -> None:
        self._over = self._failed = True
        self._listener.failed(why)

    # What the master tells, taken on the loop's thread (scheduler.master.port.MasterEvents; `Told` brings it here).

    def subscribed(self, framework_id: str, master: str) -> None:
        self._subscribed = self._ever_subscribed = True
        self._offered.subscribed()
        self._storage.save_framework_id(framework_id)
        self._comes_back = self._storage.framework_id() is not None
        self._ledger.subscribed(self._clock())
        self._listener.subscribed(framework_id, master)

    def disconnected(self, why: str) -> None:
        self._subscribed = False
        self._last_reason = why
        self._offered.clear()
        self._launching.clear()
        self._listener.disconnected(why)

    def refused(self, why: str) -> None:
        self._fail(why)

    def error(self, message: str) -> None:
        self._fail(ended(message, self._storage.framework_id(), was_subscribed=self._ever_subscribed))

    def offers(self, offers: Sequence[Offer]) -> None:
        self._offered.add(offers)

    def rescinded(self, offer_id: str) -> None:
        self._offered.rescinded(offer_id)

    def update(self, status: TaskStatus) -> None:
        before = self._ledger.get(status.task_id)
        step = self._ledger.update(status, self._clock())
        if step.entry is not None:
            if step.entry is not before:
                self._storage.save_entry(step.entry)
            if step.entry.phase is Phase.QUEUED and not step.news:
                self._work.requeued(step.entry)
        elif not is_terminal(status.state):
            log.warning("Killing the task %s: it is not known here", status.task_id, extra={"task": status.task_id})
            self._master.kill(status.task_id, status.agent_id, None)
        if step.acknowledge:
            self._unacknowledged[status.task_id, status.uuid] = status
        if step.news and step.entry is not None:
            self._tell(step.entry, status)

    def message(self, agent_id: str, executor_id: str, data: bytes) -> None:
        self._listener.messaged(agent_id, executor_id, data)

    def executor_failed(self, agent_id: str, executor_id: str, status: int | None) -> None:
        log.info("The executor %s on %s ended %s", executor_id, agent_id, way_out(status), extra={"agent": agent_id})
        self._executors.is_over(agent_id, executor_id)

    def agent_failed(self, agent_id: str) -> None:
        log.info("The agent %s was removed", agent_id, extra={"agent": agent_id})
        self._executors.are_over(agent_id)

    def call_failed(self, call: str, why: str) -> None:
        log.warning("The call %s failed: %s", call, why)
        if call == "ACCEPT":
            self._ledger.doubt_launches(self._clock())

    def _tell(self, entry: Entry, status: TaskStatus) -> None:
        if entry.phase is Phase.ENDED:
            self._work.ended(entry.task_id)
        self._listener.updated(entry, status)


def _nothing() -> None:
    """What wakes the loop."""
