"""The event stream of the master's operator API: SUBSCRIBE tells the whole state, then each change
of it.

Told are frameworks and agents that come and go, tasks that are launched, and every new state of a
task. An agent that is lost or marked gone is not told of, only one that leaves orderly; its tasks
are.

As Mesos: master/master.cpp (`Master::Subscribers`), common/protobuf_utils.cpp
(`master::event::create…`).
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from deploy.local.records.messages import of_update
from specs.forms import Json

if TYPE_CHECKING:
    from deploy.local.master.memory import Framework
    from deploy.local.records.task import Task
    from deploy.local.wire.events import EventSender


OPERATOR_EVENT: Final = "mesos.v1.master.Event"
HEARTBEAT_SECONDS: Final = 15.0
_ALWAYS_TOLD: Final = frozenset({"REASON_TASK_CHECK_STATUS_UPDATED",
                                 "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED"})


class OperatorEvents:
    """All subscribers, and what they are told."""

    def __init__(self) -> None:
        self._senders: list[EventSender] = []

    def subscribe(self, sender: EventSender, state: Json) -> None:
        """A new subscriber; `state` is what GET_STATE answers."""
        self._senders.append(sender)
        sender.on_closed(lambda: self._forget(sender))
        sender.send({"type": "SUBSCRIBED", "subscribed": {
            "get_state": state, "heartbeat_interval_seconds": HEARTBEAT_SECONDS}})
        sender.start_heartbeat(HEARTBEAT_SECONDS, at_once=True)

    def close(self) -> None:
        """The master ends, and all streams with it."""
        for sender in self._senders:
            sender.close()
        self._senders.clear()

    def _forget(self, sender: EventSender) -> None:
        if sender in self._senders:
            self._senders.remove(sender)
            sender.close()

    def _tell(self, kind: str, content: Json) -> None:
        for sender in list(self._senders):
            sender.send({"type": kind, kind.lower(): content})

    def framework_added(self, framework: Framework) -> None:
        self._tell("FRAMEWORK_ADDED", {"framework": _framework(framework)})

    def framework_updated(self, framework: Framework) -> None:
        self._tell("FRAMEWORK_UPDATED", {"framework": _framework(framework)})

    def framework_removed(self, info: Json) -> None:
        self._tell("FRAMEWORK_REMOVED", {"framework_info": info})

    def agent_added(self, agent: Json) -> None:
        """`agent`: as GET_AGENTS shows it."""
        self._tell("AGENT_ADDED", {"agent": agent})

    def task_added(self, task: Task) -> None:
        if self._senders:
            self._tell("TASK_ADDED", {"task": task.message()})

    def task_updated(self, task: Task, status: Mapping[str, Any], *, new_state: bool) -> None:
        """An update has been taken into the task. `new_state`: its state is not that of the status
        before.
        """
        if new_state or status.get("reason") in _ALWAYS_TOLD:
            self._tell("TASK_UPDATED", {"framework_id": {"value": task.framework_id},
                                        "state": task.state, "status": of_update(status)})


def _framework(framework: Framework) -> Json:
    """Less than GET_FRAMEWORKS shows: neither offers nor resources, but a time of removal even if
    there is none.
    """
    return {
        "framework_info": framework.info, "active": framework.active,
        "connected": framework.connected, "recovered": framework.recovered,
        **{name: {"nanoseconds": int(moment * 1e9)} for name, moment in (
            ("registered_time", framework.registered_time),
            ("reregistered_time", framework.reregistered_time),
            ("unregistered_time", framework.unregistered_time))}}
