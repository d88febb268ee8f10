"""What the master remembers: frameworks, agents, tasks and offers.

Plain records without behaviour beyond their own bookkeeping; who changes them when is in `master.py`. Infos are
messages in their JSON form.
"""
from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from deploy.local.master.call_validation import capabilities, framework_roles
from deploy.local.records.messages import resources_of
from specs.messages.status import TERMINAL_STATES
from specs.resources.sums import Resources

if TYPE_CHECKING:
    from deploy.local.wire.events import EventSender
    from deploy.local.wire.link import AgentLink

Json = dict[str, Any]

MAX_COMPLETED_FRAMEWORKS: Final = 50
MAX_COMPLETED_TASKS: Final = 1000  # per framework
MAX_REMOVED_AGENTS: Final = 100_000
_INFO_FIELDS: Final = ("name", "task_id", "agent_id", "resources", "labels", "discovery", "container", "health_check",
                       "kill_policy", "limits")


def is_terminal(state: str) -> bool:
    return state in TERMINAL_STATES


@dataclass(slots=True)
class Task:
    """A task as the master (or an agent) knows it.

    `state` is the latest, `status_update_state` the last that was forwarded to the framework; they differ while updates
    wait for acknowledgements. As Mesos: the message `Task`.
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
        result: Json = {**self.info, "framework_id": {"value": self.framework_id}, "state": self.state,
                        "statuses": self.statuses}
        if self.executor_id is not None:
            result["executor_id"] = {"value": self.executor_id}
        if self.status_update_state is not None:
            result["status_update_state"] = self.status_update_state
            result["status_update_uuid"] = self.status_update_uuid
        if self.user:
            result["user"] = self.user
        return result


def new_task(info: Mapping[str, Any], framework_id: str) -> Task:
    """The record of a task just launched. The user is the command's, or that of the executor's command."""
    executor = info.get("executor")
    command = info.get("command") or (executor or {}).get("command") or {}
    return Task({key: info[key] for key in _INFO_FIELDS if key in info}, framework_id,
                executor["executor_id"]["value"] if executor else None, user=command.get("user"))


def task_from_message(message: Mapping[str, Any]) -> Task:
    """The record behind a mesos.v1.Task, as an agent reports it."""
    return Task({key: message[key] for key in _INFO_FIELDS if key in message}, message["framework_id"]["value"],
                message.get("executor_id", {}).get("value"), message["state"], list(message.get("statuses", ())),
                message.get("status_update_state"), message.get("status_update_uuid"), message.get("user"))


@dataclass(slots=True)
class Offer:
    """Resources of one agent, offered to one framework until accepted, declined or rescinded."""

    id: str
    framework_id: str
    agent_id: str
    role: str
    resources: Resources  # allocated to the role
    message: Json  # as it was sent


@dataclass(slots=True)
class Framework:
    """A framework that is subscribed, may come back, or is remembered after its end."""

    info: Json
    sender: EventSender | None = None  # None: disconnected
    stream_id: str = ""
    active: bool = False  # gets offers
    recovered: bool = False  # known from agents only, after a restart of the master
    suppressed: set[str] = field(default_factory=set)
    tasks: dict[str, Task] = field(default_factory=dict)
    unreachable_tasks: dict[str, Task] = field(default_factory=dict)
    completed_tasks: deque[Task] = field(default_factory=lambda: deque(maxlen=MAX_COMPLETED_TASKS))
    executors: dict[str, dict[str, Json]] = field(default_factory=dict)  # by agent, by executor id
    offers: dict[str, Offer] = field(default_factory=dict)
    registered_time: float = 0.0
    reregistered_time: float = 0.0
    unregistered_time: float = 0.0
    failover_timer: asyncio.TimerHandle | None = None

    @property
    def id(self) -> str:
        value: str = self.info["id"]["value"]
        return value

    @property
    def connected(self) -> bool:
        return self.sender is not None

    @property
    def roles(self) -> tuple[str, ...]:
        return framework_roles(self.info)

    def has(self, capability: str) -> bool:
        return capability in capabilities(self.info)

    def send(self, event: Json) -> None:
        """An event, if the framework is there to hear it."""
        if self.sender is not None:
            self.sender.send(event)


@dataclass(slots=True)
class AgentRecord:
    """A registered agent."""

    id: str
    info: Json  # AgentInfo, with its id
    link: AgentLink
    total: Resources
    version: str
    pid: str  # slave(1)@ip:port
    connected: bool = True
    active: bool = True
    deactivated: bool = False  # by the operator
    tasks: dict[tuple[str, str], Task] = field(default_factory=dict)  # by framework and task id
    executors: dict[tuple[str, str], Json] = field(default_factory=dict)  # by framework and executor id
    killed: set[tuple[str, str]] = field(default_factory=set)  # kills to repeat when it comes back
    registered_time: float = 0.0
    reregistered_time: float = 0.0
    reregister_timer: asyncio.TimerHandle | None = None

    def used(self) -> Resources:
        """What tasks that have not ended and their executors hold."""
        total = Resources()
        for task in self.tasks.values():
            if not task.state_ended:
                total += task.resources
        for executor in self.executors.values():
            total += resources_of(executor)
        return total
