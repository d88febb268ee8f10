"""The entries of one resource on one agent, and taking parts of them."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from scheduler.placement.exact import fits
from scheduler.placement.hostports import Below, HostPort, OfferedPorts, by_source, choose
from scheduler.placement.needs import Roles
from specs.messages.resource import Resource


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

    def fit(self, ports: Iterable[int], wanted: Resource) -> bool:
        """Whether each of these is here, and of the kind that is wanted."""
        return all(any(begin <= port <= end and fits(resource, wanted)
                       for resource, _, ranges in self.entries for begin, end in ranges) for port in ports)

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


def resource_role(resource: Resource) -> str:
    """For which role a resource is reserved; `*` for none. The older form says it in `role`."""
    return (resource.reservations[-1].role if resource.reservations else resource.role) or "*"


def _cut(ranges: list[list[int]], port: int) -> None:
    for position, (begin, end) in enumerate(ranges):
        if begin <= port <= end:
            ranges[position:position + 1] = [[b, e] for b, e in ((begin, port - 1), (port + 1, end)) if b <= e]
            return
    raise KeyError(port)
