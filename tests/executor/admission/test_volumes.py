"""What is mounted out of sandboxes, and how it stays what it is."""
from __future__ import annotations

from typing import Any

import pytest

from executor.admission.volumes import Inside, mounted_folders, pinned
from tests.executor.admission.test_plan import DROP_IN, planned

SANDBOX = "/sandbox/tasks/t"
AGAIN = [{"key": "restart", "value": "always"}]


def test_what_is_mounted_out_of_the_sandbox() -> None:
    volumes = [{"container_path": "/a", "host_path": "html/a", "mode": "RW"},
               {"container_path": "/b", "host_path": "with:colon", "mode": "RO"},
               {"container_path": "/c", "host_path": "/etc", "mode": "RO"},
               {"container_path": "/d", "mode": "RW", "source": {
                   "type": "DOCKER_VOLUME", "docker_volume": {"driver": "local", "name": "named"}}}]
    payload = planned(container={"volumes": volumes}).payload
    assert mounted_folders(payload, "/sandbox/tasks/t") == ["/sandbox/tasks/t/html/a", "/sandbox/tasks/t/with:colon"]


def relative(*paths: str, **more: Any) -> list[dict[str, Any]]:
    return [{"container_path": f"/v{index}", "host_path": path, "mode": "RW", **more} for index, path in
            enumerate(paths)]


def pins(volumes: list[dict[str, Any]], *parameters: dict[str, str], restart: bool = True) -> dict[str, str]:
    """Targets and sources of what is mounted onto itself."""
    found = planned(container={"volumes": volumes},
                    docker={"parameters": [*(AGAIN if restart else []), *parameters]})
    return {mount["Target"]: mount["Source"] for mount in found.payload["HostConfig"].get("Mounts") or ()
            if mount["Target"].startswith("/mnt/mesos/sandbox")}


@pytest.mark.parametrize(("volumes", "wanted"), [
    (relative("data"), ["data"]),
    (relative("a/b/c"), ["a", "a/b", "a/b/c"]),
    (relative("a/b", "a/c", mode="RO"), ["a", "a/b", "a/c"]),
    (relative("x/../y"), ["y"]),
    (relative("with:colon"), ["with:colon"]),
    (relative("/etc", "../../../../etc"), []),
    ([{"container_path": "/v", "mode": "RW", "source": {
        "type": "SANDBOX_PATH", "sandbox_path": {"type": "SELF", "path": "mine"}}}], ["mine"]),
])
def test_what_an_engine_may_mount_again_is_mounted_onto_itself(volumes: list[dict[str, Any]],
                                                              wanted: list[str]) -> None:
    assert pins(volumes) == {f"/mnt/mesos/sandbox/{path}": f"{SANDBOX}/{path}" for path in wanted}
    assert pins(volumes, restart=False) == {}


def test_where_something_is_mounted_already_nothing_else_is() -> None:
    mine = {"container_path": "data", "host_path": "/srv", "mode": "RO"}
    tmpfs = {"key": "tmpfs", "value": "/mnt/mesos/sandbox/b"}
    bind = {"key": "volume", "value": "/srv:/mnt/mesos/sandbox/c/:ro"}
    assert pins([*relative("data/x", "b", "c"), mine], tmpfs, bind) == {
        "/mnt/mesos/sandbox/data/x": f"{SANDBOX}/data/x"}


def test_the_drop_in_mounts_what_mesos_mounts() -> None:
    found = planned(DROP_IN, container={"volumes": relative("data")}, docker={"parameters": AGAIN})
    assert not found.payload["HostConfig"].get("Mounts")
    assert found.volumes == ()


def test_what_is_looked_at_before_the_start() -> None:
    parent = {"container_path": "/p", "mode": "RW", "source": {
        "type": "SANDBOX_PATH", "sandbox_path": {"type": "PARENT", "path": "shared/x"}}}
    found = planned(container={"volumes": [*relative("data", "../other", "/etc"), parent]})
    assert found.volumes == (Inside(SANDBOX, f"{SANDBOX}/data"), Inside("/sandbox", "/sandbox/tasks/other"),
                             Inside("/sandbox", "/sandbox/shared/x"))


def test_where_the_agent_puts_a_persistent_volume_is_its_business() -> None:
    disk = {"name": "disk", "type": "SCALAR", "scalar": {"value": 1}, "role": "db", "disk": {
        "persistence": {"id": "p"}, "volume": {"mode": "RW", "container_path": "data"}}}
    inside = {"container_path": "/p", "mode": "RW", "source": {
        "type": "SANDBOX_PATH", "sandbox_path": {"type": "PARENT", "path": "data/inside"}}}
    assert planned(resources=[disk], container={"volumes": [inside]}).volumes == ()


def test_a_payload_without_volumes_stays_as_it_is() -> None:
    payload = {"HostConfig": {"Binds": [f"{SANDBOX}:/mnt/mesos/sandbox"]}}
    assert pinned(payload, SANDBOX, "/mnt/mesos/sandbox") == payload
