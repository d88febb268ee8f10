"""Both cgroup versions, from files as kernels write them."""
from __future__ import annotations

from pathlib import Path

import pytest

from executor.node.stats import keyed, stats, traffic

DEV = """Inter-|   Receive                             |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo:  1000   10    0    0    0     0          0         0  1000   10    0    0    0     0       0          0
  eth0:   500    5    0    0    0     0          0         0   300    3    0    0    0     0       0          0
  eth1:    50    5    0    0    0     0          0         0    30    3    0    0    0     0       0          0
"""


ID = "4f" * 32


def tree(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_version_1(tmp_path: Path) -> None:
    tree(tmp_path, {
        "proc/7/cgroup": "".join(f"{each}:/docker/{ID}\n" for each in ("3:cpu,cpuacct", "2:memory", "1:pids", "0:")),
        "proc/7/net/dev": DEV,
        f"cg/cpu/docker/{ID}/cpu.stat": "nr_periods 9\nnr_throttled 4\nthrottled_time 2000000000\n",
        f"cg/cpuacct/docker/{ID}/cpuacct.usage": "3000000000\n",
        f"cg/cpuacct/docker/{ID}/cpuacct.stat": "user 200\nsystem 100\n",
        f"cg/memory/docker/{ID}/memory.stat": "cache 9\ntotal_inactive_file 4096\n",
        f"cg/memory/docker/{ID}/memory.usage_in_bytes": "104096\n",
        f"cg/memory/docker/{ID}/memory.limit_in_bytes": "9223372036854771712\n",
        f"cg/pids/docker/{ID}/pids.current": "5\n",
    })
    found = stats(7, cgroups=tmp_path / "cg", proc=tmp_path / "proc")
    assert (found.cpu_seconds, found.cpu_user_seconds, found.cpu_system_seconds) == (3.0, 2.0, 1.0)
    assert (found.throttled_periods, found.throttled_seconds) == (4, 2.0)
    assert (found.memory_bytes, found.memory_limit_bytes, found.processes) == (100_000, None, 5)
    assert (found.received_bytes, found.sent_bytes) == (550, 330)


@pytest.mark.parametrize("below", ["", "/init.scope"])  # a systemd in a container
@pytest.mark.parametrize(("limit", "read"), [("max", None), ("67108864", 67_108_864)])
def test_version_2(tmp_path: Path, limit: str, read: int | None, below: str) -> None:
    scope = f"system.slice/docker-{ID}.scope"
    group = f"cg/{scope}"
    tree(tmp_path, {
        "proc/7/cgroup": f"0::/{scope}{below}\n",
        "proc/7/net/dev": DEV,
        "cg/cgroup.controllers": "cpu memory pids\n",
        f"{group}/cpu.stat": "usage_usec 3000000\nuser_usec 2000000\nsystem_usec 1000000\nnr_throttled 4\n"
                             "throttled_usec 2000000\n",
        f"{group}/memory.stat": "inactive_file 4096\n",
        f"{group}/memory.current": "104096\n",
        f"{group}/memory.max": f"{limit}\n",
        f"{group}/pids.current": "5\n",
    })
    found = stats(7, cgroups=tmp_path / "cg", proc=tmp_path / "proc")
    assert (found.cpu_seconds, found.throttled_seconds, found.memory_bytes) == (3.0, 2.0, 100_000)
    assert (found.memory_limit_bytes, found.processes) == (read, 5)


def test_gone(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        stats(7, cgroups=tmp_path, proc=tmp_path)


def test_among_others(tmp_path: Path) -> None:
    tree(tmp_path, {"proc/7/cgroup": "3:cpu,cpuacct:/\n2:memory:/\n0::/\n", "proc/7/net/dev": DEV})
    with pytest.raises(LookupError, match="no cgroup of its own"):
        stats(7, cgroups=tmp_path, proc=tmp_path / "proc")


def test_parsers() -> None:
    assert traffic(DEV) == (550, 330)
    assert keyed("a 1\nb x\nc\n") == {"a": 1}
