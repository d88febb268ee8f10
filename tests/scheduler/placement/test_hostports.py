"""Host ports out of offered ranges: all or none, each once, fixed ones as asked, the others drawn."""
from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.placement.hostports import HostPort, OfferedPorts, by_source, choose, ranges
from specs.messages.resource import Range


def lowest(_: int) -> int:
    return 0


def highest(number: int) -> int:
    return number - 1


def numbers(given_ports: Sequence[HostPort | None] | None) -> list[int | None]:
    assert given_ports is not None
    return [None if port is None else port.number for port in given_ports]


@st.composite
def offers(draw: st.DrawFn) -> list[OfferedPorts]:
    """Ranges that do not overlap."""
    edges = sorted(draw(st.sets(st.integers(1, 40), max_size=10)))
    return [OfferedPorts(draw(st.integers(0, 1)), begin, end)
            for begin, end in zip(edges[::2], edges[1::2], strict=False)]


ASKED = st.lists(st.one_of(st.none(), st.just(0), st.integers(1, 40)), max_size=6).filter(
    lambda asked: len(fixed := [port for port in asked if port]) == len(set(fixed)))


@given(ASKED, offers(), st.randoms(use_true_random=False))
def test_all_or_none_and_each_once(asked: list[int | None], offered: list[OfferedPorts], random: Random) -> None:
    below = random.randrange
    there = {port: each.source for each in offered for port in range(each.begin, each.end + 1)}
    fixed = [port for port in asked if port]
    fits = set(fixed) <= set(there) and asked.count(0) <= len(there) - len(fixed)
    given_ports = choose(asked, offered, below)
    assert (given_ports is not None) is fits
    if given_ports is not None:
        taken = [port for port in given_ports if port is not None]
        assert len({port.number for port in taken}) == len(taken)
        assert all(there[port.number] == port.source for port in taken)
        assert [port is None for port in given_ports] == [port is None for port in asked]
        assert all(port is None or not wanted or port.number == wanted
                   for port, wanted in zip(given_ports, asked, strict=True))


def test_from_a_drawn_port_on_around_the_end() -> None:
    offered = [OfferedPorts(0, 10, 14)]
    assert numbers(choose([0, 0, 0], offered, lambda _: 3)) == [13, 14, 10]
    assert numbers(choose([0, 0], offered, lowest)) == [10, 11]
    assert numbers(choose([0, 0], offered, highest)) == [14, 10]


def test_ranges_are_shuffled() -> None:
    offered = [OfferedPorts(0, 10, 11), OfferedPorts(0, 20, 21), OfferedPorts(0, 30, 31)]
    begun_with = {numbers(choose([0] * 6, offered, Random(seed).randrange))[0] for seed in range(40)}
    assert begun_with == {10, 11, 20, 21, 30, 31}
    orders = {tuple(numbers(choose([0] * 6, offered, Random(seed).randrange))) for seed in range(40)}
    assert len(orders) > 6


def test_nothing_is_drawn_for_nothing() -> None:
    def never(_: int) -> int:
        raise AssertionError

    assert numbers(choose([12, None], [OfferedPorts(0, 10, 14)], never)) == [12, None]
    assert choose([], [], never) == ()
    assert choose([0], [], never) is None
    assert choose([0], [OfferedPorts(0, 5, 4)], never) is None


@pytest.mark.parametrize(("ports", "joined"), [
    ([100, 101, 103], [(100, 101), (103, 103)]), ([101, 100], [(101, 101), (100, 100)]), ([], []), ([7], [(7, 7)]),
])
def test_ranges_in_the_order_of_the_ports(ports: list[int], joined: list[tuple[int, int]]) -> None:
    assert ranges(ports) == tuple(Range(begin, end) for begin, end in joined)


def test_resources_by_source_with_each_port_once() -> None:
    """A port that is mapped twice, as TCP and as UDP, is one port of the agent."""
    given_ports = [HostPort(10, 0), HostPort(11, 0), None, HostPort(30, 1), HostPort(10, 0),
                   HostPort(12, 0)]
    assert by_source(given_ports) == [(0, (Range(10, 11),)), (1, (Range(30, 30),)), (0, (Range(12, 12),))]


def test_default_ports_are_drawn_before_others_and_others_are_there_for_who_names_them() -> None:
    wide = [OfferedPorts(0, 1, 31001), OfferedPorts(1, 31999, 65535)]
    for seed in range(20):
        drawn = numbers(choose([0, 0, 80, 0, 0], wide, Random(seed).randrange))
        assert {each for each in drawn if each != 80} == {31000, 31001, 31999, 32000}
    assert len(set(numbers(choose([0] * 5, wide, lowest)))) == 5
