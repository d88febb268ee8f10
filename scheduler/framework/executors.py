"""The ExecutorInfo of each executor of ours, by agent: made once and the same for as long as it
runs.

A master refuses a task whose ExecutorInfo is another than that of the running executor, resources
included, whichever scheduler started it. So what was made is kept in the storage too. Whether one
runs its agent's offers say, and they may come before or after the word that it has ended: that of an
executor which offers still have is the one that it had, as an agent that was out of reach comes back
with its executors.
"""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from scheduler.storage.port import Storage
from scheduler.tasks.launching import CustomExecutor
from specs.messages.resource import Resource
from specs.messages.task import ExecutorInfo

ENDED: Final = 1000  # executors that have ended, of which it is kept what they were


class Executors:
    """Used by one thread; what is saved is flushed at the end of the loop's turn, before anything is launched."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._infos: dict[tuple[str, str], ExecutorInfo] = {}  # by agent and executor id
        self._last: ExecutorInfo | None = None  # that was made: those of most agents are alike, and share it
        self._ended: OrderedDict[tuple[str, str], ExecutorInfo] = OrderedDict()  # as far as is known

    def take_over(self) -> None:
        """Those that a scheduler before us started."""
        self._infos.update(((agent_id, executor_id), info) for agent_id, executor_id,
                           info in self._storage.executors())

    def info(self, agent_id: str, executor: CustomExecutor,
             resources: Sequence[Resource] | None) -> ExecutorInfo:
        """For a task on this agent; `resources` are for the executor, if the task is the first of
        it there; None: the offer says that it runs.
        """
        key = (agent_id, executor.executor_id)
        if key not in self._infos:
            had = self._ended.pop(key, None)
            info = executor.info(resources or ()) if had is None or resources is not None else had
            self._last = self._infos[key] = self._last if info == self._last else info
            self._storage.save_executor(*key, info)
        return self._infos[key]

    def is_over(self, agent_id: str, executor_id: str) -> None:
        """It ended: the next one may be another."""
        info = self._infos.pop((agent_id, executor_id), None)
        if info is not None:
            self._ended[agent_id, executor_id] = info
            if len(self._ended) > ENDED:
                self._ended.popitem(last=False)
            self._storage.save_executor(agent_id, executor_id, None)

    def are_over(self, agent_id: str) -> None:
        """The agent is gone, with all of them."""
        for place, executor_id in [key for key in self._infos if key[0] == agent_id]:
            self.is_over(place, executor_id)
