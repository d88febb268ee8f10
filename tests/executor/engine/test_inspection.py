"""What inspect answers are read as; Mesos's reading of them is proved by the vectors."""
from __future__ import annotations

from typing import Any

import pytest

from executor.engine.inspection import completed, completed_image, inspection, redacted
from executor.engine.mesos_inspect import mesos_container, mesos_image
from executor.engine.port import Address
from specs.errors import SpecError
from specs.words.secrecy import HIDDEN

NEVER = "0001-01-01T00:00:00Z"


def raw(state: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"Id": "4f", "Name": "/x", "State": {"Running": True, "Pid": 7, "StartedAt": "2024-01-02T03:04:05Z",
                                               "FinishedAt": NEVER, "ExitCode": 0, **(state or {})}, **more}


def test_running() -> None:
    found = inspection(raw(Config={"Image": "i", "Labels": {"a": "1"}}))
    assert (found.id, found.name, found.image, found.labels) == ("4f", "x", "i", {"a": "1"})
    assert (found.running, found.started, found.pid, found.exit_code, found.finished_at) == (True, True, 7, None, None)


@pytest.mark.parametrize(("state", "code", "started"), [
    ({"Running": False, "Pid": 0, "ExitCode": 3, "FinishedAt": "2024-01-02T03:04:06Z"}, 3, True),
    ({"Running": False, "Pid": 0, "StartedAt": NEVER}, None, False),
    ({"Running": False, "Pid": 0, "StartedAt": NEVER, "ExitCode": 127, "Error": "not found"}, 127, False),
])
def test_not_running(state: dict[str, Any], code: int | None, started: bool) -> None:
    found = inspection(raw(state))
    assert (found.exit_code, found.started, found.pid) == (code, started, None)


def test_what_is_being_stopped_runs() -> None:
    """Podman says of it that it does not run, with the exit status 0, until it has ended."""
    found = inspection(raw({"Running": False, "Status": "stopping"}))
    assert (found.running, found.exit_code, found.pid) == (True, None, 7)


def test_the_network_it_was_created_on_comes_first() -> None:
    networks = {"a.b": {"IPAddress": "10.0.0.2"}, "z": {"IPAddress": "10.1.0.2", "GlobalIPv6Address": "fd00::2"},
                "silent": {"IPAddress": "", "GlobalIPv6Address": ""}, "null": None}
    found = inspection(raw(HostConfig={"NetworkMode": "z"}, NetworkSettings={"Networks": networks}))
    assert found.addresses == (Address("z", "10.1.0.2", "fd00::2"), Address("a.b", "10.0.0.2"))


def test_default_means_bridge() -> None:
    found = inspection(raw(HostConfig={"NetworkMode": "default"}, NetworkSettings={"Networks": {
        "a": {"IPAddress": "10.0.0.2"}, "bridge": {"IPAddress": "172.17.0.2"}}}))
    assert [address.network for address in found.addresses] == ["bridge", "a"]


def test_an_answer_with_nothing_in_it() -> None:
    assert inspection({}).addresses == ()


ENDPOINT = {"EndpointID": "e", "Gateway": "172.17.0.1", "GlobalIPv6Address": "fd00::2", "GlobalIPv6PrefixLen": 64,
            "IPAddress": "172.17.0.2", "IPPrefixLen": 16, "IPv6Gateway": "fd00::1", "MacAddress": "02:42:ac:11:00:02"}


@pytest.mark.parametrize(("networks", "before"), [
    ({"bridge": {**ENDPOINT, "DNSNames": None}}, ENDPOINT),
    ({"mine": ENDPOINT}, {name: type(value)() for name, value in ENDPOINT.items()}),
    ({"bridge": None}, {name: type(value)() for name, value in ENDPOINT.items()}),
    (None, {name: type(value)() for name, value in ENDPOINT.items()}),
])
def test_what_newer_engines_leave_out_of_a_container(networks: object, before: dict[str, object]) -> None:
    answer = raw(NetworkSettings={"Networks": networks, "Ports": {}})
    assert completed(answer)["NetworkSettings"] == {**before, "Networks": networks, "Ports": {}}
    assert "IPAddress" not in answer["NetworkSettings"]
    older = raw(NetworkSettings={"Networks": networks, **ENDPOINT, "IPAddress": "10.9.9.9"})
    assert completed(older) == older  # what an older one says stays


@pytest.mark.parametrize("answer", [{}, {"NetworkSettings": None}, {"NetworkSettings": {}}])
def test_what_has_no_networks_at_all(answer: dict[str, Any]) -> None:
    assert completed(answer)["NetworkSettings"]["IPAddress"] == ""


@pytest.mark.parametrize(("answer", "entrypoint", "env"), [
    ({"Config": {"Entrypoint": ["/a"], "Env": ["B=1"]}}, ("/a",), {"B": "1"}),  # Docker 26
    ({"Config": {}}, None, None),  # Docker 29
    ({}, None, None),
    ({"Config": {"Env": ["B=1"]}, "ContainerConfig": {"Entrypoint": ["/c"], "Env": None}}, ("/c",), None),  # 20.10
])
def test_what_newer_engines_leave_out_of_an_image(answer: dict[str, Any], entrypoint: object, env: object) -> None:
    found = mesos_image(completed_image(answer))
    assert (found.entrypoint, found.environment) == (entrypoint, env)


def test_what_is_hidden() -> None:
    answer = raw(Config={"Env": ["PATH=/bin", "TOKEN=a=b", "EMPTY"], "Cmd": ["x"]})
    assert redacted(answer)["Config"]["Env"] == [f"PATH={HIDDEN}", f"TOKEN={HIDDEN}", f"EMPTY={HIDDEN}"]
    some = redacted(answer, lambda name: name == "TOKEN")
    assert some["Config"] == {"Env": ["PATH=/bin", f"TOKEN={HIDDEN}", "EMPTY"], "Cmd": ["x"]}
    assert answer["Config"]["Env"][1] == "TOKEN=a=b"
    assert redacted(raw(Config={"Env": None}))["Config"]["Env"] is None
    assert redacted(raw()) == raw()


@pytest.mark.parametrize("output", ["{}", "7", "null"])
def test_what_is_no_array(output: str) -> None:
    with pytest.raises(SpecError, match="Failed to parse JSON"):
        mesos_container(output)
