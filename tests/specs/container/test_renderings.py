"""The two renderings of RunOptions are one: containers made by both, on a real engine, look the same to `docker
inspect`."""
from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from executor.docker.mesos_docker import Docker
from executor.docker.networks import NewNetwork
from specs.container.command_line import argv
from specs.container.payload import create_payload
from specs.container.run_options import Device, Mount, Network, PublishedPort, RunOptions, Ulimit
from specs.messages.values import Parameter
from tests.engine import real_docker
from tests.images import busybox_image

LABEL = "mesos-docker.test"
OWN = f"rendering-{uuid.uuid4().hex[:12]}"  # a network of this test

SAMPLE: dict[str, dict[str, Any]] = {
    "plain": {},
    "limits": {"cpu_shares": 512, "cpu_quota": 20000, "memory": 64 << 20, "memory_reservation": 32 << 20,
               "oom_score_adj": 500},
    "environment": {"env": {"A": "b=c", "EMPTY": "", "É": "a b"}},
    "shell": {"entrypoint": "/bin/sh", "arguments": ("-c", "echo \"a b\" && true")},
    "privileges": {"cap_drop": ("ALL",), "cap_add": ("CHOWN",), "security_opt": ("no-new-privileges",), "user": "7:8"},
    "network": {"network": OWN, "networks": (Network(OWN, ipv4="10.213.47.9"),),
                "hostname": "web", "dns": ("8.8.8.8",), "dns_search": ("a.example",),
               "dns_opt": ("ndots:2",), "port_mappings": (PublishedPort(47811, 80), PublishedPort(47812, 53, "UDP"))},
    "volumes": {"volumes": ("/tmp:/host:ro", "/usr:/more"), "mounts": (Mount("bind", "/a:b", "/tmp", read_only=True),
                                                                        Mount("tmpfs", "/t"))},
    "devices": {"devices": (Device("/dev/null", "/dev/nothing", mknod=False),), "tty": True},
    "namespaces": {"ipc": "private", "pid": "host", "shm_size": 1 << 20, "ulimits": (Ulimit("nofile", 1000, 2000),)},
    "parameters": {"memory": 32 << 20, "parameters": (
        Parameter("memory", "48m"), Parameter("memory-swap", "-1"), Parameter("ulimit", "core=0"),
        Parameter("label", "a=b"), Parameter("env", "A=b"), Parameter("sysctl", "net.ipv4.ip_forward=1"),
        Parameter("tmpfs", "/run:size=1m"), Parameter("stop-signal", "SIGINT"), Parameter("read-only", "true"),
        Parameter("health-cmd", "true"), Parameter("health-interval", "1h"), Parameter("init", "false"),
        Parameter("add-host", "h:1.2.3.4"), Parameter("log-opt", "max-size=1m"), Parameter("workdir", "/tmp"))},
    "net parameter": {"network": "none", "parameters": (Parameter("expose", "99"), Parameter("uts", "host"))},
}


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    with real_docker() as docker:
        yield docker


def made_by_api(docker: Docker, options: RunOptions) -> dict[str, Any]:
    try:
        docker.containers.start(docker.containers.create(create_payload(options, {LABEL: "x"}), options.name))
        return inspected(docker, options.name)
    finally:
        docker.containers.remove(options.name)


def made_by_command_line(docker: Docker, options: RunOptions) -> dict[str, Any]:
    words = ["docker", "-H", f"unix://{docker.api.socket_path}", "run", "--label", f"{LABEL}=x", *argv(options)]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return inspected(docker, options.name)
    finally:
        docker.containers.remove(options.name)


def inspected(docker: Docker, name: str) -> dict[str, Any]:
    answer = docker.containers.inspect(name).raw
    return normal({"Config": answer["Config"], "HostConfig": answer["HostConfig"],
                   "Networks": sorted(answer["NetworkSettings"]["Networks"])})


def normal(found: dict[str, Any]) -> dict[str, Any]:
    """Without what must differ, and with binds and variables in order, which the command line keeps in maps; it has
    empty lists where it could leave them out, not all of its versions the same."""
    host, config = found["HostConfig"], found["Config"]
    host.update({name: None for name, value in host.items() if value == []})
    host.update({name: sorted(each.upper().removeprefix("CAP_") for each in host[name] or ())
                 for name in ("CapAdd", "CapDrop")})  # some write all of it, and in order
    host["Binds"], config["Env"] = sorted(host["Binds"] or ()), sorted(config["Env"] or ())
    if len(config["Hostname"]) == 12:  # the container's id
        config.pop("Hostname")
    return found


@pytest.fixture(scope="module", autouse=True)
def own_network(docker: Docker) -> Iterator[None]:
    docker.networks.create(NewNetwork(OWN, subnets=("10.213.47.0/24",), labels={LABEL: "x"}))
    yield
    docker.networks.rm(OWN)


@pytest.mark.parametrize("case", sorted(SAMPLE))
def test_both_renderings_make_the_same_container(docker: Docker, case: str) -> None:
    fields: dict[str, Any] = {"network": "none", "arguments": ("true",), **SAMPLE[case]}
    options = RunOptions(image=busybox_image(), name=f"rendering-{uuid.uuid4().hex[:12]}", **fields)
    by_api = made_by_api(docker, options)
    by_command_line = made_by_command_line(docker, replace(options, name=f"{options.name}-cli"))
    assert by_api == by_command_line
