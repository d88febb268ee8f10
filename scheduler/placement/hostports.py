"""Host ports for a task, out of the port ranges of an offer.

A port is asked for by its number, or any (0), or not at all (None, a container's port that is not mapped). Which number
"any" becomes is drawn: the ranges are shuffled, a port in them is drawn, and from there on ports are given one after
the other, around the end to the beginning. So a port is not soon used again for another task, while load balancers
still send to it, and ranges are not cut to pieces. A port that somebody asks for by number is never given as "any" to
the same task. All are given, or none. As Marathon: tasks/PortsMatcher.scala.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from specs.messages.resource import Range

Below = Callable[[int], int]  # a random number from 0 to below its argument


@dataclass(frozen=True, slots=True)
class OfferedPorts:
    """Ports from begin to end, both included; `source` tells offered resources apart (a role, or a place in a list)."""

    source: object
    begin: int
    end: int

    def __contains__(self, port: int) -> bool:
        return self.begin <= port <= self.end

    def __len__(self) -> int:
        return max(0, self.end - self.begin + 1)


@dataclass(frozen=True, slots=True)
class HostPort:
    """A port that a task gets, and from which of the offered resources."""

    number: int
    source: object


def choose(asked: Sequence[int | None], offered: Sequence[OfferedPorts],
           below: Below) -> tuple[HostPort | None, ...] | None:
    """A port for each that is asked for, in that order (None where none is); None if they are not all there."""
    fixed = {port for port in asked if port}
    drawn = (port for port in _drawn(offered, below) if port.number not in fixed)
    given: list[HostPort | None] = []
    for port in asked:
        if port is None:
            given.append(None)
            continue
        found = next(drawn, None) if port == 0 else _named(port, offered)
        if found is None:
            return None
        given.append(found)
    return tuple(given)


def ranges(ports: Sequence[int]) -> tuple[Range, ...]:
    """As few ranges as possible in the order of the ports: only one that follows its neighbour joins it."""
    joined: list[Range] = []
    for port in ports:
        if joined and joined[-1].end == port - 1:
            joined[-1] = Range(joined[-1].begin, port)
        else:
            joined.append(Range(port, port))
    return tuple(joined)


def by_source(ports: Sequence[HostPort | None]) -> list[tuple[object, tuple[Range, ...]]]:
    """The resources to take: neighbours of one source together, in the order of the ports, each port once."""
    runs: list[tuple[object, list[int]]] = []
    seen = set()
    for port in ports:
        if port is None or port.number in seen:
            continue
        seen.add(port.number)
        if not runs or runs[-1][0] != port.source:
            runs.append((port.source, []))
        runs[-1][1].append(port.number)
    return [(source, ranges(numbers)) for source, numbers in runs]


def _named(port: int, offered: Sequence[OfferedPorts]) -> HostPort | None:
    return next((HostPort(port, each.source) for each in offered if port in each), None)


def _drawn(offered: Sequence[OfferedPorts], below: Below) -> Iterator[HostPort]:
    """All ports that are offered, from a drawn one on. Draws only when the first is asked for."""
    shuffled = [each for each in offered if len(each)]
    if not shuffled:
        return
    for last in range(len(shuffled) - 1, 0, -1):
        other = below(last + 1)
        shuffled[last], shuffled[other] = shuffled[other], shuffled[last]
    start = below(sum(map(len, shuffled)))
    first = 0
    while start >= len(shuffled[first]):
        start -= len(shuffled[first])
        first += 1
    begin = shuffled[first].begin + start
    rotated = [OfferedPorts(shuffled[first].source, begin, shuffled[first].end),
               *shuffled[first + 1:], *shuffled[:first],
               OfferedPorts(shuffled[first].source, shuffled[first].begin, begin - 1)]
    for each in rotated:
        for number in range(each.begin, each.end + 1):
            yield HostPort(number, each.source)
