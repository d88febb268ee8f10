"""What the kernel says of processes."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from executor.node.cgroups import Cgroups, containers, ends, groups, owns, processes

ID = "4f" * 32
V1 = "11:memory:{path}\n3:cpu,cpuacct:{path}\n1:name=systemd:{path}\n0::/system.slice/containerd.service\n"
ANY = ""  # stands in every process's cgroup


def test_a_process_ends_before_it_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert owns(ANY, process.pid)
        assert not ends(ANY, process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and still there
        assert ends(ANY, process.pid)
    assert ends(ANY, process.pid)


def test_a_number_that_belongs_to_somebody_else_by_now() -> None:
    assert not owns("no-such-container", os.getpid())
    assert ends("no-such-container", os.getpid())


def machine(folder: Path, path: str, *, version: int, below: str = "") -> Cgroups:
    """One with a container at this path, whose first process is 7, maybe `below`: it used 5 of 6 bytes."""
    (folder / "proc/7").mkdir(parents=True)
    first = path + below
    (folder / "proc/7/cgroup").write_text(V1.format(path=first) if version == 1 else f"0::{first}\n")
    root = folder / "cgroup"
    where = root / ("memory" if version == 1 else ".") / path.lstrip("/")
    where.mkdir(parents=True)
    peak, limit = {1: ("memory.max_usage_in_bytes", "memory.limit_in_bytes"),
                   2: ("memory.peak", "memory.max")}[version]
    (where / peak).write_text("5\n")
    (where / limit).write_text("6\n")
    if version == 2:
        (root / "cgroup.controllers").write_text("cpu memory\n")
    return Cgroups(root, folder / "proc", most=1)


def test_cgroups_come_and_go_while_processes_are_looked_for(tmp_path: Path) -> None:
    """A walk over all of them may find a folder, and a moment later not."""
    over = threading.Event()
    (tmp_path / f"memory/docker/{ID}").mkdir(parents=True)
    (tmp_path / f"memory/docker/{ID}/cgroup.procs").write_text("7\n")

    def others() -> None:
        while not over.is_set():
            for number in range(20):
                (tmp_path / f"memory/docker/{number}/below").mkdir(parents=True)
            for number in range(20):
                shutil.rmtree(tmp_path / f"memory/docker/{number}")
    thread = threading.Thread(target=others)
    thread.start()
    try:
        assert all(processes(ID, tmp_path) == [7] for _ in range(300))
    finally:
        over.set()
        thread.join()


PLACES = {
    "cgroupfs": f"/docker/{ID}", "systemd": f"/system.slice/docker-{ID}.scope",
    "a parent of the task's": f"/batch.slice/docker-{ID}.scope",
    "an engine in a container": f"/docker/ab/docker/{ID}",
    "rootless": f"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{ID}.scope",
    "podman": f"/machine.slice/libpod-{ID}.scope",
}
BELOW = ("", "/init.scope", "/init", "/container")  # nothing, a systemd, Docker in Docker, crun


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("below", BELOW)
@pytest.mark.parametrize("path", PLACES.values(), ids=PLACES.keys())
def test_it_is_where_its_process_says_also_when_that_is_gone(tmp_path: Path, path: str, below: str,
                                                             version: int) -> None:
    known = machine(tmp_path, path, version=version, below=below)
    known.remember(ID, 7)
    (tmp_path / "proc/7/cgroup").unlink()
    assert known.memory(ID) == (5, 6)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("place", ["cgroupfs", "systemd"])
def test_one_that_ended_before_it_was_looked_at_is_looked_for_where_most_are(tmp_path: Path,
                                                                             place: str,
                                                                             version: int) -> None:
    assert machine(tmp_path, PLACES[place], version=version).memory(ID) == (5, 6)


@pytest.mark.parametrize("version", [1, 2])
def test_what_the_kernel_does_not_say(tmp_path: Path, version: int) -> None:
    known = machine(tmp_path, PLACES["systemd"], version=version)
    known.remember(ID, 8)  # no such process
    known.remember("another", 7)  # its number is another container's by now
    assert known.memory("another") == (None, None)
    where = next(tmp_path.glob("cgroup/**/docker-*.scope"))
    for file in where.iterdir():
        file.write_text("max\n" if version == 2 else f"{(1 << 63) - 4096}\n")
    peak, limit = known.memory(ID)
    assert limit is None
    assert peak is None if version == 2 else peak
    known.remember(ID, 7)
    known.forget(ID)
    (where / "memory.peak").unlink(missing_ok=True)  # Linux before 5.19
    assert known.memory(ID)[1] is None


def test_no_more_are_kept_than_there_may_be(tmp_path: Path) -> None:
    known = machine(tmp_path, PLACES["a parent of the task's"], version=2)
    known.remember(ID, 7)
    assert known.memory(ID) == (5, 6)
    known.remember(ID[:8], 7)
    assert known.memory(ID) == (None, None)


def test_parsers() -> None:
    assert groups("4:cpu,cpuacct:/a:b\n0::/c\n") == {"cpu": "/a:b", "cpuacct": "/a:b", "": "/c"}
    assert containers({"": f"/docker/{ID[::-1]}/docker/{ID}/a/b", "cpu": "/user.slice/a"}) == {
        "": f"/docker/{ID[::-1]}/docker/{ID}"}  # in the other it is among others


@pytest.mark.parametrize("second", [False, True])
def test_what_is_left_in_a_containers_cgroup(tmp_path: Path, *, second: bool) -> None:
    root = tmp_path if second else tmp_path / "memory"
    if second:
        (tmp_path / "cgroup.controllers").touch()
    ours, others = "ab" * 32, "cd" * 32
    for name, pids in ((f"docker/{ours}", "7\n8\n"), (f"system.slice/docker-{ours}.scope", "9\n"),
                       (f"system.slice/docker-{ours}.scope/init.scope", "5\n"),
                       (f"docker/{others}", "1\n")):
        (root / name).mkdir(parents=True)
        (root / name / "cgroup.procs").write_text(pids)
    assert sorted(processes(ours, tmp_path)) == [5, 7, 8, 9]
    assert processes("ef" * 32, tmp_path) == []
    for text in ("", "ab", "docker", f"{ours[:-1]}*", "mdx-name"):
        assert processes(text, tmp_path) == []  # never a part of an id


def test_whether_the_kernel_has_just_killed_something(tmp_path: Path) -> None:
    now = [100.0]
    vmstat = tmp_path / "vmstat"
    vmstat.write_text("pgfault 7\noom_kill 3\nswap_ra 0\n")
    known = Cgroups(tmp_path, tmp_path, clock=lambda: now[0])
    assert known.killed_lately() is False
    vmstat.write_text("pgfault 9\noom_kill 4\nswap_ra 0\n")
    for passed, told in ((0.0, True), (1.0, True), (1.5, False)):
        now[0] += passed
        assert known.killed_lately() is told
    vmstat.write_text("pgfault 9\n")  # an old kernel
    assert known.killed_lately() is None
    vmstat.unlink()
    assert known.killed_lately() is None
