"""Where an agent stands, as constraints see it: its host, its region and zone, its attributes as
text.

The text of an attribute is Marathon's (mesosphere/mesos/Constraints.scala, `getValueString`): what
people write in a constraint is compared with it. `7.0` is `7`, ranges are `[6-7]` and sets `{0,1}`,
both sorted.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from specs.messages.offer import Offer
from specs.messages.resource import Attribute


@dataclass(frozen=True, slots=True)
class Location:
    """The agent that an instance is on. Instances of one agent share the value."""

    agent_id: str
    hostname: str
    region: str | None = None
    zone: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()  # name, value as text (Marathon's form), in the agent's order

    def value(self, field: str) -> str | None:
        """Of a constraint's field: `hostname` or `@hostname`, `@region`, `@zone`, else the first
        attribute so named.
        """
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


def location(offer: Offer) -> Location:
    """Where the agent of an offer stands."""
    domain = None if offer.domain is None else offer.domain.fault_domain
    region, zone = (None, None) if domain is None else (domain.region, domain.zone)
    return Location(offer.agent_id, offer.hostname, region, zone, attributes(offer.attributes))


def attributes(messages: Iterable[Attribute]) -> tuple[tuple[str, str], ...]:
    """Names and texts of attributes, in their order."""
    return tuple([(each.name, attribute_text(each)) for each in messages])


def attribute_text(attribute: Attribute) -> str:
    """An attribute's value as text; empty if it has none."""
    if attribute.text is not None:
        return attribute.text
    if attribute.scalar is not None:
        return scalar_text(attribute.scalar)
    if attribute.ranges is not None:
        ranges = sorted((each.begin, each.end) for each in attribute.ranges)
        return "[" + ",".join(f"{begin}-{end}" for begin, end in ranges) + "]"
    if attribute.set is not None:
        return "{" + ",".join(sorted(attribute.set)) + "}"
    return ""


def scalar_text(value: float) -> str:
    """With at most three decimals, a half to the even one, and none that is needless: 1.0005 is
    `1`, 1.00051 `1.001`.

    As Marathon: java.text.DecimalFormat("0.###").
    """
    return f"{value:.3f}".rstrip("0").removesuffix(".")
