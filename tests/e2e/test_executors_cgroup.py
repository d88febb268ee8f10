"""A whole executor in a cgroup such as an agent's isolator makes: what its containers use is counted
there, and they end with it. Where this machine's engine makes no cgroups there (the driver systemd),
its log says why.
"""
from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor.node.cgroups import CGROUPS, unified
from tests.e2e.leftovers import until
from tests.engine import containers, real_docker
from tests.executor.program.running import task
from tests.fakes.agent_server import ScriptedAgent
from tests.patience import SLOW

PROGRAM = str(Path(sys.executable).with_name("mesos-docker-executor"))
SIZE = 24 << 20  # bytes
CONTROLLERS = ("cpu", "cpuacct", "memory", "freezer")  # as --isolation=cgroups/cpu,cgroups/mem


class ExecutorsCgroup:
    """As an agent makes it: /ROOT/CONTAINER in each hierarchy, of which systemd has one for cpu and cpuacct; on the
    second version with a leaf for the processes.
    """

    def __init__(self, container: str) -> None:
        self.path = f"/mesos-docker-test/{container}"
        roots = [CGROUPS] if unified() else list(dict.fromkeys((CGROUPS / each).resolve() for each in CONTROLLERS))
        self.folders = [root / self.path.lstrip("/") for root in roots]
        self.leaves = [folder / "leaf" if unified() else folder for folder in self.folders]
        for leaf in self.leaves:
            leaf.mkdir(parents=True)
        for folder in (CGROUPS, self.folders[0].parent, self.folders[0]) if unified() else ():
            (folder / "cgroup.subtree_control").write_text("+cpu +memory")  # else nothing is counted below

    @property
    def counted(self) -> Path:
        """Where its memory is counted."""
        return self.folders[-1] if unified() else CGROUPS / "memory" / self.path.lstrip("/")

    def memory(self) -> int:
        """Of files in memory, of all that is below, bytes."""
        name = "shmem" if unified() else "total_shmem"
        return next(int(line.split()[1]) for line in (self.counted / "memory.stat").read_text().splitlines()
                    if line.split()[0] == name)

    def destroy(self) -> None:
        """As an agent that destroys the executor's container: everything below is killed."""
        for file in self.counted.rglob("cgroup.procs"):
            for pid in file.read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)

    def remove(self) -> None:
        for folder in self.folders:
            below = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)
            for each in (*below, folder, folder.parent):
                with contextlib.suppress(OSError):
                    each.rmdir()


@pytest.fixture
def cgroup() -> Iterator[ExecutorsCgroup]:
    made = ExecutorsCgroup(str(uuid.uuid4()))
    yield made
    made.destroy()
    until(lambda: not any(file.read_text() for file in made.counted.rglob("cgroup.procs")), "the end of all in it")
    made.remove()


def test_containers_are_accounted_and_destroyed_with_their_executor(cgroup: ExecutorsCgroup, tmp_path: Path) -> None:
    sandbox = tmp_path / cgroup.path.rpartition("/")[2]
    sandbox.mkdir()
    enter = "; ".join(f"echo $$ > {leaf}/cgroup.procs" for leaf in cgroup.leaves)
    with real_docker() as docker:
        can = docker.api.cgroup_driver() == "cgroupfs"
    with ScriptedAgent() as agent, (tmp_path / "log").open("wb") as log:
        executor = subprocess.Popen(["sh", "-c", f"{enter}; exec {PROGRAM}"], cwd=sandbox, stderr=log,
                                    env=agent.environment(MESOS_DIRECTORY=str(sandbox)), start_new_session=True)
        agent.wait_subscribed()
        fill = f"head -c {SIZE} /dev/zero > /dev/shm/x; touch /mnt/mesos/sandbox/full; sleep 600"
        info = task("t", fill, network="NONE")
        agent.launch("t", **{key: info[key] for key in ("command", "container", "resources")})
        try:
            until((sandbox / "tasks/t/full").exists, "the task's first part")
            (container,) = containers(framework_id=agent.framework_id)
            where = Path(f"/proc/{container.pid}/cgroup").read_text()
            assert (f"{cgroup.path}/{container.id}" in where) is can
            assert (cgroup.memory() >= SIZE) is can
            said = (f"Containers are in cgroups below {cgroup.path}" if can else
                    "Containers are in cgroups of the engine's choice: the engine's cgroup driver is ")
            assert said in (tmp_path / "log").read_text()
        finally:
            cgroup.destroy()
            executor.wait(60 * SLOW)
        if can:
            until(lambda: not any(each.running for each in containers(framework_id=agent.framework_id)), "its end")
        for each in containers(framework_id=agent.framework_id):
            with real_docker() as docker:
                docker.containers.remove(each.id)
