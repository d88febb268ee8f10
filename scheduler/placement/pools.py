"""What an agent offers, and taking parts of it.

An offer is a list of resources, several of which may have the same name: unreserved cpus and cpus
reserved for a role are two entries. A task is launched with *those* entries, its share in each, so
that reservations and allocation travel back as they came. A `Pool` is the offers of one agent put
together; taking from it makes it smaller.

Who may only take resources of some roles (an app's `acceptedResourceRoles`) sees no others:
`roles`, None for all.

Revocable resources, shared ones, persistent volumes, disks with a source and those of resource
providers are for who asks for exactly them (see `exact`), and so is what a Marathon has reserved for
its resident tasks. Who asks exactly is served first, so that amounts do not take what only fits it.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from scheduler.placement.exact import Exact, fits, taken
from scheduler.placement.hostports import Below
from scheduler.placement.location import Location, location
from scheduler.placement.needs import Need, Roles, Shortage, Taken, amount_text, thousandths
from scheduler.placement.parts import OfferedScalar, Ports, Scalars, resource_role
from scheduler.placement.reasons import OF_RESOURCE, Reason
from specs.messages.offer import Offer
from specs.messages.resource import Resource
from specs.resources.printed import print_resource
from specs.resources.sums import is_exclusive, upgraded

_RESIDENT = frozenset({"marathon_framework_id", "marathon_task_id"})  # labels of their reservations


class Claim(NamedTuple):
    """A part of an offered resource, for a need that is more than an amount."""

    entry: OfferedScalar
    amount: int
    need: Exact


class Pool:
    """What one agent offers us now, of one role, in one or several offers."""

    __slots__ = ("address", "executor_ids", "location", "offers", "ports", "role", "roles", "scalars", "special")

    def __init__(self, offer: Offer) -> None:
        """Of an agent's first offer; `add` puts it, and more, in."""
        self.location: Location = location(offer)
        self.address = agent_address(offer)
        self.role = allocation_role(offer)
        self.offers: list[Offer] = []
        self.executor_ids: set[str] = set()  # those that run there already
        self.roles: set[str] = set()  # of the resources that are offered
        self.scalars: dict[str, Scalars] = {}
        self.special: list[OfferedScalar] = []  # what is only for those who ask for exactly it
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
        for resource in sorted(map(upgraded, offer.resources), key=_is_unreserved):
            if not _is_plain(resource):
                if resource.scalar is not None:
                    self.special.append(OfferedScalar(resource, thousandths(resource.scalar)))
                continue
            self.roles.add(resource_role(resource))
            if resource.scalar is not None:
                self.scalars.setdefault(resource.name, Scalars()).add(resource, thousandths(resource.scalar))
            elif resource.name == "ports" and resource.ranges is not None:
                self.ports.add(resource, sorted([each.begin, each.end] for each in resource.ranges))

    def holds(self, need: Need, overhead: Mapping[str, int]) -> bool:
        """Whether a task and, with `overhead`, its executor fit: `shortages` is empty then."""
        if need.exact or need.role is not None:
            return not self.shortages(need, overhead)
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
        """What is missing but for ports of no particular kind."""
        claims, unmet = self._claims(need.exact) if need.exact else ([], [])
        found = list(map(self._exact_shortage, unmet))
        if need.role not in {None, self.role}:
            found.append(Shortage("role", str(need.role), self.role, Reason.UNFULFILLED_ROLE))
        for name, wanted in _sum(need.scalars, overhead).items():
            claimed = sum(amount for entry, amount, _ in claims if entry.resource.name == name
                          and _is_plain(entry.resource) and (need.roles is None or entry.role in need.roles))
            here = self.scalars[name].left(need.roles) - claimed if name in self.scalars else 0
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
        resources = self._take_exact(need.exact) if need.exact else []
        resources += self.take_scalars(need.scalars, need.roles)
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

    # What is more than an amount.

    def _claims(self, wanted: Sequence[Exact]) -> tuple[list[Claim], list[Exact]]:
        """What would be taken for these, and those that there is too little for."""
        left: dict[int, int] = {}  # by entry
        claims: list[Claim] = []
        unmet: list[Exact] = []
        for need in wanted:
            missing = need.amount
            for entry in self._fitting(need):
                here = left.get(id(entry), entry.left)
                whole = is_exclusive(entry.resource)
                part = here if whole and here >= missing else 0 if whole else min(here, missing)
                if part and missing > 0:
                    claims.append(Claim(entry, part, need))
                    missing -= part
                    if entry.resource.shared is None:
                        left[id(entry)] = here - part
            if missing > 0 or not self.ports.fit(need.ports, need.wanted):
                unmet.append(need)
        return claims, unmet

    def _fitting(self, need: Exact) -> list[OfferedScalar]:
        plain = self.scalars[need.name].entries if need.name in self.scalars else []
        return [entry for entry in (*plain, *self.special) if fits(entry.resource, need.wanted)]

    def _exact_shortage(self, need: Exact) -> Shortage:
        here = sum(entry.left for entry in self._fitting(need))
        others = [print_resource(replace(each, allocation_info=None)) for offer in self.offers
                  for each in map(upgraded, offer.resources) if each.name == need.name]
        offered = amount_text(here) if here else f"none (but {', '.join(others)})" if others else "none"
        wanted = amount_text(need.amount) if need.amount else ", ".join(map(str, need.ports))
        reason = Reason.NO_CORRESPONDING_RESERVATION_FOUND if need.wanted.reservations else OF_RESOURCE.get(need.name)
        return Shortage(need.label, wanted, offered, reason)

    def _take_exact(self, wanted: Sequence[Exact]) -> list[Resource]:
        found = []
        for entry, amount, need in self._claims(wanted)[0]:
            if entry.resource.shared is None:
                entry.left -= amount
                if _is_plain(entry.resource):
                    self.scalars[need.name].total -= amount
            found.append(taken(entry.resource, amount, need))
        return found


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


def agent_address(offer: Offer) -> str:
    """HOST:PORT of the agent's HTTP API; "" where the offer does not tell."""
    address = None if offer.url is None else offer.url.address
    host = None if address is None else address.ip or address.hostname
    if address is None or not host:
        return ""
    return f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    if not other:
        return one
    return {name: one.get(name, 0) + other.get(name, 0) for name in [*one, *(n for n in other if n not in one)]}


def _is_unreserved(resource: Resource) -> bool:
    return resource_role(resource) == "*"


def _is_plain(resource: Resource) -> bool:
    disk = resource.disk
    return (resource.revocable is None and resource.shared is None and resource.provider_id is None
            and (disk is None or (disk.persistence is None and disk.source is None)) and not _is_resident(resource))


def _is_resident(resource: Resource) -> bool:
    """As Marathon: core/launcher/impl/TaskLabels.scala."""
    return any(label.key in _RESIDENT for reservation in resource.reservations for label in reservation.labels)
