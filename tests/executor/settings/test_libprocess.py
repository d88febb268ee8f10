"""LIBPROCESS_*, and which protocol is spoken."""
from __future__ import annotations

import pytest

from executor.settings.libprocess import LibprocessSettings, libprocess_settings
from executor.settings.protocol import Protocol, protocol
from specs.errors import SpecError


@pytest.mark.parametrize(("said", "expected"), [
    ({}, LibprocessSettings()),
    ({"IP": "127.0.0.1", "PORT": "0"}, LibprocessSettings("127.0.0.1")),
    ({"IP": "10.0.0.7", "PORT": "7000"}, LibprocessSettings("10.0.0.7", 7000)),
    ({"IP6": "fd00::7"}, LibprocessSettings("fd00::7")),
    ({"IP": "[::1]"}, LibprocessSettings("::1")),
    ({"ADVERTISE_IP": "10.0.0.9", "ADVERTISE_PORT": "81"},
     LibprocessSettings(advertise_ip="10.0.0.9", advertise_port=81)),
    ({"REQUIRE_PEER_ADDRESS_IP_MATCH": "1"}, LibprocessSettings(require_peer_address_ip_match=True)),
])
def test_read(said: dict[str, str], expected: LibprocessSettings) -> None:
    assert libprocess_settings({f"LIBPROCESS_{name}": value for name, value in said.items()}) == expected


@pytest.mark.parametrize(("said", "text"), [
    ({"LIBPROCESS_IP": "localhost"}, "Failed to parse LIBPROCESS_IP 'localhost': it is no IP address"),
    ({"LIBPROCESS_PORT": "65536"}, "LIBPROCESS_PORT=65536 is not a valid port"),
    ({"LIBPROCESS_PORT": "-1"}, "LIBPROCESS_PORT=-1 is not a valid port"),
    ({"LIBPROCESS_ADVERTISE_PORT": "0"}, "LIBPROCESS_ADVERTISE_PORT=0 is not a valid port"),
])
def test_refused(said: dict[str, str], text: str) -> None:
    with pytest.raises(SpecError) as caught:
        libprocess_settings(said)
    assert caught.value.problem == text


@pytest.mark.parametrize("said", ["v0", "v1"])
def test_the_protocol_can_be_chosen(said: str) -> None:
    for drop_in in (True, False):
        assert protocol({"MESOS_DOCKER_PROTOCOL": said}, drop_in=drop_in) is Protocol(said)


def test_the_drop_in_speaks_as_its_agent_expects() -> None:
    assert protocol({}, drop_in=True) is Protocol.V0
    assert protocol({}, drop_in=False) is Protocol.V1


def test_another_protocol_is_refused() -> None:
    with pytest.raises(SpecError) as caught:
        protocol({"MESOS_DOCKER_PROTOCOL": "V2"}, drop_in=True)
    assert caught.value.problem == "MESOS_DOCKER_PROTOCOL must be v0 or v1, not 'V2'"
