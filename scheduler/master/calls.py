"""The calls of a framework, composed by pymesos, with what it gets wrong put right.

KILL has its agent and its kill policy, RECONCILE its agents; an update is acknowledged by its value;
FrameworkInfo is what was asked for. Who sends them, and when that is of use, the driver says.
"""
from __future__ import annotations

import base64
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from specs.forms.render import plain
from specs.messages.status import TaskStatus
from specs.messages.task import TaskInfo

_EXECUTOR: Final = frozenset({"executor"})
_sigint: Final = signal.getsignal(signal.SIGINT)
import pymesos  # noqa: E402 - between two lines that undo what importing it does: it takes SIGINT over

if _sigint is not None:  # None: it belongs to somebody outside Python
    signal.signal(signal.SIGINT, _sigint)
pymesos.logger.removeHandler(pymesos.handler)  # it writes all of its records to stderr, besides our own handlers


class MasterCalls(pymesos.MesosSchedulerDriver):  # type: ignore[misc] # pymesos has no types
    """The calling half of `Master`; a subclass has `_send` and `connected`."""

    def accept(self, offer_ids: Sequence[str], tasks: Sequence[TaskInfo],
               refuse_seconds: float) -> None:
        self.launchTasks(_values(offer_ids), list(_described(tasks)),
                         filters={"refuse_seconds": refuse_seconds})

    def decline(self, offer_ids: Sequence[str], refuse_seconds: float) -> None:
        self.declineOffer(_values(offer_ids), filters={"refuse_seconds": refuse_seconds})

    def kill(self, task_id: str, agent_id: str | None, grace: float | None) -> None:
        kill: dict[str, Any] = {"task_id": {"value": task_id}}
        if agent_id is not None:
            kill["agent_id"] = {"value": agent_id}
        if grace is not None:
            kill["kill_policy"] = {"grace_period": {"nanoseconds": round(grace * 1e9)}}
        self._call("KILL", kill)

    def acknowledge(self, status: TaskStatus) -> None:
        if status.uuid is not None and status.agent_id is not None:
            self._call("ACKNOWLEDGE", {
                "agent_id": {"value": status.agent_id}, "task_id": {"value": status.task_id},
                "uuid": base64.b64encode(status.uuid).decode()})

    def reconcile(self, tasks: Iterable[tuple[str, str | None]]) -> None:
        self._call("RECONCILE", {"tasks": [
            {"task_id": {"value": task_id},
             **({"agent_id": {"value": agent_id}} if agent_id is not None else {})}
            for task_id, agent_id in tasks]})

    def suppress(self) -> None:
        self.suppressOffers()

    def revive(self) -> None:
        self.reviveOffers()

    def message(self, agent_id: str, executor_id: str, data: bytes) -> None:
        self.sendFrameworkMessage({"value": executor_id}, {"value": agent_id},
                                  base64.b64encode(data).decode())

    @property
    def framework(self) -> dict[str, Any]:
        """FrameworkInfo as it was asked for.

        pymesos would claim GPU_RESOURCES and choose a failover_timeout.
        """
        return dict(self._framework)

    def _call(self, kind: str, arguments: Mapping[str, Any]) -> None:
        if self.connected:
            self._send({"type": kind, "framework_id": {"value": self.framework_id},
                        kind.lower(): arguments})


def _described(tasks: Sequence[TaskInfo]) -> Iterator[dict[str, Any]]:
    """As JSON. Tasks on one agent mostly share their executor, which is a third of each and so is written once."""
    executor, said = None, {}
    for task in tasks:
        if task.executor is None:
            yield plain(task)
            continue
        if task.executor is not executor:
            executor, said = task.executor, plain(task.executor)
        yield {**plain(task, _EXECUTOR), "executor": said}


def _values(ids: Iterable[str]) -> list[dict[str, str]]:
    return [{"value": each} for each in ids]
