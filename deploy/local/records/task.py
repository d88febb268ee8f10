"""A task as masters and agents remember it."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.local.records.messages import resources_of
from specs.forms import Json
from specs.messages.status import is_terminal
from specs.resources.sums import Resources

_INFO_FIELDS: Final = ("name", "task_id", "agent_id", "resources", "labels", "discovery",
                       "container", "health_check", "kill_policy", "limits")


@dataclass(slots=True)
class Task:
    """A task as the master (or an agent) knows it.

    `state` is the latest, `status_update_state` the last that was forwarded to the framework; they
    differ while updates wait for acknowledgements. As Mesos: the message `Task`.
    """

    info: Json  # the fields of TaskInfo that Task shares
    framework_id: str
    executor_id: str | None
    state: str = "TASK_STAGING"
    statuses: list[Json] = field(default_factory=list)
    status_update_state: str | None = None
    status_update_uuid: str | None = None
    user: str | None = None

    @property
    def id(self) -> str:
        value: str = self.info["task_id"]["value"]
        return value

    @property
    def agent_id(self) -> str:
        value: str = self.info["agent_id"]["value"]
        return value

    @property
    def resources(self) -> Resources:
        return resources_of(self.info)

    @property
    def state_ended(self) -> bool:
        """Whether it holds no resources any more."""
        return is_terminal(self.state) or self.state == "TASK_UNREACHABLE"

    @property
    def status_update_ends(self) -> bool:
        """Whether the update that the framework has seen last was its last."""
        return self.status_update_state is not None and is_terminal(self.status_update_state)

    @property
    def known_state(self) -> str:
        """What reconciliation answers."""
        return self.status_update_state or self.state

    def message(self) -> Json:
        """As the message mesos.v1.Task."""
        result: Json = {**self.info, "framework_id": {"value": self.framework_id},
                        "state": self.state, "statuses": self.statuses}
        if self.executor_id is not None:
            result["executor_id"] = {"value": self.executor_id}
        if self.status_update_state is not None:
            result["status_update_state"] = self.status_update_state
            result["status_update_uuid"] = self.status_update_uuid
        if self.user:
            result["user"] = self.user
        return result


def new_task(info: Mapping[str, Any], framework_id: str) -> Task:
    """The record of a task just launched. The user is the command's, or that of the executor's
    command.
    """
    executor = info.get("executor")
    command = info.get("command") or (executor or {}).get("command") or {}
    return Task({key: info[key] for key in _INFO_FIELDS if key in info}, framework_id,
                executor["executor_id"]["value"] if executor else None, user=command.get("user"))


def task_from_message(message: Mapping[str, Any]) -> Task:
    """The record behind a mesos.v1.Task, as an agent reports it."""
    return Task({key: message[key] for key in _INFO_FIELDS if key in message},
                message["framework_id"]["value"],
                message.get("executor_id", {}).get("value"), message["state"],
                list(message.get("statuses", ())),
                message.get("status_update_state"), message.get("status_update_uuid"),
                message.get("user"))
