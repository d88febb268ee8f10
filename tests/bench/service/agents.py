"""The agents of a simulated cluster: what each has, what is taken of it, and the offers that follow."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

PORTS = (31000, 32000)
_SCALARS = ("cpus", "mem")


@dataclass(slots=True)
class Agent:
    """One agent. `refused_until`: seconds, by the clock of whoever asks, for which it is not offered."""

    number: int
    total: Mapping[str, float]
    used: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_SCALARS, 0.0))
    ports: set[int] = field(default_factory=set)  # that are taken
    executors: set[str] = field(default_factory=set)
    offer_id: str | None = None  # the offer that is out
    offers: int = 0
    refused_until: float = 0.0

    @property
    def id(self) -> str:
        return f"S{self.number}"

    def offer(self) -> dict[str, Any]:
        """All that is left, as a new offer."""
        self.offers += 1
        self.offer_id = f"{self.id}-O{self.offers}"
        allocated = {"allocation_info": {"role": "*"}}
        scalars = [{"name": name, "type": "SCALAR", "scalar": {"value": self.total[name] - self.used[name]},
                    **allocated} for name in _SCALARS]
        ranges = {"name": "ports", "type": "RANGES", "ranges": {"range": [
            {"begin": begin, "end": end} for begin, end in gaps(self.ports)]}, **allocated}
        host = f"host{self.number}"
        return {
            "id": {"value": self.offer_id}, "framework_id": {"value": "F1"}, "agent_id": {"value": self.id},
            "hostname": host, **allocated, "resources": [*scalars, ranges],
            "executor_ids": [{"value": each} for each in sorted(self.executors)],
            "attributes": [{"name": "rack", "type": "TEXT", "text": {"value": f"r{self.number % 20}"}}],
            "url": {"scheme": "http", "address": {"hostname": host, "ip": "127.0.0.1", "port": 5051},
                    "path": "/slave(1)"}}

    def launch(self, task: Mapping[str, Any]) -> None:
        """A TaskInfo takes its resources, and its executor, if it is new here, takes those of its own."""
        self._take(task["resources"])
        executor = task.get("executor")
        if executor is not None and executor["executor_id"]["value"] not in self.executors:
            self.executors.add(executor["executor_id"]["value"])
            self._take(executor.get("resources", ()))

    def _take(self, resources: Iterable[Mapping[str, Any]]) -> None:
        for each in resources:
            if each["name"] == "ports":
                for part in each["ranges"]["range"]:
                    self.ports.update(range(part["begin"], part["end"] + 1))
            elif each["name"] in self.used:
                self.used[each["name"]] += each["scalar"]["value"]


def gaps(taken: Iterable[int]) -> list[tuple[int, int]]:
    """The ranges of ports that are not taken."""
    found = []
    begin, end = PORTS
    for port in sorted(taken):
        if port > begin:
            found.append((begin, port - 1))
        begin = port + 1
    return [*found, (begin, end)] if begin <= end else found
