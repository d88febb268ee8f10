"""Where an agent stands, as constraints see it: its host, its region and zone, its attributes as
text.

The text of an attribute is Marathon's (mesosphere/mesos/Constraints.scala, `getValueString`): what
people write in a constraint is compared with it. `7.0` is `7`, ranges are `[6-7]` and sets `{0,1}`,
both sorted.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Location:
    """The agent that an instance is on. Instances of one agent share the value."""

    agent_id: str
    hostname: str
    region: str | None = None
    zone: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()  # name, value as text (Marathon's form), in the agent's order

    def value(self, field: str) -> str | None:
        """Of a constraint's field: `hostname` or `@hostname`, `@region`, `@zone`, else the first attribute so named."""
        if field in {"hostname", "@hostname"}:
            return self.hostname
        if field == "@region":
            return self.region
        if field == "@zone":
            return self.zone
        for name, value in self.attributes:
            if name == field:
                return value
        return None


def location(offer: Mapping[str, Any]) -> Location:
    """Where the agent of an Offer (JSON form) stands."""
    domain = offer.get("domain", {}).get("fault_domain", {})
    return Location(
        agent_id=offer["agent_id"]["value"], hostname=offer.get("hostname", ""),
        region=domain.get("region", {}).get("name"), zone=domain.get("zone", {}).get("name"),
        attributes=attributes(offer.get("attributes", ())))


def attributes(messages: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Names and texts of Attribute messages (JSON form), in their order."""
    return tuple((message["name"], attribute_text(message)) for message in messages)


def attribute_text(message: Mapping[str, Any]) -> str:
    """An attribute's value as text; empty if it has none."""
    if "text" in message:
        return str(message["text"].get("value", ""))
    if "scalar" in message:
        return scalar_text(float(message["scalar"].get("value", 0)))
    if "ranges" in message:
        ranges = sorted((int(each["begin"]), int(each["end"])) for each in message["ranges"].get("range", ()))
        return "[" + ",".join(f"{begin}-{end}" for begin, end in ranges) + "]"
    if "set" in message:
        return "{" + ",".join(sorted(message["set"].get("item", ()))) + "}"
    return ""


def scalar_text(value: float) -> str:
    """With at most three decimals, a half to the even one, and none that is needless: 1.0005 is
    `1`, 1.00051 `1.001`.

    As Marathon: java.text.DecimalFormat("0.###").
    """
    return f"{value:.3f}".rstrip("0").removesuffix(".")
