"""What an agent offers, and taking parts of it.

An offer is a list of Resource messages, several of which may have the same name: unreserved cpus and cpus reserved for
a role are two entries. A task is launched with *those* entries, its share in each, so that reservations and allocation
travel back as they came. A `Pool` is the offers of one agent put together; taking from it makes it smaller.

Amounts are whole thousandths, as Mesos itself counts (resources.cpp: three decimal digits), so that sums come out even.
Revocable resources, shared ones, disks with persistent volumes and those of resource providers are left alone: each
needs a task that asks for it by name, and ours do not.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specs.forms import Message


@dataclass(frozen=True, slots=True)
class Need:
    """What a task takes from an agent: `scalars` in thousandths, `ports` by number, `any_ports` of whatever number."""

    scalars: Mapping[str, int] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    any_ports: int = 0

    @property
    def shape(self) -> tuple[object, ...]:
        """Equal for needs that fit in the same places."""
        return (tuple(sorted(self.scalars.items())), self.ports, self.any_ports)


@dataclass(frozen=True, slots=True)
class Shortage:
    """One reason why a task does not fit: of `resource` so much is needed and so much is there, as people write it."""

    resource: str
    needed: str
    offered: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.needed} needed, {self.offered} offered"


@dataclass(frozen=True, slots=True)
class Taken:
    """Resource messages for a task, and the host ports among them that were ours to choose."""

    resources: tuple[Message, ...]
    chosen_ports: tuple[int, ...] = ()


class Scalars:
    """The entries of one scalar resource on one agent."""

    __slots__ = ("entries", "total")

    def __init__(self) -> None:
        self.entries: list[list[Any]] = []  # [message, what is left of it]
        self.total = 0

    def add(self, message: Message, amount: int) -> None:
        self.entries.append([message, amount])
        self.total += amount

    def take(self, amount: int) -> list[Message]:
        """Reserved entries come first in `entries`, so that what others could use is used last.

        Of nothing one entry is taken: a master wants a task to name resources, be they 0.
        """
        if amount == 0:
            return [{**self.entries[0][0], "scalar": {"value": 0.0}}]
        self.total -= amount
        taken: list[Message] = []
        for entry in self.entries:
            part = min(amount, entry[1])
            if part > 0:
                entry[1] -= part
                amount -= part
                taken.append({**entry[0], "scalar": {"value": part / 1000}})
            if amount == 0:
                break
        return taken


class Ports:
    """The port ranges of one agent, entry by entry; each a list of [begin, end], both included."""

    __slots__ = ("entries",)

    def __init__(self) -> None:
        self.entries: list[tuple[Message, list[list[int]]]] = []

    def add(self, message: Message, ranges: list[list[int]]) -> None:
        self.entries.append((message, ranges))

    def __contains__(self, port: int) -> bool:
        return any(begin <= port <= end for _, ranges in self.entries for begin, end in ranges)

    def lowest(self, count: int, without: Iterable[int]) -> list[int]:
        """The first `count` ports that are here and not among `without`; fewer if there are fewer."""
        found: list[int] = []
        excluded = set(without)
        for _, ranges in self.entries:
            for begin, end in ranges:
                for port in range(begin, end + 1):
                    if len(found) == count:
                        return found
                    if port not in excluded:
                        found.append(port)
        return found

    def take(self, ports: Iterable[int]) -> list[Message]:
        """Resource messages for these ports, which must all be here."""
        taken: dict[int, list[dict[str, int]]] = {}
        for port in sorted(ports):
            taken.setdefault(self._cut(port), []).append({"begin": port, "end": port})
        return [{**self.entries[index][0], "ranges": {"range": ranges}} for index, ranges in taken.items()]

    def _cut(self, port: int) -> int:
        for index, (_, ranges) in enumerate(self.entries):
            for position, (begin, end) in enumerate(ranges):
                if begin <= port <= end:
                    ranges[position:position + 1] = [[b, e] for b, e in ((begin, port - 1), (port + 1, end)) if b <= e]
                    return index
        raise KeyError(port)

    def __str__(self) -> str:
        ranges = [f"{begin}-{end}" if begin != end else f"{begin}" for _, some in self.entries for begin, end in some]
        return ", ".join(ranges) or "none"


class Pool:
    """What one agent offers us now, of one role, in one or several offers."""

    __slots__ = ("address", "agent_id", "attributes", "executor_ids", "hostname", "offer_ids", "ports", "scalars")

    def __init__(self, agent_id: str, hostname: str, address: str, attributes: Mapping[str, str]) -> None:
        self.agent_id = agent_id
        self.hostname = hostname
        self.address = address
        self.attributes = attributes
        self.offer_ids: list[str] = []
        self.executor_ids: set[str] = set()  # those that run there already
        self.scalars: dict[str, Scalars] = {}
        self.ports = Ports()

    def add(self, offer: Message) -> None:
        """Put one more offer of the same agent in."""
        self.offer_ids.append(offer["id"]["value"])
        self.executor_ids.update(executor["value"] for executor in offer.get("executor_ids", ()))
        for resource in sorted(offer.get("resources", ()), key=_unreserved):
            if not _is_plain(resource):
                continue
            if "scalar" in resource:
                amount = thousandths(resource["scalar"].get("value", 0.0))
                self.scalars.setdefault(resource["name"], Scalars()).add(resource, amount)
            elif resource["name"] == "ports" and "ranges" in resource:
                ranges = [[int(r["begin"]), int(r["end"])] for r in resource["ranges"].get("range", ())]
                self.ports.add(resource, sorted(ranges))

    def shortages(self, need: Need, overhead: Mapping[str, int]) -> list[Shortage]:
        """Everything that is missing here for a task and, with `overhead`, for its executor; empty if it fits."""
        found = []
        for name, wanted in _sum(need.scalars, overhead).items():
            here = self.scalars[name].total if name in self.scalars else 0
            if wanted > here:
                found.append(Shortage(name, amount_text(wanted), amount_text(here)))
        missing = [port for port in need.ports if port not in self.ports]
        if missing:
            found.append(Shortage("ports", ", ".join(map(str, missing)), str(self.ports)))
        elif need.any_ports and len(self.ports.lowest(need.any_ports, need.ports)) < need.any_ports:
            found.append(Shortage("ports", f"{need.any_ports} of any number", str(self.ports)))
        return found

    def take(self, need: Need) -> Taken:
        """The resources for a task that has no shortage here."""
        resources = self.take_scalars(need.scalars)
        chosen = self.ports.lowest(need.any_ports, need.ports) if need.any_ports else []
        if need.ports or chosen:
            resources += self.ports.take([*need.ports, *chosen])
        return Taken(tuple(resources), tuple(chosen))

    def take_scalars(self, scalars: Mapping[str, int]) -> list[Message]:
        """Resource messages for so much of each."""
        return [message for name, amount in scalars.items() if amount or name in self.scalars
                for message in self.scalars[name].take(amount)]


def pools(offers: Sequence[Message]) -> list[Pool]:
    """The offers by agent and role, in the order in which agents first appear."""
    found: dict[tuple[str, str], Pool] = {}
    for offer in offers:
        agent_id = offer["agent_id"]["value"]
        key = (agent_id, offer.get("allocation_info", {}).get("role", "*"))
        pool = found.get(key)
        if pool is None:
            pool = found[key] = Pool(agent_id, offer.get("hostname", ""), agent_address(offer),
                                     attributes(offer.get("attributes", ())))
        pool.add(offer)
    return list(found.values())


def agent_address(offer: Message) -> str:
    """HOST:PORT of the agent's HTTP API; "" where the offer does not tell."""
    address = offer.get("url", {}).get("address", {})
    host = address.get("ip") or address.get("hostname") or ""
    if not host:
        return ""
    return f"[{host}]:{address.get('port', 5051)}" if ":" in host else f"{host}:{address.get('port', 5051)}"


def attributes(messages: Iterable[Message]) -> dict[str, str]:
    """An agent's attributes as text: of TEXT the text, of SCALAR the number; ranges and sets in Mesos's notation."""
    found = {}
    for attribute in messages:
        if "text" in attribute:
            found[attribute["name"]] = str(attribute["text"].get("value", ""))
        elif "scalar" in attribute:
            found[attribute["name"]] = f"{attribute['scalar'].get('value', 0):g}"
        elif "ranges" in attribute:
            ranges = attribute["ranges"].get("range", ())
            found[attribute["name"]] = "[" + ",".join(f"{r['begin']}-{r['end']}" for r in ranges) + "]"
        elif "set" in attribute:
            found[attribute["name"]] = "{" + ",".join(attribute["set"].get("item", ())) + "}"
    return found


def thousandths(value: float) -> int:
    return round(value * 1000)


def amount_text(amount: int) -> str:
    return f"{amount / 1000:g}" if amount < 1_000_000_000 else f"{amount / 1000:.0f}"


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    if not other:
        return one
    return {name: one.get(name, 0) + other.get(name, 0) for name in [*one, *(n for n in other if n not in one)]}


def _unreserved(resource: Message) -> bool:
    return not resource.get("reservations") and resource.get("role", "*") == "*"


def _is_plain(resource: Message) -> bool:
    disk = resource.get("disk")
    return ("revocable" not in resource and "shared" not in resource and "provider_id" not in resource
            and not (disk and ("persistence" in disk or "source" in disk)))
