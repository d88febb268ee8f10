"""The single flags of `mesos-docker run` become a TaskInfo."""
from __future__ import annotations

from typing import Any

import pytest

from deploy.run.options import Flags, command_info, task_info
from specs.errors import SpecError


def info(**flags: Any) -> dict[str, Any]:
    return task_info(Flags(name="t", image="busybox", **flags))


def test_the_least() -> None:
    assert info() == {
        "name": "t", "task_id": {"value": "t"}, "agent_id": {"value": ""},
        "command": {"shell": False},
        "container": {"type": "DOCKER", "docker": {"image": "busybox", "network": "HOST"}},
        "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                      {"name": "mem", "type": "SCALAR", "scalar": {"value": 128.0}}]}


@pytest.mark.parametrize(("network", "publish", "docker", "names"), [
    (None, (), "HOST", []), ("host", (), "HOST", []), ("bridge", (), "BRIDGE", []),
    ("none", (), "NONE", []),
    ("blue", (), "USER", ["blue"]), (None, ("80",), "BRIDGE", []),
    ("blue", ("80",), "USER", ["blue"]),
])
def test_networks(network: str | None, publish: tuple[str, ...], docker: str,
                  names: list[str]) -> None:
    container = info(network=network, publish=publish)["container"]
    assert container["docker"]["network"] == docker
    assert [each["name"] for each in container.get("network_infos", [])] == names


@pytest.mark.parametrize(("text", "mapping", "ports"), [
    ("8080:80", {"host_port": 8080, "container_port": 80}, [(8080, 8080)]),
    ("8080:80/udp", {"host_port": 8080, "container_port": 80, "protocol": "udp"}, [(8080, 8080)]),
    ("8080:80/TCP", {"host_port": 8080, "container_port": 80, "protocol": "tcp"}, [(8080, 8080)]),
    ("80", {"host_port": 0, "container_port": 80}, []),
    (":80", {"host_port": 0, "container_port": 80}, []),
])
def test_ports(text: str, mapping: dict[str, Any], ports: list[tuple[int, int]]) -> None:
    found = info(publish=(text,))
    assert found["container"]["docker"]["port_mappings"] == [mapping]
    asked = [(r["begin"], r["end"]) for resource in found["resources"]
             if resource["name"] == "ports"
             for r in resource["ranges"]["range"]]
    assert asked == ports


@pytest.mark.parametrize(("text", "volume"), [
    ("/a:/b", {"host_path": "/a", "container_path": "/b", "mode": "RW"}),
    ("a/b:/c:ro", {"host_path": "a/b", "container_path": "/c", "mode": "RO"}),
    ("/a:/b:RW", {"host_path": "/a", "container_path": "/b", "mode": "RW"}),
])
def test_volumes(text: str, volume: dict[str, Any]) -> None:
    assert info(volumes=(text,))["container"]["volumes"] == [volume]


def test_variables_are_given_or_taken_over() -> None:
    command = info(env=("A=1", "B=x=y", "C=", "HOME"), environ={"HOME": "/root"})["command"]
    assert [(v["name"], v["value"]) for v in command["environment"]["variables"]] == [
        ("A", "1"), ("B", "x=y"), ("C", ""), ("HOME", "/root")]


@pytest.mark.parametrize(("words", "shell", "command"), [
    ((), None, {"shell": False}),
    ((), False, {"shell": False}),
    (("true",), None, {"shell": False, "value": "true"}),
    (("echo", "a b"), None, {"shell": False, "value": "echo", "arguments": ["a b"]}),
    (("exit 3",), None, {"shell": True, "value": "exit 3"}),
    (("exit 3",), False, {"shell": False, "value": "exit 3"}),
    (("echo", "$HOME"), True, {"shell": True, "value": "echo $HOME"}),
])
def test_commands(words: tuple[str, ...], shell: bool | None, command: dict[str, Any]) -> None:
    assert command_info(words, shell) == command


@pytest.mark.parametrize(("flags", "path", "problem"), [
    ({"publish": ("x",)}, "--publish", "is not HOST:CONTAINER"),
    ({"publish": ("1:2:3",)}, "--publish", "is not HOST:CONTAINER"),
    ({"publish": ("127.0.0.1:8080:80",)}, "--publish", "all an agent's addresses: -p 8080:80"),
    ({"publish": ("0.0.0.0:8080:80/udp",)}, "--publish", "all an agent's addresses: -p 8080:80/udp"),
    ({"publish": ("127.0.0.1::80",)}, "--publish", "all an agent's addresses: -p 80"),
    ({"publish": ("[::1]:8080:80",)}, "--publish", "all an agent's addresses: -p 8080:80"),
    ({"publish": ("8000-8010:80-90",)}, "--publish", "a range is an option for each port"),
    ({"publish": ("8000-8010",)}, "--publish", "a range is an option for each port"),
    ({"publish": ("70000:80",)}, "--publish", "70000 is not a port"),
    ({"publish": ("80:0",)}, "--publish", "cannot be 0"),
    ({"publish": ("80:80/sctp",)}, "--publish", "tcp or udp"),
    ({"publish": ("80:80",), "network": "host"}, "--publish", "network host"),
    ({"publish": ("80:80",), "network": "none"}, "--publish", "network none"),
    ({"volumes": ("/a",)}, "--volume", "is not HOST:CONTAINER"),
    ({"volumes": ("/a:b",)}, "--volume", "must begin with /"),
    ({"volumes": (":/b",)}, "--volume", "is not HOST:CONTAINER"),
    ({"volumes": ("/a:/b:ro:x",)}, "--volume", "is not HOST:CONTAINER"),
    ({"env": ("=1",)}, "--env", "is not NAME=VALUE"),
    ({"env": ("NOT_HERE",)}, "--env", "has no value here"),
    ({"shell": True}, "--shell", "needs a command"),
])
def test_what_is_refused(flags: dict[str, Any], path: str, problem: str) -> None:
    with pytest.raises(SpecError) as error:
        info(**flags)
    assert error.value.path == path
    assert problem in error.value.problem


def test_an_image_is_needed() -> None:
    with pytest.raises(SpecError, match="--image"):
        task_info(Flags(name="t"))
