"""What a task takes from an agent, and what it lacks there. Pure values.

Amounts are whole thousandths, as Mesos itself counts (resources.cpp: three decimal digits), so that sums come out even.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.placement.exact import Exact
from scheduler.placement.reasons import Reason
from specs.messages.resource import Resource

Roles = frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Need:
    """What a task takes from an agent: `scalars` in thousandths, host `ports` by number, 0 for any, None for none.

    `exact` are resources that are more than amounts; ports among them are in `ports`, too.
    """

    scalars: Mapping[str, int] = field(default_factory=dict)
    ports: tuple[int | None, ...] = ()
    roles: Roles = None  # of the resources that it may take
    exact: tuple[Exact, ...] = ()
    role: str | None = None  # to which the resources have to be offered; None: whichever

    @property
    def shape(self) -> tuple[object, ...]:
        """Equal for needs that fit in the same places."""
        return (tuple(sorted(self.scalars.items())), self.ports, self.roles, self.exact, self.role)


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


def thousandths(value: float) -> int:
    return round(value * 1000)


def amount_text(amount: int) -> str:
    return f"{amount / 1000:g}" if amount < 1_000_000_000 else f"{amount / 1000:.0f}"
