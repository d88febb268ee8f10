"""What is mounted out of sandboxes, and how it stays what it is."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from executor.admission.admission import Admission, Admitted
from executor.admission.plan import Plan
from executor.admission.sandbox import check_volumes
from executor.admission.volumes import Inside, mounted_folders, pinned
from executor.engine.failures import BadSandbox
from executor.node.output.logs import Logs
from executor.node.watcher import Watcher
from executor.settings.settings import Settings
from specs.errors import SpecError
from tests.executor.admission.test_plan import DROP_IN, planned
from tests.executor.program.running import task

SANDBOX = "/sandbox/tasks/t"
AGAIN = [{"key": "restart", "value": "always"}]


def test_what_is_mounted_out_of_the_sandbox() -> None:
    volumes = [{"container_path": "/a", "host_path": "html/a", "mode": "RW"},
               {"container_path": "/b", "host_path": "with:colon", "mode": "RO"},
               {"container_path": "/c", "host_path": "/etc", "mode": "RO"},
               {"container_path": "/d", "mode": "RW", "source": {
                   "type": "DOCKER_VOLUME", "docker_volume": {"driver": "local", "name": "named"}}}]
    payload = planned(container={"volumes": volumes}).payload
    assert mounted_folders(payload, "/sandbox/tasks/t") == ["/sandbox/tasks/t/html/a",
                                                            "/sandbox/tasks/t/with:colon"]


def relative(*paths: str, **more: Any) -> list[dict[str, Any]]:
    return [{"container_path": f"/v{index}", "host_path": path, "mode": "RW", **more} for index,
            path in
            enumerate(paths)]


def pins(volumes: list[dict[str, Any]], *parameters: dict[str, str],
         restart: bool = True) -> dict[str, str]:
    """Targets and sources of what is mounted onto itself."""
    found = planned(container={"volumes": volumes},
                    docker={"parameters": [*(AGAIN if restart else []), *parameters]})
    return {mount["Target"]: mount["Source"] for mount in found.payload["HostConfig"].get("Mounts")
            or ()
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
    assert found.volumes == (Inside(SANDBOX, f"{SANDBOX}/data"),)  # is looked at all the same


def drop_in_admitted(directory: Path, **fields: Any) -> Plan:
    settings = Settings(directory=str(directory), labels={}, container="mesos-1")
    admitted = Admission(settings, Logs(Watcher("output"))).admit(
        task("t", "true", **fields), frozenset(), closing=False)
    assert isinstance(admitted, Admitted)
    return admitted.plan


def test_the_drop_in_has_what_an_engine_mounts_again_mounted_onto_itself(tmp_path: Path) -> None:
    again = {"container": {"volumes": relative("a/data")}, "docker": {"parameters": AGAIN}}
    payload = drop_in_admitted(tmp_path, **again).payload
    assert {mount["Target"]: mount["Source"] for mount in payload["HostConfig"]["Mounts"]} == {
        "/mnt/mesos/sandbox/a": f"{tmp_path}/a", "/mnt/mesos/sandbox/a/data": f"{tmp_path}/a/data"}
    assert (tmp_path / "a/data").is_dir()


def test_before_the_start_what_is_missing_is_the_engines_to_make_but_not_outside(
        tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/")
    check_volumes([Inside(str(tmp_path), f"{tmp_path}/a/b")], links=True, missing=True)
    for path in ("out", "out/etc", "out/no/such/folder"):
        with pytest.raises(BadSandbox):
            check_volumes([Inside(str(tmp_path), f"{tmp_path}/{path}")], links=True, missing=True)
    with pytest.raises(BadSandbox):
        check_volumes([Inside(str(tmp_path), f"{tmp_path}/a/b")], links=True)


@pytest.mark.parametrize("volume", [
    {"source": {"type": "SANDBOX_PATH", "sandbox_path": {"type": "PARENT", "path": "shared/x"}}},
    {"host_path": "../other"}])
def test_what_other_tasks_write_to_is_not_mounted_again(volume: dict[str, Any]) -> None:
    volumes = [{"container_path": "/p", "mode": "RW", **volume}]
    assert planned(container={"volumes": volumes}).volumes
    with pytest.raises(SpecError, match="whatever they have put there"):
        planned(container={"volumes": volumes}, docker={"parameters": AGAIN})
    never = [*AGAIN, {"key": "restart", "value": "no"}]
    assert planned(container={"volumes": volumes}, docker={"parameters": never}).volumes


def test_what_is_looked_at_before_the_start() -> None:
    parent = {"container_path": "/p", "mode": "RW", "source": {
        "type": "SANDBOX_PATH", "sandbox_path": {"type": "PARENT", "path": "shared/x"}}}
    found = planned(container={"volumes": [*relative("data", "../other", "/etc"), parent]})
    assert found.volumes == (Inside(SANDBOX, f"{SANDBOX}/data"),
                             Inside("/sandbox", "/sandbox/tasks/other"),
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
