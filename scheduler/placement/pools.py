"""What an agent offers, and taking parts of it.

An offer is a list of resources, several of which may have the same name: unreserved cpus
and cpus reserved for a role are two entries. A task is launched with *those* entries, its share in
each, so that reservations and allocation travel back as they came. A `Pool` is the offers of one
agent put together; taking from it makes it smaller.

Who may only take resources of some roles (an app's `acceptedResourceRoles`) sees no others:
`roles`, None for all.

Amounts are whole thousandths, as Mesos itself counts (resources.cpp: three decimal digits), so that
sums come out even. Revocable resources, shared ones, disks with persistent volumes and those of
resource providers are left alone: each needs a task that asks for it by name, and ours do not. So
is what a Marathon has reserved for its resident tasks.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scheduler.placement.hostports import Below, HostPort, OfferedPorts, by_source, choose
from scheduler.placement.location import Location, location
from scheduler.placement.reasons import OF_RESOURCE, Reason
from specs.messages.offer import Offer
from specs.messages.resource import Resource

Roles = frozenset[str] | None
_RESIDENT = frozenset({"marathon_framework_id", "marathon_task_id"})  # labels of their reservations


@dataclass(frozen=True, slots=True)
class Need:
    """What a task takes from an agent: `scalars` in thousandths, host `ports` by number, 0 for any, None for none."""

    scalars: Mapping[str, int] = field(default_factory=dict)
    ports: tuple[int | None, ...] = ()
    roles: Roles = None  # of the resources that it may take

    @property
    def shape(self) -> tuple[object, ...]:
        """Equal for needs that fit in the same places."""
        return (tuple(sorted(self.scalars.items())), self.ports, self.roles)


@dataclass(frozen=True, slots=True)
class Shortage:
    """One reason why a task does not fit: of `resource` so much is needed and so much is there, as people write it."""

    resource: str
    needed: str
    offered: str
    reason: Reason | None = None  # Marathon's word for it, if it has one

    def __str__(self) -> str:
        return f"{self.resource}: {self.needed} needed, {self.offered} offered"


@dataclass(frozen=True, slots=True)
class Taken:
    """The resources for a task, and its host ports in the order of its need."""

    resources: tuple[Resource, ...]
    ports: tuple[int | None, ...] = ()


class OfferedScalar:
    """One offered resource, and what is left of it."""

    __slots__ = ("_shares", "left", "resource", "role")

    def __init__(self, resource: Resource, amount: int) -> None:
        self.resource = resource
        self.role = resource_role(resource)
        self.left = amount
        self._shares: dict[int, Resource] = {}  # equal tasks take equal parts, so the values are made once

    def share(self, amount: int) -> Resource:
        """So much of it."""
        share = self._shares.get(amount)
        if share is None:
            share = self._shares[amount] = replace(self.resource, scalar=amount / 1000)
        return share


class Scalars:
    """The entries of one scalar resource on one agent."""

    __slots__ = ("entries", "roles", "total")

    def __init__(self) -> None:
        self.entries: list[OfferedScalar] = []
        self.roles: set[str] = set()  # of all entries
        self.total = 0

    def add(self, resource: Resource, amount: int) -> None:
        self.entries.append(OfferedScalar(resource, amount))
        self.roles.add(self.entries[-1].role)
        self.total += amount

    def left(self, roles: Roles) -> int:
        """How much is left for who may take from these roles."""
        if roles is None or self.roles <= roles:
            return self.total
        return sum(entry.left for entry in self.entries if entry.role in roles)

    def take(self, amount: int, roles: Roles) -> list[Resource]:
        """Reserved entries come first in `entries`, so that what others could use is used last.

        Of nothing one entry is taken: a master wants a task to name resources, be they 0.
        """
        entries = [entry for entry in self.entries if roles is None or entry.role in roles]
        if amount == 0:
            return [entry.share(0) for entry in entries[:1]]
        self.total -= amount
        taken: list[Resource] = []
        for entry in entries:
            part = min(amount, entry.left)
            if part > 0:
                entry.left -= part
                amount -= part
                taken.append(entry.share(part))
            if amount == 0:
                break
        return taken


class Ports:
    """The port ranges of one agent, entry by entry; each a list of [begin, end], both included."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[tuple[Resource, str, list[list[int]]]] = []  # resource, its role, what is left

    def add(self, resource: Resource, ranges: list[list[int]]) -> None:
        self.entries.append((resource, resource_role(resource), ranges))

    def choose(self, asked: Sequence[int | None], roles: Roles,
               below: Below | None) -> tuple[HostPort | None, ...] | None:
        """As `hostports.choose`; the sources are places in `entries`."""
        return choose(asked, [OfferedPorts(place, begin, end) for place, (_, role, ranges) in enumerate(self.entries)
                              if roles is None or role in roles for begin, end in ranges], below)

    def hold(self, asked: Sequence[int | None], roles: Roles) -> bool:
        """Whether `choose` would give them."""
        if not asked:
            return True
        fixed = {port for port in asked if port}
        if fixed and self.lacking(fixed, roles):
            return False
        wanted = asked.count(0)
        wanted += len(fixed) if wanted else 0
        for begin, end in self._open(roles) if wanted else ():
            wanted -= end - begin + 1
            if wanted <= 0:
                return True
        return not wanted

    def lacking(self, ports: Iterable[int], roles: Roles) -> list[int]:
        """Which of these ports are not here."""
        ranges = list(self._open(roles))
        return [port for port in ports if not any(begin <= port <= end for begin, end in ranges)]

    def take(self, ports: Sequence[HostPort | None]) -> list[Resource]:
        """The resources for ports that `choose` gave."""
        for number, place in {port.number: port.source for port in ports if port is not None}.items():
            _cut(self.entries[place][2], number)
        return [replace(self.entries[place][0], ranges=ranges) for place, ranges in by_source(ports)]

    def text(self, roles: Roles) -> str:
        """What is left, for people."""
        return ", ".join(f"{begin}-{end}" if begin != end else f"{begin}"
                         for begin, end in self._open(roles)) or "none"

    def _open(self, roles: Roles) -> Iterator[list[int]]:
        for _, role, ranges in self.entries:
            if roles is None or role in roles:
                yield from ranges


class Pool:
    """What one agent offers us now, of one role, in one or several offers."""

    __slots__ = ("address", "executor_ids", "location", "offers", "ports", "role", "roles", "scalars")

    def __init__(self, offer: Offer) -> None:
        """Of an agent's first offer; `add` puts it, and more, in."""
        self.location: Location = location(offer)
        self.address = agent_address(offer)
        self.role = allocation_role(offer)
        self.offers: list[Offer] = []
        self.executor_ids: set[str] = set()  # those that run there already
        self.roles: set[str] = set()  # of the resources that are offered
        self.scalars: dict[str, Scalars] = {}
        self.ports = Ports()

    @property
    def agent_id(self) -> str:
        return self.location.agent_id

    @property
    def offer_ids(self) -> tuple[str, ...]:
        return tuple(offer.id for offer in self.offers)

    def add(self, offer: Offer) -> None:
        """Put one more offer of the same agent and role in."""
        self.offers.append(offer)
        self.executor_ids.update(offer.executor_ids)
        for resource in sorted(offer.resources, key=_is_unreserved):
            if not _is_plain(resource):
                continue
            self.roles.add(resource_role(resource))
            if resource.scalar is not None:
                self.scalars.setdefault(resource.name, Scalars()).add(resource, thousandths(resource.scalar))
            elif resource.name == "ports" and resource.ranges is not None:
                self.ports.add(resource, sorted([each.begin, each.end] for each in resource.ranges))

    def holds(self, need: Need, overhead: Mapping[str, int]) -> bool:
        """Whether a task and, with `overhead`, its executor fit: `shortages` is empty then."""
        roles = need.roles
        for name, amount in need.scalars.items():
            wanted = amount + overhead.get(name, 0) if overhead else amount
            if wanted and (name not in self.scalars or self.scalars[name].left(roles) < wanted):
                return False
        more = (name for name in overhead if name not in need.scalars)
        return (all(name in self.scalars and self.scalars[name].left(roles) >= overhead[name] for name in more)
                and self.ports.hold(need.ports, roles))

    def shortages(self, need: Need, overhead: Mapping[str, int]) -> list[Shortage]:
        """Everything that is missing here for a task and, with `overhead`, for its executor; empty if it fits."""
        found = self.scalar_shortages(need, overhead)
        ports = self.port_shortage(need)
        return found if ports is None else [*found, ports]

    def scalar_shortages(self, need: Need, overhead: Mapping[str, int]) -> list[Shortage]:
        """What is missing but for ports."""
        found = []
        for name, wanted in _sum(need.scalars, overhead).items():
            here = self.scalars[name].left(need.roles) if name in self.scalars else 0
            if wanted > here:
                found.append(Shortage(name, amount_text(wanted), amount_text(here), OF_RESOURCE.get(name)))
        return found

    def port_shortage(self, need: Need) -> Shortage | None:
        """What is missing of its ports."""
        if self.ports.hold(need.ports, need.roles):
            return None
        lacking = self.ports.lacking([port for port in need.ports if port], need.roles)
        wanted = ", ".join(map(str, lacking)) or f"{need.ports.count(0)} of any number"
        return Shortage("ports", wanted, self.ports.text(need.roles), Reason.INSUFFICIENT_PORTS)

    def take(self, need: Need, below: Below | None = None) -> Taken:
        """The resources for a task that has no shortage here; `below` draws its ports of any number (see hostports)."""
        resources = self.take_scalars(need.scalars, need.roles)
        if not need.ports:
            return Taken(tuple(resources))
        ports = self.ports.choose(need.ports, need.roles, below)
        if ports is None:
            raise ValueError(f"{self.agent_id} has too few ports")
        resources += self.ports.take(ports)
        return Taken(tuple(resources), tuple(None if port is None else port.number for port in ports))

    def take_scalars(self, scalars: Mapping[str, int], roles: Roles = None) -> list[Resource]:
        """The resources for so much of each."""
        return [resource for name, amount in scalars.items() if amount or name in self.scalars
                for resource in self.scalars[name].take(amount, roles)]


def pools(offers: Sequence[Offer]) -> list[Pool]:
    """The offers by agent and role, in the order in which agents first appear."""
    found: dict[tuple[str, str], Pool] = {}
    for offer in offers:
        key = (offer.agent_id, allocation_role(offer))
        if key not in found:
            found[key] = Pool(offer)
        found[key].add(offer)
    return list(found.values())


def allocation_role(offer: Offer) -> str:
    """The role that an offer is for."""
    return "*" if offer.allocation_info is None else offer.allocation_info.role or "*"


def resource_role(resource: Resource) -> str:
    """For which role a resource is reserved; `*` for none. The older form says it in `role`."""
    return (resource.reservations[-1].role if resource.reservations else resource.role) or "*"


def agent_address(offer: Offer) -> str:
    """HOST:PORT of the agent's HTTP API; "" where the offer does not tell."""
    address = None if offer.url is None else offer.url.address
    host = None if address is None else address.ip or address.hostname
    if address is None or not host:
        return ""
    return f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"


def thousandths(value: float) -> int:
    return round(value * 1000)


def amount_text(amount: int) -> str:
    return f"{amount / 1000:g}" if amount < 1_000_000_000 else f"{amount / 1000:.0f}"


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    if not other:
        return one
    return {name: one.get(name, 0) + other.get(name, 0) for name in [*one, *(n for n in other if n not in one)]}


def _is_unreserved(resource: Resource) -> bool:
    return resource_role(resource) == "*"


def _cut(ranges: list[list[int]], port: int) -> None:
    for position, (begin, end) in enumerate(ranges):
        if begin <= port <= end:
            ranges[position:position + 1] = [[b, e] for b, e in ((begin, port - 1), (port + 1, end)) if b <= e]
            return
    raise KeyError(port)


def _is_plain(resource: Resource) -> bool:
    disk = resource.disk
    return (resource.revocable is None and resource.shared is None and resource.provider_id is None
            and (disk is None or (disk.persistence is None and disk.source is None)) and not _is_resident(resource))


def _is_resident(resource: Resource) -> bool:
    """As Marathon: core/launcher/impl/TaskLabels.scala."""
    return any(label.key in _RESIDENT for reservation in resource.reservations for label in reservation.labels)
