"""The ports of a task, and where checks find them."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.apps.ports import TaskPort, in_agent_network, in_container_network, marathon_target, probed_port


def lowest(_: int) -> int:
    return 0


def test_in_the_agents_network_a_port_is_the_hosts() -> None:
    assert in_agent_network([(80, "http"), (0, None)], [31000, 31001]) == (
        TaskPort(80, 31000, 31000, "http"), TaskPort(0, 31001, 31001))


def test_a_container_port_of_0_is_the_host_port_or_drawn() -> None:
    found = in_container_network([(0, "a"), (80, None), (0, None), (0, None)], [31000, None, None, None], lowest)
    assert [port.container for port in found] == [31000, 80, 1025, 1026]
    assert [port.announced for port in found] == [31000, 80, 1025, 1026]


@given(st.lists(st.tuples(st.integers(0, 3).map(lambda n: n and 65532 + n), st.none() | st.integers(1, 9)), max_size=8),
       st.integers(0, 64510))
def test_drawn_ports_are_above_1024_and_nobody_elses(ports: list[tuple[int, int | None]], drawn: int) -> None:
    found = in_container_network([(port, None) for port, _ in ports], [host for _, host in ports], lambda _: drawn)
    mine = [port.container for port in found if port.host is None and port.requested == 0]
    assert all(1024 < port <= 65535 for port in mine)
    assert len(set(mine)) == len(mine)
    assert not set(mine) & ({port for port, _ in ports} | {host for _, host in ports})


MAPPED = TaskPort(80, 31000, 80)
INSIDE = TaskPort(8080, None, 8080)


@pytest.mark.parametrize(("ports", "port", "index", "wanted"), [
    ([MAPPED, INSIDE], None, 0, 80), ([MAPPED, INSIDE], None, 1, 8080), ([MAPPED], None, None, 80),
    ([MAPPED, INSIDE], None, None, None), ([MAPPED], 9, 0, 9), ([], None, None, None), ([MAPPED], None, 1, None),
    ([TaskPort(0, 31000, 31000)], None, 0, 31000),
])
def test_where_the_task_itself_is_checked(ports: list[TaskPort], port: int | None, index: int | None,
                                          wanted: int | None) -> None:
    assert probed_port(ports, port, index) == wanted


@pytest.mark.parametrize(("ports", "port", "index", "ip", "wanted"), [
    ([MAPPED], None, 0, None, ("agent", 31000)), ([INSIDE], None, 0, "10.0.0.5", ("10.0.0.5", 8080)),
    ([MAPPED], None, 0, "10.0.0.5", ("10.0.0.5", 31000)), ([MAPPED], 99, None, None, ("agent", 99)),
    ([MAPPED, INSIDE], None, None, None, None),
])
def test_where_marathon_looks(ports: list[TaskPort], port: int | None, index: int | None, ip: str | None,
                              wanted: tuple[str, int] | None) -> None:
    assert marathon_target(ports, port, index, hostname="agent", container_ip=ip) == wanted
