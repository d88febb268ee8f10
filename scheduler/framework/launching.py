"""Launches that were decided, on their way to the master: some in each turn, so that updates of the
first are heard, acknowledged and told while the last are still made.

Of thousands of descriptions so only a few are in memory at a time, and of their updates only a few
wait. While any are on their way no offers are matched: what is on its way still waits for a place
as others see it. What has changed since the match, such as a task that shall end, is not launched.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from scheduler.framework.executors import Executors
from scheduler.framework.listener import Listener
from scheduler.framework.work import Work
from scheduler.master.port import Master
from scheduler.placement.matching import Launch, Placement
from scheduler.storage.port import Storage
from scheduler.tasks.ledger import Ledger, Phase
from specs.messages.task import TaskInfo

AT_ONCE: Final = 250  # tasks, or a few more, that are made, stored and sent together
PER_TURN: Final = 500  # tasks, or a few more, before the loop looks at what has come


class Launching:
    """Belongs to the loop."""

    def __init__(self, master: Master, storage: Storage, ledger: Ledger, executors: Executors, work: Work,
                 listener: Listener) -> None:
        self._master = master
        self._storage = storage
        self._ledger = ledger
        self._executors = executors
        self._work = work
        self._listener = listener
        self._waiting: deque[Launch] = deque()
        self._refuse = 0.0

    @property
    def goes_on(self) -> bool:
        """Whether there are some on their way."""
        return bool(self._waiting)

    def begin(self, launches: Sequence[Launch], refuse: float) -> None:
        """`refuse`: seconds for which what they leave of their offers is not offered again."""
        self._waiting.extend(launches)
        self._refuse = refuse

    def clear(self) -> None:
        """The subscription is over, and so are their offers."""
        self._waiting.clear()

    def parts(self) -> Iterator[Sequence[Launch]]:
        """Those of this turn; each part is to be launched, or its offers given back."""
        tasks = 0
        while self._waiting and tasks < PER_TURN:
            part: list[Launch] = []
            end = tasks + AT_ONCE
            while self._waiting and tasks < end:
                part.append(self._waiting.popleft())
                tasks += len(part[-1].placements)
            yield part

    def launch(self, part: Sequence[Launch], now: float, is_safe: Callable[[], bool]) -> None:
        """`is_safe`: makes durable what the storage was told; False: it cannot be."""
        made = [(launch.offer_ids, [info for placement in launch.placements
                                    if (info := self._launched(launch, placement, now)) is not None])
                for launch in part]
        safe = is_safe()  # if not: the offers go back, and the ledger asks after launches that never were
        for offer_ids, infos in made:
            self._master.accept(offer_ids, infos if safe else [], self._refuse)

    def _launched(self, launch: Launch, placement: Placement, now: float) -> TaskInfo | None:
        """The TaskInfo of a task that counts as launched from here on; None: it could not be made, and
        waits, or waits no more.
        """
        known = self._ledger.get(placement.task_id)
        if known is not None and known.phase is not Phase.QUEUED:
            return None
        wanted = self._work.executor(placement.task_id)
        executor = None if wanted is None else self._executors.info(launch.agent_id, wanted, placement.executor)
        info = self._work.info(launch, placement, executor)
        if info is None:
            return None
        entry = self._ledger.launched(placement.task_id, launch.agent_id, now)
        self._storage.save_entry(entry)
        self._listener.launched(entry, launch, info)
        return info
