"""From a TaskInfo to a container."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from executor.admission.plan import Plan, plan
from executor.admission.volumes import mounted_folders
from executor.engine.failures import BadOption
from executor.settings.labels import cni_networks
from executor.settings.settings import Settings
from specs.errors import SpecError
from specs.forms.taskinfo import task_from_mapping
from specs.messages.task import TaskInfo
from tests.executor.program.running import task

CUSTOM = Settings(directory="/sandbox", labels={"mesos-docker.owner": "me"})
DROP_IN = replace(CUSTOM, container="mesos-1")


def info(**fields: Any) -> TaskInfo:
    return task_from_mapping(task("t", "true", **fields), strict=True)


def planned(settings: Settings = CUSTOM, known_cni: frozenset[str] = frozenset(),
            **fields: Any) -> Plan:
    return plan(info(**fields), settings, "mdx-1", "/sandbox/tasks/t", total_memory=1 << 34,
                secret_directory="/secrets", known_cni=known_cni)


FRONT, NAMED = frozenset({"front"}), {"network_infos": [{"name": "front"}]}


@pytest.mark.parametrize(("settings", "network", "container", "mode"), [
    (CUSTOM, "USER", NAMED, "none"), (DROP_IN, "USER", NAMED, "none"),
    (CUSTOM, "BRIDGE", NAMED, "bridge"), (DROP_IN, "BRIDGE", NAMED, "bridge"),
    (CUSTOM, "NONE", NAMED, "none"),
])
def test_a_cni_network_is_none_of_the_engines(settings: Settings, network: str,
                                              container: dict[str, Any], mode: str) -> None:
    found = planned(settings, FRONT, network=network, container=container)
    assert (found.cni, found.payload["HostConfig"]["NetworkMode"]) == (("front",), mode)
    assert found.payload["Labels"]["mesos-docker.cni-networks"] == "front"


@pytest.mark.parametrize(("names", "cni", "mode"), [
    (["mine", "front"], ("", "front"), "mine"), (["front", "mine"], ("front",), "mine"),
    (["mine", "yours", "front", "back"], ("", "", "front", "back"), "mine"),
    (["front", "mine", "back", "yours"], ("", "front", "", "back"), "mine"),
    (["front", None, "front", "back"], ("front", "", "back"), "bridge"),
])
def test_a_cni_network_has_the_number_of_its_place_among_all(names: list[str | None],
                                                             cni: tuple[str, ...], mode: str) -> None:
    """Which begins at eth1; the engine gives eth0 to its first, and of two eth1 to the other."""
    container = {"network_infos": [{"name": name} if name else {} for name in names]}
    network = "USER" if all(names) else "BRIDGE"
    found = planned(CUSTOM, frozenset({"front", "back"}), network=network, container=container)
    assert (found.cni, found.payload["HostConfig"]["NetworkMode"]) == (cni, mode)
    assert cni_networks(found.payload["Labels"]) == cni


def test_a_network_that_no_file_configures_is_the_engines() -> None:
    found = planned(network="USER", container=NAMED)
    assert (found.cni, found.payload["HostConfig"]["NetworkMode"]) == ((), "front")


@pytest.mark.parametrize(("fields", "path", "problem"), [
    ({"network": "HOST", "container": NAMED}, "container.network_infos[0].name",
     "cannot join the CNI network 'front'"),
    ({"network": "USER", "container": NAMED,
      "docker": {"parameters": [{"key": "restart", "value": "always"}]}},
     "container.docker.parameters", "without the CNI network"),
    ({"network": "USER", "container": {"network_infos": [{"name": "front", "ip_addresses": [
        {"ip_address": "10.0.0.2"}]}]}}, "container.network_infos[0].ip_addresses[0].ip_address",
     "choose the address"),
    ({"network": "USER", "container": NAMED,
      "docker": {"port_mappings": [{"host_port": 1, "container_port": 2}]}},
     "container.docker.port_mappings", "only supported for bridge"),
])
def test_what_a_cni_network_cannot_give_is_refused(fields: dict[str, Any], path: str,
                                                   problem: str) -> None:
    with pytest.raises(SpecError, match=problem) as caught:
        planned(known_cni=FRONT, **fields)
    assert caught.value.path == path


def test_the_nodes_limits_are_those_of_tasks_that_say_none() -> None:
    node = replace(CUSTOM, ulimits=("nofile=1048576:1048576", "nproc=4096"))
    limits = {each["Name"]: (each["Soft"], each["Hard"])
              for each in planned(node, docker={"parameters": [
        {"key": "ulimit", "value": "nofile=2048"}]}).payload["HostConfig"]["Ulimits"]}
    assert limits == {"nofile": (2048, 2048), "nproc": (4096, 4096)}
    assert not planned().payload["HostConfig"].get("Ulimits")


def test_what_leads_out_of_the_sandbox_is_a_mount_which_has_to_be_there() -> None:
    outside = [{"container_path": "/c", "host_path": "../../../../etc/new", "mode": "RW"},
               {"container_path": "/d", "host_path": "a/../../b", "mode": "RW"},
               {"container_path": "/e", "host_path": "x/../y", "mode": "RW"}]
    payload = planned(container={"volumes": outside}).payload
    assert {mount["Source"] for mount in payload["HostConfig"]["Mounts"]} == {"/etc/new",
                                                                              "/sandbox/tasks/b"}
    assert mounted_folders(payload, "/sandbox/tasks/t") == ["/sandbox/tasks/t/y"]
    parameter = {"parameters": [{"key": "volume", "value": "/sandbox/tasks/t/../../z:/z"}]}
    assert mounted_folders(planned(docker=parameter).payload, "/sandbox/tasks/t") == []


def test_the_payload_of_a_custom_executors_task() -> None:
    payload = planned().payload
    assert payload["Labels"] == {"mesos-docker.owner": "me", "mesos-docker.task-id": "t"}
    assert payload["HostConfig"]["LogConfig"] == {"Type": "json-file",
                                                  "Config": {"max-size": "10m", "max-file": "2"}}
    assert payload["HostConfig"]["AutoRemove"] is False
    assert "/sandbox/tasks/t:/mnt/mesos/sandbox" in payload["HostConfig"]["Binds"]


def test_a_log_driver_of_the_tasks_own_stays() -> None:
    payload = planned(docker={"parameters": [{"key": "log-driver", "value": "none"}]}).payload
    assert payload["HostConfig"]["LogConfig"]["Type"] == "none"


def test_an_option_for_logs_stands_beside_ours() -> None:
    payload = planned(docker={"parameters": [{"key": "log-opt", "value": "max-size=1m"},
                                             {"key": "log-opt", "value": "tag=t"}]}).payload
    assert payload["HostConfig"]["LogConfig"] == {
        "Type": "json-file", "Config": {"max-size": "1m", "max-file": "2", "tag": "t"}}


def test_the_drop_in_leaves_the_payload_as_mesos_would_have_it() -> None:
    payload = planned(DROP_IN, docker={"parameters": [{"key": "rm", "value": "true"}]}).payload
    assert not payload["HostConfig"].get("LogConfig")
    assert payload["HostConfig"]["AutoRemove"] is True


@pytest.mark.parametrize("settings", [CUSTOM, DROP_IN])
def test_nobody_writes_to_stdin_so_it_is_not_opened(settings: Settings) -> None:
    """As `docker run --interactive` with the executor's own stdin, /dev/null; opened, it would never end."""
    payload = planned(settings, docker={"parameters": [{"key": "interactive",
                                                        "value": "true"}]}).payload
    assert not {"OpenStdin", "StdinOnce", "AttachStdin"} & set(payload)


def test_what_docker_run_would_refuse_and_what_mesos_itself_refuses() -> None:
    with pytest.raises(BadOption, match="unknown flag: --no-such"):
        planned(docker={"parameters": [{"key": "no-such", "value": "x"}]})
    with pytest.raises(SpecError, match="Host path or volume source is required"):
        planned(container={"volumes": [{"container_path": "x", "mode": "RW"}]})
    with pytest.raises(SpecError, match="no container of type DOCKER"):
        plan(replace(info(), container=None), CUSTOM, "n", "/s", total_memory=1,
             secret_directory="/x")


def test_secrets_are_files_beside_the_payload() -> None:
    made = planned(container={"volumes": [{"container_path": "/key", "mode": "RO", "source": {
        "type": "SECRET", "secret": {"type": "VALUE", "value": {"data": "Z2VoZWlt"}}}}]})
    assert made.secrets == (b"geheim",)
    assert "/secrets/0:/key:ro" in made.payload["HostConfig"]["Binds"]
    assert "geheim" not in repr(made)
