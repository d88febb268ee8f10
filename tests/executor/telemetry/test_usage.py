"""What containers use, out of files as the kernel writes them: both versions of cgroups, both drivers."""
from __future__ import annotations

from pathlib import Path

import pytest

from executor.telemetry.usage import UsageReader, began, files_of, number

ID = "4f" * 32
V1 = "".join(f"{each}:/docker/{ID}\n" for each in ("4:memory", "3:cpuset", "2:cpu,cpuacct", "1:name=systemd", "0:"))
V1_SYSTEMD = V1.replace(f"/docker/{ID}", f"/system.slice/docker-{ID}.scope")
V2 = f"0::/system.slice/docker-{ID}.scope\n"
STAT = b"7 (a ) b) S 1 7 7 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 1500 1 1\n"


class Machine:
    """With one container, whose process is 7 and began 15 s after the machine."""

    def __init__(self, folder: Path, groups: str) -> None:
        self.proc, self.cgroups, self.now = folder / "proc", folder / "cgroup", 25.0
        self.put("proc/7/cgroup", groups.encode(), folder)
        self.put("proc/7/stat", STAT, folder)
        self.folder, self.v2 = folder, groups is V2
        self.path = groups.rpartition("0::")[2].strip()
        if self.v2:
            self.put("cgroup/cgroup.controllers", b"cpu memory\n", folder)
        self.reader = UsageReader(lambda: self.now, cgroups=self.cgroups, proc=self.proc)

    def uses(self, seconds: float, memory: int, cache: int) -> None:
        if self.v2:
            self.put(f"cgroup{self.path}/cpu.stat", f"usage_usec {int(seconds * 1e6)}\nuser_usec 1\n".encode())
            self.put(f"cgroup{self.path}/memory.current", f"{memory}\n".encode())
            self.put(f"cgroup{self.path}/memory.stat", f"anon 5\nactive_file 9\ninactive_file {cache}\n".encode())
        else:
            self.put(f"cgroup/cpuacct{self.path}/cpuacct.usage", f"{int(seconds * 1e9)}\n".encode())
            self.put(f"cgroup/memory{self.path}/memory.usage_in_bytes", f"{memory}\n".encode())
            self.put(f"cgroup/memory{self.path}/memory.stat",
                     f"inactive_file 7\ntotal_inactive_file {cache}\n".encode())

    def put(self, name: str, content: bytes, folder: Path | None = None) -> None:
        path = (folder or self.folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.mark.parametrize("groups", [V1, V1_SYSTEMD, V2])
def test_the_first_is_since_the_start_then_since_the_one_before(tmp_path: Path, groups: str) -> None:
    machine = Machine(tmp_path, groups)
    machine.uses(5.0, 4096, 96)
    found = machine.reader.read({"t": 7})["t"]
    assert found.cores == pytest.approx(0.5)
    assert found.memory == 4000
    machine.now += 2.0
    machine.uses(8.0, 50, 96)
    found = machine.reader.read({"t": 7})["t"]
    assert found.cores == pytest.approx(1.5)
    assert found.memory == 0


def test_too_soon_there_is_no_average(tmp_path: Path) -> None:
    machine = Machine(tmp_path, V2)
    machine.uses(5.0, 1, 0)
    assert machine.reader.read({"t": 7})
    machine.now += 0.01
    assert machine.reader.read({"t": 7}) == {}


def test_what_is_gone_or_odd_is_left_out(tmp_path: Path) -> None:
    machine = Machine(tmp_path, V2)
    assert machine.reader.read({"t": 7, "u": 8}) == {}
    machine.uses(5.0, 1, 0)
    machine.put(f"cgroup{machine.path}/memory.current", b"what?\n")
    assert machine.reader.read({"t": 7}) == {}


def test_another_process_of_the_task_is_another_container(tmp_path: Path) -> None:
    machine = Machine(tmp_path, V2)
    machine.uses(5.0, 1, 0)
    assert machine.reader.read({"t": 7})
    for name in ("cgroup", "stat"):
        machine.put(f"proc/9/{name}", (machine.proc / "7" / name).read_bytes())
    machine.now += 10.0
    assert machine.reader.read({"t": 9})["t"].cores == pytest.approx(5.0 / 20)


@pytest.mark.parametrize(("content", "key", "expected"), [
    (b"5\n", b"", 5), (b"a 1\nab 2\n", b"ab", 2), (b"a 1\nab 2\n", b"a", 1), (b"ab 2\n", b"b", 0), (b"", b"a", 0)])
def test_numbers(content: bytes, key: bytes, expected: int) -> None:
    assert number(content, key) == expected


def test_when_a_process_began() -> None:
    assert began(STAT) == 15.0


@pytest.mark.parametrize("groups", [
    "4:memory:/\n2:cpu,cpuacct:/\n0::/\n", "0::/\n", "0::/user.slice/session-1.scope\n"])
def test_of_a_container_without_a_cgroup_of_its_own_nothing_is_told(tmp_path: Path, groups: str) -> None:
    """Of a rootless engine: what its cgroup used is everybody's."""
    machine = Machine(tmp_path, groups)
    machine.uses(5.0, 4096, 96)
    assert machine.reader.read({"t": 7}) == {}


def test_a_container_is_all_that_is_in_it_however_deep_its_first_process(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    scope = f"/system.slice/docker-{ID}.scope"
    found = files_of(f"0::{scope}/init.scope\n", tmp_path)
    assert (found.cpu, found.memory) == (f"{tmp_path}{scope}/cpu.stat", f"{tmp_path}{scope}/memory.current")
