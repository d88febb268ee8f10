"""Who is offered what: a small cousin of Mesos's hierarchical allocator.

Every allocation round goes through the agents and gives all that is free on one to one framework:
of the roles with the smallest dominant share the framework with the smallest one. What is reserved
goes to that role and those below it; what is revocable or shared to who claims to know of it.
Frameworks refuse by *filters* (until a time, for offers that hold no more than what was refused),
whole roles are silenced by SUPPRESS, and REVIVE takes both away. Not here: quotas, weights, inverse
offers.

Pure of clocks: `now` comes in as a number. As Mesos: master/allocator/mesos/hierarchical.cpp.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from specs.messages.resource import Resource
from specs.resources.roles import is_strict_subrole
from specs.resources.sums import Resources

DEFAULT_REFUSE_SECONDS: Final = 5.0
MIN_ALLOCATABLE_CPUS: Final = 0.01
MIN_ALLOCATABLE_MEM: Final = 32 << 20  # bytes
_YEAR: Final = 365 * 24 * 3600.0  # Mesos caps a filter's time so


@dataclass(frozen=True, slots=True)
class Filter:
    """A refusal: nothing of this agent that `resources` contains, until `expires`."""

    resources: Resources
    expires: float


class _Agent:
    """What an agent has, and what of it is offered or in use (without roles)."""

    def __init__(self, total: Resources) -> None:
        self.total = total
        self.has_special = any(_is_special(item) for item in total)  # not for everybody
        self.active = True
        self._allocated = Resources()
        self._free: Resources | None = total  # None: to be worked out again

    def take(self, resources: Resources) -> None:
        self._allocated += resources.unallocated()
        self._free = None

    def give_back(self, resources: Resources) -> None:
        self._allocated -= resources.unallocated()
        self._free = None

    @property
    def free(self) -> Resources:
        if self._free is None:
            self._free = self.total - self._allocated
        return self._free


@dataclass(slots=True)
class _Client:
    roles: tuple[str, ...]
    suppressed: set[str]
    active: bool = True
    capabilities: frozenset[str] = frozenset()
    allocated: dict[tuple[str, str], Resources] = field(default_factory=dict)  # by agent and role
    used: dict[str, dict[str, float]] = field(default_factory=dict)  # scalars by role: for the shares
    filters: dict[tuple[str, str], list[Filter]] = field(default_factory=dict)  # by agent and role


@dataclass(frozen=True, slots=True)
class Allocation:
    """One offer to be made."""

    framework_id: str
    agent_id: str
    role: str
    resources: Resources  # allocated to the role


class Allocator:
    """Keeps the accounts of agents and frameworks; `allocate` says what to offer."""

    def __init__(self, allocation_interval: float) -> None:
        """`allocation_interval`: seconds between rounds; no filter lasts less."""
        self._interval = allocation_interval
        self._agents: dict[str, _Agent] = {}
        self._clients: dict[str, _Client] = {}
        self._totals: dict[str, float] = {}  # scalars of all agents

    # ---- agents

    def add_agent(self, agent_id: str, total: Resources) -> None:
        self._agents[agent_id] = _Agent(total)
        _count(self._totals, total, 1)

    def remove_agent(self, agent_id: str) -> None:
        agent = self._agents.pop(agent_id, None)
        if agent is None:
            return
        _count(self._totals, agent.total, -1)
        for client in self._clients.values():
            for key in [key for key in client.allocated if key[0] == agent_id]:
                _count(client.used[key[1]], client.allocated.pop(key), -1)
            for key in [key for key in client.filters if key[0] == agent_id]:
                del client.filters[key]

    def set_agent_active(self, agent_id: str, active: bool) -> None:
        if agent_id in self._agents:
            self._agents[agent_id].active = active

    # ---- frameworks

    def add_framework(self, framework_id: str, roles: Iterable[str], suppressed: Iterable[str], *,
                      active: bool, capabilities: frozenset[str] = frozenset()) -> None:
        self._clients[framework_id] = _Client(tuple(roles), set(suppressed), active, capabilities)

    def update_framework(self, framework_id: str, roles: Iterable[str], suppressed: Iterable[str],
                         capabilities: frozenset[str] = frozenset()) -> None:
        client = self._clients[framework_id]
        client.roles, client.suppressed = tuple(roles), set(suppressed)
        client.capabilities = capabilities

    def remove_framework(self, framework_id: str) -> None:
        client = self._clients.pop(framework_id, None)
        for (agent_id, _), resources in (client.allocated if client else {}).items():
            self._free(agent_id, resources)

    def set_framework_active(self, framework_id: str, active: bool) -> None:
        """A framework that goes inactive loses its filters, as in Mesos."""
        client = self._clients.get(framework_id)
        if client is not None:
            client.active = active
            if not active:
                client.filters.clear()

    def suppress(self, framework_id: str, roles: Iterable[str]) -> None:
        self._clients[framework_id].suppressed |= set(roles)

    def revive(self, framework_id: str, roles: Iterable[str]) -> None:
        client = self._clients[framework_id]
        revived = set(roles)
        client.suppressed -= revived
        for key in [key for key in client.filters if key[1] in revived]:
            del client.filters[key]

    # ---- accounts

    def charge(self, framework_id: str, agent_id: str, resources: Resources, *,
               agent_too: bool = True) -> None:
        """These (with their roles) are in use: an agent came with running tasks.

        Without `agent_too` the agent's account is right already: only the framework has just become
        known.
        """
        client, agent = self._clients.get(framework_id), self._agents.get(agent_id)
        if agent is None:
            return
        if agent_too:
            agent.take(resources)
        for role, part in _by_role(resources):
            if client is not None:
                key = (agent_id, role)
                client.allocated[key] = client.allocated.get(key, Resources()) + part
                _count(client.used.setdefault(role, {}), part, 1)

    def recover(self, framework_id: str, agent_id: str, resources: Resources, *,
                refuse: float | None = None, now: float = 0.0) -> None:
        """These are free again. With `refuse` (seconds) the framework does not want them for that
        long.
        """
        client = self._clients.get(framework_id)
        self._free(agent_id, resources)
        if client is None:
            return
        for role, part in _by_role(resources):
            key = (agent_id, role)
            if key in client.allocated:
                _count(client.used[role], part, -1)
                client.allocated[key] -= part
                if not client.allocated[key]:
                    del client.allocated[key]
            if refuse:
                expires = now + max(self._interval, refuse)
                client.filters.setdefault(key, []).append(Filter(part.unallocated(), expires))

    def _free(self, agent_id: str, resources: Resources) -> None:
        agent = self._agents.get(agent_id)
        if agent is not None:
            agent.give_back(resources)

    # ---- rounds

    def allocate(self, now: float, agent_ids: Iterable[str] | None = None) -> list[Allocation]:
        """Offers of what is free (on these agents, or all); they count as allocated from here on.
        """
        result: list[Allocation] = []
        for agent_id in list(self._agents) if agent_ids is None else agent_ids:
            agent = self._agents.get(agent_id)
            if agent is None or not agent.active:
                continue
            if not _allocatable(agent.free):
                continue
            for framework_id, role in self._order():
                client = self._clients[framework_id]
                free = agent.free
                if agent.has_special:
                    free = free.filter(lambda item, of=role, client=client:  # type: ignore[misc]
                                       _is_for(item, of, client.capabilities))
                if not _allocatable(free) or self._is_filtered(client, (agent_id, role), free, now):
                    continue
                offered = _scalars_last(free).allocated(role)
                self.charge(framework_id, agent_id, offered)
                result.append(Allocation(framework_id, agent_id, role, offered))
                if not agent.has_special:
                    break
        return result

    def _order(self) -> list[tuple[str, str]]:
        """(framework, role) by dominant share: first of the role, then of the framework; ties by
        name.
        """
        shares: dict[tuple[str, str], float] = {}
        role_shares: dict[str, float] = {}
        for framework_id, client in self._clients.items():
            for role in client.roles:
                shares[framework_id, role] = _dominant(client.used.get(role, {}), self._totals)
                role_shares[role] = role_shares.get(role, 0.0) + shares[framework_id, role]
        eligible = [(framework_id, role) for framework_id, role in shares
                    if self._clients[framework_id].active
                    and role not in self._clients[framework_id].suppressed]
        return sorted(eligible, key=lambda key: (role_shares[key[1]], key[1], shares[key], key[0]))

    @staticmethod
    def _is_filtered(client: _Client, key: tuple[str, str], free: Resources, now: float) -> bool:
        filters = [item for item in client.filters.get(key, ()) if item.expires > now]
        if filters:
            client.filters[key] = filters
        else:
            client.filters.pop(key, None)
        return any(item.resources.contains(free) for item in filters)


def refuse_seconds(filters: object) -> float:
    """How long an offer is refused, from the Filters of a DECLINE or ACCEPT. Negative times count
    as the default.
    """
    given = filters.get("refuse_seconds") if isinstance(filters, dict) else None
    seconds = DEFAULT_REFUSE_SECONDS if given is None else float(given)
    if seconds < 0:
        return DEFAULT_REFUSE_SECONDS
    return min(seconds, _YEAR)


def _by_role(resources: Resources) -> list[tuple[str, Resources]]:
    roles = dict.fromkeys(item.allocation_info.role or "*" for item in resources
                          if item.allocation_info is not None)
    return [(role, resources.filter(lambda item, role=role: item.allocation_info is not None  # type: ignore[misc]
                                    and (item.allocation_info.role or "*") == role)) for role in roles]


def _is_special(item: Resource) -> bool:
    return bool(item.reservations) or item.revocable is not None or item.shared is not None


def _is_for(item: Resource, role: str, capabilities: frozenset[str]) -> bool:
    """As Mesos: `isReservedToRoleSubtree`, `stripIncapableResources`."""
    reserved = item.reservations[-1].role or "*" if item.reservations else None
    return ((reserved is None or role == reserved or is_strict_subrole(role, reserved))
            and (item.revocable is None or "REVOCABLE_RESOURCES" in capabilities)
            and (item.shared is None or "SHARED_RESOURCES" in capabilities))


def _scalars_last(free: Resources) -> Resources:
    """Mesos takes ports and sets whole before it divides scalars; its texts show that order."""
    return free.filter(lambda item: item.type != "SCALAR") + free.filter(
        lambda item: item.type == "SCALAR")


def _allocatable(free: Resources) -> bool:
    return (free.cpus or 0.0) >= MIN_ALLOCATABLE_CPUS or (free.mem or 0) >= MIN_ALLOCATABLE_MEM


def _count(amounts: dict[str, float], resources: Resources, sign: int) -> None:
    for name in ("cpus", "mem", "disk", "gpus"):
        value = resources.scalar(name)
        if value is not None:
            amounts[name] = amounts.get(name, 0.0) + sign * value


def _dominant(used: dict[str, float], totals: dict[str, float]) -> float:
    return max((used[name] / totals[name] for name in used if totals.get(name)), default=0.0)
