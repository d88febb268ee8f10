"""What the master remembers: frameworks, agents, tasks and offers.

Plain records without behaviour beyond their own bookkeeping; who changes them when is in
`master.py`. Infos are messages in their JSON form.
"""
from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from deploy.local.records.framework_info import capabilities, framework_roles
from deploy.local.records.messages import resource_messages, resources_of
from deploy.local.records.task import Task
from deploy.local.wire.json_message import full
from specs.forms import Json
from specs.messages.resource import Resource
from specs.resources.sums import Resources

if TYPE_CHECKING:
    from deploy.local.wire.events import EventSender
    from deploy.local.wire.link import AgentLink


MAX_COMPLETED_FRAMEWORKS: Final = 50
MAX_COMPLETED_TASKS: Final = 1000  # per framework


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


def agent_message(record: AgentRecord, offered: Resources | None = None) -> Json:
    """An agent in GET_AGENTS and its kin."""
    message: Json = {
        "agent_info": record.info, "active": record.active, "deactivated": record.deactivated,
        "version": record.version, "pid": record.pid,
        "registered_time": nanoseconds(record.registered_time),
        "total_resources": endpoint_resources(record.total),
        "allocated_resources": endpoint_resources(record.used()),
        "offered_resources": endpoint_resources(offered or ()),
        "capabilities": [{"type": name} for name in AGENT_CAPABILITIES]}
    if record.reregistered_time:
        message["reregistered_time"] = nanoseconds(record.reregistered_time)
    return message


def nanoseconds(seconds: float) -> Json:
    """A TimeInfo."""
    return {"nanoseconds": int(seconds * 1e9)}


def endpoint_resources(resources: Iterable[Resource]) -> list[Json]:
    """Resource messages with the role in its old place too, as the endpoints show them."""
    return [{**full("mesos.v1.Resource", item), "role": "*"}
            for item in resource_messages(resources)]


AGENT_CAPABILITIES = ("MULTI_ROLE", "HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT",
                      "RESOURCE_PROVIDER", "RESIZE_VOLUME",
                      "AGENT_OPERATION_FEEDBACK", "AGENT_DRAINING", "TASK_RESOURCE_LIMITS")
