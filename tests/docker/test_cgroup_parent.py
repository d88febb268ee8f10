"""A container below a cgroup like an executor's, where this machine's engine makes one, and where not why."""
from __future__ import annotations

import contextlib
import logging
import uuid
from pathlib import Path

import pytest

from executor.docker.runtime import DockerRuntime
from executor.node.cgroups import CGROUPS, unified
from executor.supervision.parents import Parents
from specs.words.defaults import DOCKER_SOCKET
from tests.images import busybox_image


def test_containers_are_below_the_executors_cgroup(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    executor, runtime = str(uuid.uuid4()), DockerRuntime(DOCKER_SOCKET)
    ours = f"/mesos-docker-test/{executor}"
    (tmp_path / "cgroup").write_text(
        f"0::{ours}/leaf\n" if unified() else f"4:memory:{ours}\n2:cpu,cpuacct:{ours}\n0::/\n")
    parents = Parents(executor, tmp_path / "cgroup")
    payload = parents.placed({"Image": busybox_image(), "Cmd": ["sleep", "600"], "Labels": {"test": executor},
                              "HostConfig": {"NetworkMode": "none"}}, lambda: runtime.engine)
    container = runtime.containers.create(payload, f"mdx-{executor}")
    try:
        runtime.containers.start(container)
        pid = runtime.containers.inspect(container).pid
        where = Path(f"/proc/{pid}/cgroup").read_text()
        can = runtime.engine.cgroup_driver() == "cgroupfs"
        assert (f":{ours}/{container}\n" in where) is can
        assert [record.message for record in caplog.records if record.name == Parents.__module__] == [
            f"Containers are in cgroups below {ours}" if can else
            "Containers are in cgroups of the engine's choice: the engine's cgroup driver is "
            f"{runtime.engine.cgroup_driver()}, which cannot make any in {ours}"]
    finally:
        runtime.containers.remove(container)
        runtime.engine.close()
        for folder in (*CGROUPS.glob(f"*{ours}"), CGROUPS / ours.lstrip("/")):
            with contextlib.suppress(OSError):
                folder.rmdir()
                folder.parent.rmdir()


def test_an_executor_that_is_in_no_cgroup_of_its_own_asks_no_engine(
        tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "cgroup").write_text("4:memory:/\n0::/user.slice\n")
    parents, payload = Parents("an-id", tmp_path / "cgroup"), {"Image": "i"}
    for _ in range(2):
        assert parents.placed(payload, lambda: pytest.fail("asked")) is payload
    assert Parents("").placed(payload, lambda: pytest.fail("asked")) is payload
    assert [record.message for record in caplog.records if record.name == Parents.__module__] == [
        "Containers are in cgroups of the engine's choice: the agent does not isolate by cgroups"]
