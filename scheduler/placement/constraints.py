"""What a task asks of an agent besides resources."""
from __future__ import annotations

from dataclasses import dataclass

from scheduler.placement.pools import Pool, Shortage


@dataclass(frozen=True, slots=True)
class Constraint:
    """The agent's attribute (or `hostname`) must have exactly this value."""

    attribute: str
    value: str

    def shortage(self, pool: Pool) -> Shortage | None:
        """Why this agent is not right; None if it is."""
        found = pool.hostname if self.attribute == "hostname" else pool.attributes.get(self.attribute)
        if found == self.value:
            return None
        return Shortage(f"attribute {self.attribute}", self.value, "none" if found is None else found)
