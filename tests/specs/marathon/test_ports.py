"""Service ports: none of them 0, none twice among those that are given, and they stay where they are."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.marathon.app import App, PortDefinition
from specs.marathon.container import AppPortMapping, Container, ContainerType
from specs.marathon.errors import MarathonError
from specs.marathon.ports import assigned, with_service_ports

NAMES = ["/a", "/b", "/c"]
PORTS = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from([0, 0, 10, 11, 12, 99]), max_size=3))


@given(PORTS, PORTS)
def test_ports(before: dict[str, list[int]], wanted: dict[str, list[int]]) -> None:
    old = assigned({}, before, 10, 40)
    new = assigned(old, wanted, 10, 40)
    drawn = [port for app_id in wanted for port, asked in zip(new[app_id], wanted[app_id], strict=True) if not asked]
    named = {port for ports in wanted.values() for port in ports if port}
    kept = {port for ports in old.values() for port in ports}  # also where people gave it to two apps
    fresh = [port for port in drawn if port not in kept]
    assert len(set(fresh)) == len(fresh)
    assert not set(fresh) & named
    assert all(10 <= port <= 40 for port in drawn)
    assert all(port == asked for app_id in wanted
               for port, asked in zip(new[app_id], wanted[app_id], strict=True) if asked)
    assert assigned(new, {app_id: [0] * len(ports) for app_id, ports in wanted.items()}, 1, 99).keys() == new.keys()
    assert assigned(new, new, 10, 40) == new


@given(PORTS)
def test_an_update_that_says_zero_again_keeps_its_numbers(wanted: dict[str, list[int]]) -> None:
    zeros = {app_id: [0] * len(ports) for app_id, ports in wanted.items()}
    given_before = assigned({}, zeros, 10, 40)
    assert assigned(given_before, zeros, 10, 40) == given_before


def test_apps_that_have_their_ports_are_the_same_objects() -> None:
    host = App("/a", port_definitions=(PortDefinition(), PortDefinition(80)))
    bridge = App("/b", container=Container(ContainerType.DOCKER, port_mappings=(AppPortMapping(8080),)))
    none = App("/c", port_definitions=())
    found = with_service_ports([host, bridge, none], {}, 10000, 10001)
    assert [app.service_ports for app in found.values()] == [(10000, 80), (10001,), ()]
    assert found["/c"] is none
    again = with_service_ports(found.values(), found, 10000, 10001)
    assert all(again[app_id] is app for app_id, app in found.items())
    with pytest.raises(MarathonError, match="All ports in the range") as raised:
        with_service_ports([*found.values(), App("/d", port_definitions=(PortDefinition(),))], found, 10000, 10001)
    assert raised.value.status == 500
