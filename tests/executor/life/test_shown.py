"""What TASK_RUNNING tells of a container."""
from __future__ import annotations

import json

import pytest

from executor.engine.port import Address
from executor.life.shown import inspect_data, network_infos
from specs.messages.containerinfo import IPAddress, NetworkInfo
from specs.messages.values import Label

ADDRESSES = (Address("front", "10.0.0.2", "fd00::2"), Address("back", "10.1.0.2"))


def test_every_networks_addresses() -> None:
    requested = [NetworkInfo((IPAddress(ip_address="10.0.0.9"),), "front", labels=(Label("a"),))]
    assert network_infos(ADDRESSES, requested, strict=False) == (
        NetworkInfo((IPAddress(ip_address="10.0.0.2"), IPAddress("IPv6", "fd00::2")), "front", labels=(Label("a"),)),
        NetworkInfo((IPAddress(ip_address="10.1.0.2"),), "back"))
    assert len(network_infos(ADDRESSES, requested, strict=True)) == 1
    assert network_infos((), requested, strict=False) == ()


RAW = {"Id": "c", "Config": {"Env": ["MESOS_SANDBOX=/s", "A=b", "DB_PASSWORD=x", "API_TOKEN=y"],
                             "Labels": {"a": "b", "mesos-docker.owner": "me"}}}


@pytest.mark.parametrize(("strict", "env"), [
    (False, ["MESOS_SANDBOX=/s", "A=***", "DB_PASSWORD=***", "API_TOKEN=***"]),
    (True, ["MESOS_SANDBOX=/s", "A=b", "DB_PASSWORD=***", "API_TOKEN=***"]),
])
def test_inspect_data(strict: bool, env: list[str]) -> None:
    (shown,) = json.loads(inspect_data(RAW, strict=strict))
    assert shown["Config"] == {"Env": env, "Labels": {"a": "b"}}
    assert RAW["Config"]["Labels"]["mesos-docker.owner"] == "me"  # type: ignore[index]
