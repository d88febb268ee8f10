"""The ExecutorInfo of each executor of ours, by agent: made once and the same for as long as it
runs.

A master refuses a task whose ExecutorInfo is another than that of the running executor, resources
included, whichever scheduler started it. So what was made is kept in the storage too.
"""
from __future__ import annotations

from collections.abc import Sequence

from scheduler.storage.port import Storage
from scheduler.tasks.launching import CustomExecutor
from specs.messages.resource import Resource
from specs.messages.task import ExecutorInfo


class Executors:
    """Used by one thread; what is saved is flushed at the end of the loop's turn, before anything is launched."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._infos: dict[tuple[str, str], ExecutorInfo] = {}  # by agent and executor id

    def take_over(self) -> None:
        """Those that a scheduler before us started."""
        self._infos.update(((agent_id, executor_id), info) for agent_id, executor_id,
                           info in self._storage.executors())

    def info(self, agent_id: str, executor: CustomExecutor,
             resources: Sequence[Resource] | None) -> ExecutorInfo:
        """For a task on this agent; `resources` are for the executor, if the task is the first of
        it there.
        """
        key = (agent_id, executor.executor_id)
        if key not in self._infos:
            self._infos[key] = executor.info(resources or ())
            self._storage.save_executor(*key, self._infos[key])
        return self._infos[key]

    def is_over(self, agent_id: str, executor_id: str) -> None:
        """It ended: the next one may be another."""
        if self._infos.pop((agent_id, executor_id), None) is not None:
            self._storage.save_executor(agent_id, executor_id, None)

    def are_over(self, agent_id: str) -> None:
        """The agent is gone, with all of them."""
        for place, executor_id in [key for key in self._infos if key[0] == agent_id]:
            self.is_over(place, executor_id)
