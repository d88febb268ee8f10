"""What a task says twice, or where it cannot hold, is refused with the path of what Mesos would drop."""
from __future__ import annotations

import pytest

from specs.container.from_task import container_of
from specs.container.place import Place
from specs.errors import SpecError
from specs.forms.taskinfo import docker_task, task_from_mapping
from tests.specs.container.field_examples import (
    HTTP,
    TASK,
    TCP,
    Json,
    command,
    container,
    docker,
    health,
    reference,
    source,
    user_network,
    value,
)

NET = {"key": "net", "value": "host"}
SPREAD = {"path": "/h", "mount_propagation": {"mode": "UNKNOWN"}}
TWO = {"docker": {"image": "i", "network": "USER", "parameters": [{"key": "network", "value": "other"}]},
       "network_infos": [{"name": "a"}, {"name": "b"}]}
PORT = [{"host_port": 150, "container_port": 1}]


@pytest.mark.parametrize(("patch", "path"), [
    (command(arguments=["x"]), "command.arguments"),
    ({"data": "e30="}, "data"),
    (health(TCP, http={"port": 1}), "health_check.http"),
    ({"check": {**HTTP, "tcp": {"port": 1}}}, "check.tcp"),
    (source("HOST_PATH", "host_path", SPREAD), "container.volumes[0].source.host_path.mount_propagation.mode"),
    (container(volumes=[{"mode": "RW", "container_path": "/c", "source": {
        "type": "HOST_PATH", "host_path": {"path": "/h"}, "docker_volume": {"name": "v"}}}]),
     "container.volumes[0].source.docker_volume"),
    (container(volumes=[{"mode": "RW", "container_path": "/c", "source": {
        "type": "SANDBOX_PATH", "sandbox_path": {"type": "PARENT", "path": "x"}}}],
               docker={"image": "i", "parameters": [{"key": "restart", "value": "always"}]}),
     "container.volumes[0].source.sandbox_path"),
    (source("SECRET", "secret", {**value("YQ=="), "reference": reference()["reference"]}),
     "container.volumes[0].source.secret.reference"),
    (container(network_infos=[{"name": "n"}]), "container.network_infos[0].name"),
    (container(network_infos=[{"ip_addresses": [{"ip_address": "10.0.0.1"}]}]),
     "container.network_infos[0].ip_addresses[0].ip_address"),
    (user_network(ip_addresses=[{"ip_address": "fd00::1", "protocol": "IPv4"}]),
     "container.network_infos[0].ip_addresses[0].protocol"),
    (docker(parameters=[{"key": "rm", "value": "false"}]), "container.docker.parameters[0].value"),
    (container(**TWO), "container.docker.parameters[0]"),
    (docker(network="BRIDGE", port_mappings=PORT, parameters=[NET]), "container.docker.port_mappings"),
    (docker(parameters=[{"key": "publish", "value": "80:80"}]), "container.docker.parameters[0]"),
    (docker(network="BRIDGE", parameters=[NET, {"key": "publish-all", "value": "true"}]),
     "container.docker.parameters[1]"),
])
def test_what_would_be_dropped(patch: Json, path: str) -> None:
    task = docker_task(task_from_mapping({**TASK, **patch}, strict=True))
    with pytest.raises(SpecError) as caught:
        container_of(task, Place("n", "/s"))
    assert caught.value.path == path


@pytest.mark.parametrize("patch", [
    command(shell=False, arguments=["x"]),
    container(network_infos=[{"labels": {"labels": [{"key": "k"}]}}]),
    docker(parameters=[{"key": "rm", "value": "true"}]),
    docker(network="BRIDGE", parameters=[{"key": "publish", "value": "80:80"}]),
    docker(parameters=[{"key": "publish-all", "value": "false"}]),
    user_network(ip_addresses=[{"ip_address": "fd00::1", "protocol": "IPv6"}, {"protocol": "IPv4"}]),
])
def test_what_says_nothing_twice(patch: Json) -> None:
    container_of(task_from_mapping({**TASK, **patch}, strict=True), Place("n", "/s"))


def test_mesos_drops_it_in_silence_and_so_does_the_drop_in() -> None:
    task = task_from_mapping({**TASK, **command(arguments=["x"]), "data": "e30="}, strict=True)
    assert container_of(task, Place("n", "/s", only_mesos=True)).arguments == ("-c", "true")
