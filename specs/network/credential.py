"""Who a framework or an operator is: mesos.v1.Credential."""
from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credential:
    """A name and what proves it."""

    principal: str
    secret: str = field(repr=False)  # optional in Mesos, where other mechanisms than passwords may stand behind it
