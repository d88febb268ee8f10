"""Host ports for a task, out of the port ranges of an offer.

A port is asked for by its number, or any (0), or not at all (None, a container's port that is not
mapped). Which number "any" becomes is drawn: the ranges are shuffled, a port in them is drawn, and
from there on ports are given one after the other, around the end to the beginning. So a port is not
soon used again for another task, while load balancers still send to it, and ranges are not cut to
pieces. A port that somebody asks for by number is never given as "any" to the same task. All are
given, or none. As Marathon: tasks/PortsMatcher.scala.

An agent that offers more than the ports that Mesos's agents offer by default does so for those who
ask for them by number: they would clash with services, and with the ports of outgoing connections.
What is drawn comes out of the default ones as long as some are left.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from specs.messages.resource import Range

_DEFAULT = (31000, 32000)  # as Mesos: slave/constants.hpp, DEFAULT_PORTS

Below = Callable[[int], int]  # a random number from 0 to below its argument


@dataclass(frozen=True, slots=True)
class OfferedPorts:
    """Ports from begin to end, both included, of one of the offered resources: `source` says of
    which.
    """

    source: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class HostPort:
    """A port that a task gets, and from which of the offered resources."""

    number: int
    source: int


def choose(asked: Sequence[int | None], offered: Sequence[OfferedPorts],
           below: Below | None) -> tuple[HostPort | None, ...] | None:
    """A port for each that is asked for, in that order (None where none is); None if they are not
    all there.

    Without `below` nothing is drawn: any port is the first one that is offered.
    """
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
    """As few ranges as possible in the order of the ports: only one that follows its neighbour
    joins it.
    """
    joined: list[Range] = []
    for port in ports:
        if joined and joined[-1].end == port - 1:
            joined[-1] = Range(joined[-1].begin, port)
        else:
            joined.append(Range(port, port))
    return tuple(joined)


def by_source(ports: Sequence[HostPort | None]) -> list[tuple[int, tuple[Range, ...]]]:
    """The resources to take: neighbours of one source together, in the order of the ports, each
    port once.
    """
    runs: list[tuple[int, list[int]]] = []
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
    return next((HostPort(port, each.source) for each in offered
                 if each.begin <= port <= each.end), None)


def _drawn(offered: Sequence[OfferedPorts], below: Below | None) -> Iterator[HostPort]:
    """All ports that are offered, from a drawn one on. Draws only when the first is asked for."""
    for part in _parts(offered):
        for each in part if below is None else _rotated(part, below):
            for number in range(each.begin, each.end + 1):
                yield HostPort(number, each.source)


def _parts(offered: Sequence[OfferedPorts]) -> tuple[Sequence[OfferedPorts], ...]:
    """Those that are drawn from first, and the others."""
    begin, end = _DEFAULT
    first = [OfferedPorts(each.source, max(each.begin, begin), min(each.end, end)) for each in offered
             if each.begin <= end and each.end >= begin]
    before = [OfferedPorts(each.source, each.begin, min(each.end, begin - 1)) for each in offered
              if each.begin < begin]
    behind = [OfferedPorts(each.source, max(each.begin, end + 1), each.end) for each in offered
              if each.end > end]
    return (first, [*behind, *before]) if first and (before or behind) else (offered,)


def _rotated(offered: Sequence[OfferedPorts], below: Below) -> list[OfferedPorts]:
    """Shuffled, and begun in the middle of one, whose first part is the last then."""
    shuffled = [each for each in offered if each.begin <= each.end]
    if not shuffled:
        return []
    for last in range(len(shuffled) - 1, 0, -1):
        other = below(last + 1)
        shuffled[last], shuffled[other] = shuffled[other], shuffled[last]
    sizes = [each.end - each.begin + 1 for each in shuffled]
    start = below(sum(sizes))
    place = 0
    while start >= sizes[place]:
        start -= sizes[place]
        place += 1
    first = shuffled[place]
    return [OfferedPorts(first.source, first.begin + start, first.end), *shuffled[place + 1:],
            *shuffled[:place], OfferedPorts(first.source, first.begin, first.begin + start - 1)]
