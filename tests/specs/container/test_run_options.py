"""RunOptions beyond Mesos, and for any task: a value or a SpecError, and nothing else."""
from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from specs.container.command_line import argv
from specs.container.from_task import container_of
from specs.container.payload import create_payload
from specs.container.place import Place
from specs.container.run_options import Network, RunOptions, SecretFile, Ulimit
from specs.errors import SpecError
from specs.forms.taskinfo import task_from_mapping
from specs.messages.task import CommandInfo, ContainerInfo, DockerInfo, TaskInfo
from specs.rules.tasks import prepared, validate_task
from tests.specs.strategies import messages

VALUE = {"type": "VALUE", "value": {"data": "c2VjcmV0"}}


def made(container: dict[str, Any] | None = None, docker: dict[str, Any] | None = None, **task: Any) -> RunOptions:
    mapping = {"name": "t", "task_id": {"value": "t"}, "command": {"shell": False}, **task,
               "container": {"type": "DOCKER", "docker": {"image": "i", **(docker or {})}, **(container or {})}}
    read = task_from_mapping(mapping, strict=True, without_agent=True)
    return container_of(read, Place("n", "/s", "/m", total_memory=1 << 30, secrets="/d"))


def source(kind: str, **fields: Any) -> dict[str, Any]:
    return {"volumes": [{"mode": "RO", "container_path": "/c", "source": {"type": kind, **fields}}]}


def test_volume_sources() -> None:
    assert made(source("HOST_PATH", host_path={"path": "/h"})).volumes[0] == "/h:/c:ro"
    spread = {"path": "/h", "mount_propagation": {"mode": "BIDIRECTIONAL"}}
    assert made(source("HOST_PATH", host_path=spread)).volumes[0] == "/h:/c:ro,rshared"
    assert made(source("SANDBOX_PATH", sandbox_path={"type": "SELF", "path": "p"})).volumes[0] == "/s/p:/c:ro"
    options = made(source("SECRET", secret=VALUE))
    assert options.secret_files == (SecretFile("/d/0", "/c", b"secret"),)
    assert "secret'" not in repr(options)
    assert create_payload(options)["HostConfig"]["Binds"] == ["/s:/m", "/d/0:/c:ro"]
    named = {"name": "v", "driver": "d", "driver_options": {"parameter": [{"key": "size", "value": "1"}]}}
    mount = create_payload(made(source("DOCKER_VOLUME", docker_volume=named)))["HostConfig"]["Mounts"][0]
    assert mount == {"Type": "volume", "Target": "/c", "Source": "v", "ReadOnly": True,
                     "VolumeOptions": {"DriverConfig": {"Name": "d", "Options": {"size": "1"}}}}


@pytest.mark.parametrize(("volumes", "part"), [
    (source("HOST_PATH", host_path={"path": "h"}), "is not absolute"),
    (source("SANDBOX_PATH", sandbox_path={"type": "SELF", "path": "a/../../b"}), "leads out of the sandbox"),
    (source("SANDBOX_PATH", sandbox_path={"type": "PARENT", "path": "../b"}), "leads out of the sandbox"),
    (source("SECRET", secret={"type": "REFERENCE", "reference": {"name": "db"}}), "Secret 'db' is a reference"),
    (source("CSI_VOLUME"), "cannot be given to a Docker container")])
def test_sources_that_cannot_be(volumes: dict[str, Any], part: str) -> None:
    with pytest.raises(SpecError, match=part) as caught:
        made(volumes)
    assert caught.value.path.startswith("container.volumes[0]")


def test_a_path_with_a_colon_becomes_a_mount() -> None:
    options = made({"volumes": [{"mode": "RW", "container_path": "/c:d", "host_path": "/h"}]})
    assert options.volumes == ("/s:/m",)
    assert argv(options)[argv(options).index("--mount") + 1] == "type=bind,source=/h,target=/c:d"


def test_networks_and_addresses() -> None:
    infos = [{"name": "a", "ip_addresses": [{"ip_address": "10.0.0.2"}, {"ip_address": "fd00::2"}]}, {"name": "b"}]
    options = made({"network_infos": infos}, {"network": "USER"})
    assert options.networks == (Network("a", ipv4="10.0.0.2", ipv6="fd00::2"), Network("b"))
    endpoints = create_payload(options)["NetworkingConfig"]["EndpointsConfig"]
    assert list(endpoints) == ["a", "b"]
    assert endpoints["a"] == {"IPAMConfig": {"IPv4Address": "10.0.0.2", "IPv6Address": "fd00::2"}}
    with pytest.raises(SpecError, match="named twice"):
        made({"network_infos": [{"name": "a"}, {"name": "a"}]}, {"network": "USER"})


def test_linux_info_and_the_rest() -> None:
    options = made(
        {"linux_info": {"effective_capabilities": {"capabilities": ["NET_RAW"]}, "shm_size": 3, "ipc_mode": "PRIVATE",
                        "share_pid_namespace": True, "seccomp": {"unconfined": True}}, "tty_info": {},
         "rlimit_info": {"rlimits": [{"type": "RLMT_NOFILE", "soft": 1, "hard": 2}, {"type": "RLMT_CORE"}]}},
        command={"shell": False, "user": "joe", "environment": {"variables": [
            {"name": "P", "type": "SECRET", "secret": VALUE}]}},
        resources=[{"name": "gpus", "type": "SCALAR", "scalar": {"value": 2}}])
    assert (options.user, options.tty, options.gpus, options.shm_size) == ("joe", True, 2, 3 << 20)
    assert (options.cap_drop, options.cap_add, options.ipc, options.pid) == (("ALL",), ("NET_RAW",), "private", "host")
    assert options.ulimits == (Ulimit("nofile", 1, 2), Ulimit("core", -1, -1))
    assert options.env["P"] == "secret"
    assert options.secret_env == {"P"}
    payload = create_payload(options)
    assert payload["HostConfig"]["DeviceRequests"][0]["Count"] == 2
    assert payload["User"] == "joe"


@pytest.mark.parametrize("container", [
    {"rlimit_info": {"rlimits": [{"type": "RLMT_AS", "soft": 1, "hard": 1}]}},
    {"rlimit_info": {"rlimits": [{"type": "RLMT_CPU", "soft": 1}]}},
    {"rlimit_info": {"rlimits": [{"type": "RLMT_CPU", "soft": 2, "hard": 1}]}},
    {"linux_info": {"seccomp": {"profile_name": "p"}}},
    {"linux_info": {"ipc_mode": "SHARE_PARENT", "shm_size": 1}},
    {"linux_info": {"effective_capabilities": {"capabilities": ["CHOWN"]},
                    "bounding_capabilities": {"capabilities": ["KILL"]}}},
])
def test_what_docker_cannot_do_is_refused(container: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        made(container)


@settings(max_examples=400, suppress_health_check=list(HealthCheck), deadline=None)
@given(messages(TaskInfo))
def test_any_task_gives_a_value_or_a_spec_error(task: TaskInfo) -> None:
    with contextlib.suppress(SpecError):
        validate_task(prepared(task, framework_id="f", role="*"))
    with contextlib.suppress(SpecError):
        render(task)


@settings(max_examples=400, suppress_health_check=list(HealthCheck), deadline=None)
@given(messages(ContainerInfo, 5), messages(CommandInfo, 3), messages(DockerInfo, 2))
def test_any_docker_container_gives_a_value_or_a_spec_error(container: ContainerInfo, command: CommandInfo,
                                                            docker: DockerInfo) -> None:
    task = TaskInfo("t", "t", "a", container=replace(container, docker=docker), command=replace(command, value="true"))
    with contextlib.suppress(SpecError):
        render(task)


def render(task: TaskInfo) -> None:
    for only_mesos in (True, False):
        options = container_of(task, Place("n", "/s", "/m", total_memory=1 << 34, secrets="/d",
                                           resolve_secret=lambda _: b"s", only_mesos=only_mesos))
        assert all(isinstance(word, str) for word in argv(options))
        create_payload(options, {"a": "b"})


def test_a_secret_file_at_a_path_with_a_colon_becomes_a_mount() -> None:
    secret = {"mode": "RO", "container_path": "/a:b", "source": {"type": "SECRET", "secret": VALUE}}
    options = made({"volumes": [secret]})
    host = create_payload(options)["HostConfig"]
    assert host["Binds"] == ["/s:/m"]
    assert host["Mounts"] == [{"Type": "bind", "Target": "/a:b", "Source": "/d/0", "ReadOnly": True}]
    assert "type=bind,source=/d/0,target=/a:b,readonly" in argv(options)


AMOUNTS = [{"name": name, "type": "SCALAR", "scalar": {"value": 64}} for name in ("cpus", "mem")]


def test_what_a_place_leaves_open_is_not_said() -> None:
    read = task_from_mapping({
        "name": "t", "task_id": {"value": "t"}, "command": {"value": "true"}, "resources": AMOUNTS,
        "limits": {"mem": {"value": 128}}, "container": {"type": "DOCKER", "docker": {
            "image": "i", "network": "BRIDGE", "port_mappings": [{"host_port": 0, "container_port": 80}]}},
    }, strict=True, without_agent=True)
    assert container_of(read, Place("n", "/s", ports_open=True)).oom_score_adj is None
    with pytest.raises(SpecError, match="Port mappings require port resources"):
        container_of(read, Place("n", "/s"))
    with pytest.raises(SpecError, match="Failed to auto-detect the size of main memory"):
        container_of(read, Place("n", "/s", total_memory=0, ports_open=True))
