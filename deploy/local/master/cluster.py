"""The master's state, and the few changes to it that everything else is made of.

Tasks move between states, are removed, offers come and go; each of these also moves the allocator's
accounts. Who decides it is in `subscriptions`, `accepting` and `agents`.

As Mesos: master/master.cpp (`updateTask`, `removeTask`, `forward`, `offer`, `rescindOffer`,
`discardOffer`).
"""
from __future__ import annotations

import asyncio
import ipaddress
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final

from deploy.local.master.allocator import Allocation, Allocator, refuse_seconds
from deploy.local.master.memory import MAX_COMPLETED_FRAMEWORKS, AgentRecord, Framework, Offer
from deploy.local.master.operator_events import OperatorEvents
from deploy.local.records.flags import MasterFlags
from deploy.local.records.messages import of_update, resource_messages, resources_of
from deploy.local.records.task import Task
from deploy.local.records.version import VERSION
from specs.forms import Json
from specs.messages.status import is_terminal
from specs.network.address import HostPort
from specs.resources.sums import Resources

HEARTBEAT_SECONDS: Final = 15.0


class Cluster:
    """All that the master knows."""

    def __init__(self, flags: MasterFlags) -> None:
        self.flags = flags
        self.id = str(uuid.uuid4())
        self.start_time = time.time()
        self.allocator = Allocator(flags.allocation_interval)
        self.operators = OperatorEvents()
        self.frameworks: dict[str, Framework] = {}
        self.completed: dict[str, Framework] = {}
        self.agents: dict[str, AgentRecord] = {}
        self.recovered_agents: set[str] = set()  # known from before a restart, not yet back
        self.unreachable_agents: dict[str, float] = {}  # since when
        self.gone_agents: set[str] = set()
        self.deactivated_agents: set[str] = set()  # by the operator: they get no tasks
        self.offers: dict[str, Offer] = {}
        self._counts = {"framework": 0, "agent": 0, "offer": 0}
        self._round: asyncio.TimerHandle | asyncio.Handle | None = None
        self._closed = False

    # ---- ids

    def new_framework_id(self) -> str:
        return f"{self.id}-{self._next('framework'):04d}"

    def new_agent_id(self) -> str:
        return f"{self.id}-S{self._next('agent')}"

    def _next(self, kind: str) -> int:
        count = self._counts[kind]
        self._counts[kind] = count + 1
        return count

    def master_info(self) -> Json:
        """The message MasterInfo. `ip` is the address in network byte order, read on a
        little-endian machine; 0 for IPv6, which has no room there."""
        flags = self.flags
        packed = ipaddress.ip_address(flags.shown_ip).packed
        return {
            "id": self.id, "ip": int.from_bytes(packed, "little") if len(packed) == 4 else 0,
            "port": flags.port,
            "pid": f"master@{HostPort(flags.shown_ip, flags.port)}", "hostname": flags.hostname,
            "version": VERSION,
            "address": {"hostname": flags.hostname, "ip": flags.shown_ip, "port": flags.port},
            "capabilities": [{"type": "AGENT_UPDATE"}, {"type": "AGENT_DRAINING"},
                             {"type": "QUOTA_V2"}],
        }

    # ---- updates

    def forward(self, framework: Framework, status: Mapping[str, Any]) -> None:
        """Send an update to its framework. One with a uuid came from an agent and will be
        acknowledged.
        """
        task = framework.tasks.get(status["task_id"]["value"])
        if task is not None and "uuid" in status:
            task.status_update_state, task.status_update_uuid = status["state"], status["uuid"]
        framework.send({"type": "UPDATE", "update": {"status": dict(status)}})

    def update_task(self, task: Task, status: Mapping[str, Any],
                    latest_state: str | None = None) -> None:
        """Take a status into the task's record; a task that ends gives its resources back."""
        state = latest_state or status["state"]
        ended_before = task.state_ended
        if not is_terminal(task.state):
            task.state = state
        new_state = True
        if task.statuses and task.statuses[-1]["state"] == status["state"]:
            task.statuses.pop()
            new_state = False
        task.statuses.append({name: value for name,
                              value in of_update(status).items() if name != "data"})
        self.operators.task_updated(task, status, new_state=new_state)
        if task.state_ended and not ended_before:
            self.allocator.recover(task.framework_id, task.agent_id, task.resources)

    def remove_task(self, task: Task, *, unreachable: bool = False) -> None:
        """Forget a task, but for the list of completed (or unreachable) ones."""
        if not task.state_ended:
            self.allocator.recover(task.framework_id, task.agent_id, task.resources)
        framework = self.frameworks.get(task.framework_id)
        if framework is not None and framework.tasks.get(task.id) is task:
            del framework.tasks[task.id]
            if unreachable:
                framework.unreachable_tasks[task.id] = task
            else:
                framework.completed_tasks.append(task)
        agent = self.agents.get(task.agent_id)
        if agent is not None:
            agent.tasks.pop((task.framework_id, task.id), None)
            agent.killed.discard((task.framework_id, task.id))

    def add_task(self, framework: Framework, agent: AgentRecord, task: Task) -> None:
        framework.tasks[task.id] = task
        agent.tasks[framework.id, task.id] = task
        self.operators.task_added(task)

    def add_executor(self, framework: Framework, agent: AgentRecord, executor: Json) -> None:
        executor_id = executor["executor_id"]["value"]
        framework.executors.setdefault(agent.id, {})[executor_id] = executor
        agent.executors[framework.id, executor_id] = executor

    def remove_executor(self, agent: AgentRecord, framework_id: str, executor_id: str) -> None:
        """An executor is gone; its resources are free."""
        executor = agent.executors.pop((framework_id, executor_id), None)
        if executor is None:
            return
        self.allocator.recover(framework_id, agent.id, resources_of(executor))
        framework = self.frameworks.get(framework_id)
        if framework is not None:
            framework.executors.get(agent.id, {}).pop(executor_id, None)
            if not framework.executors.get(agent.id):
                framework.executors.pop(agent.id, None)

    # ---- offers

    def remove_offer(self, offer: Offer) -> None:
        """The offer is no longer valid; its resources stay charged to the framework."""
        self.offers.pop(offer.id, None)
        framework = self.frameworks.get(offer.framework_id)
        if framework is not None:
            framework.offers.pop(offer.id, None)

    def decline(self, framework_id: str, agent_id: str, resources: Resources,
                filters: object) -> None:
        """The framework leaves these resources, which it was offered; `filters` says for how long.
        """
        self.allocator.recover(framework_id, agent_id, resources, refuse=refuse_seconds(filters),
                               now=self.now())

    def discard_offer(self, offer: Offer, filters: object = None) -> None:
        """The offer ends without a word to the framework. With `filters` (a message Filters) it was
        refused.
        """
        refuse = None if filters is None else refuse_seconds(filters)
        self.allocator.recover(offer.framework_id, offer.agent_id, offer.resources, refuse=refuse,
                               now=self.now())
        self.remove_offer(offer)

    def rescind_offer(self, offer: Offer) -> None:
        """The offer ends, and the framework is told."""
        framework = self.frameworks.get(offer.framework_id)
        if framework is not None:
            framework.send({"type": "RESCIND", "rescind": {"offer_id": {"value": offer.id}}})
        self.discard_offer(offer)

    def agent_offers(self, agent_id: str) -> list[Offer]:
        return [offer for offer in self.offers.values() if offer.agent_id == agent_id]

    # ---- allocation

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def start_rounds(self) -> None:
        """Allocate every interval, from now on."""
        self._round = asyncio.get_running_loop().call_later(self.flags.allocation_interval,
                                                            self._regular_round)

    def stop_rounds(self) -> None:
        self._closed = True
        if self._round is not None:
            self._round.cancel()

    def allocate_soon(self) -> None:
        """A round of its own, because something came: a framework, an agent, a REVIVE."""
        asyncio.get_running_loop().call_soon(self._allocate)

    def _regular_round(self) -> None:
        self._allocate()
        if not self._closed:
            self.start_rounds()

    def _allocate(self) -> None:
        if self._closed:
            return
        by_framework: dict[str, list[Allocation]] = {}
        for allocation in self.allocator.allocate(self.now()):
            by_framework.setdefault(allocation.framework_id, []).append(allocation)
        for framework_id, allocations in by_framework.items():
            self._offer(self.frameworks[framework_id], allocations)

    def _offer(self, framework: Framework, allocations: Iterable[Allocation]) -> None:
        messages: list[Json] = []
        for allocation in allocations:
            agent = self.agents[allocation.agent_id]
            offer_id = f"{self.id}-O{self._next('offer')}"
            message = _offer_message(offer_id, allocation, framework, agent)
            offer = Offer(offer_id, framework.id, agent.id, allocation.role, allocation.resources,
                          message)
            self.offers[offer.id] = offer
            framework.offers[offer.id] = offer
            messages.append(message)
        framework.send({"type": "OFFERS", "offers": {"offers": messages}})

    # ---- frameworks that ended

    def remember_completed(self, framework: Framework) -> None:
        self.completed[framework.id] = framework
        while len(self.completed) > MAX_COMPLETED_FRAMEWORKS:
            self.completed.pop(next(iter(self.completed)))


def _offer_message(offer_id: str, allocation: Allocation, framework: Framework,
                   agent: AgentRecord) -> Json:
    process, _, address = agent.pid.partition("@")
    ip, port = address.rpartition(":")[0].strip("[]"), address.rpartition(":")[2]
    executors = [{"value": executor_id} for executor_id in framework.executors.get(agent.id, ())]
    resources = resource_messages(allocation.resources)
    allocation_info: Json | None = {"role": allocation.role}
    if not framework.has("MULTI_ROLE"):  # does not know of allocations
        allocation_info = None
        for item in resources:
            del item["allocation_info"]
    if not framework.has("RESERVATION_REFINEMENT"):
        resources = [_before_refinement(item) for item in resources]
    return {
        "id": {"value": offer_id}, "framework_id": {"value": framework.id},
        "agent_id": {"value": agent.id}, "hostname": agent.info["hostname"],
        "url": {"scheme": "http", "address": {"hostname": agent.info["hostname"], "ip": ip,
                                              "port": int(port)},
                "path": f"/{process}"},
        "resources": resources, "attributes": agent.info.get("attributes", []),
        "executor_ids": executors, "allocation_info": allocation_info,
    }


def _before_refinement(resource: Json) -> Json:
    """A resource as frameworks without RESERVATION_REFINEMENT know it: the role stands in `role`.
    """
    resource = dict(resource)
    stack = resource.pop("reservations", None)
    if not stack:
        return {**resource, "role": "*"}
    reservation = {name: value for name, value in stack[-1].items() if name not in {"type", "role"}}
    result = {**resource, "role": stack[-1].get("role", "*")}
    if stack[-1].get("type") == "DYNAMIC":
        result["reservation"] = reservation
    return result
