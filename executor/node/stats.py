"""What a container uses, from the kernel's own files: the engine's stats call takes a second or
two, this not one ms.

Both cgroup versions. The parsers are pure; `stats` reads the files of a container's cgroup, which
its process 1 is in or below.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from executor.node.cgroups import CGROUPS, PROC, containers, groups, unified

TICK: Final = 10_000_000  # ns; USER_HZ is 100 on every Linux that Docker runs on
UNLIMITED: Final = 1 << 62  # cgroup v1 writes "no limit" as a number near 2**63


@dataclass(frozen=True, slots=True)
class Stats:
    """Sums since the start, and the memory of now; bytes and seconds. None: the kernel does not
    say.
    """

    cpu_seconds: float
    cpu_user_seconds: float
    cpu_system_seconds: float
    throttled_periods: int
    throttled_seconds: float
    memory_bytes: int  # without the page cache that can be dropped at once, as `docker stats` shows it
    memory_limit_bytes: int | None
    processes: int | None
    received_bytes: int
    sent_bytes: int


def stats(pid: int, *, cgroups: Path = CGROUPS, proc: Path = PROC) -> Stats:
    """What the container uses whose first process is `pid`.

    Raises OSError if it is gone, LookupError if it has no cgroup of its own.
    """
    where = containers(groups((proc / str(pid) / "cgroup").read_text()))
    if not where:
        raise LookupError("it has no cgroup of its own")
    received, sent = traffic((proc / str(pid) / "net/dev").read_text())
    if "" in where and unified(cgroups):
        return _version_2(cgroups / where[""].lstrip("/"), received, sent)
    return _version_1({name: cgroups / name / path.lstrip("/") for name, path in where.items()},
                      received, sent)


def traffic(text: str) -> tuple[int, int]:
    """/proc/PID/net/dev: bytes received and sent on all interfaces but the loopback."""
    received = sent = 0
    for line in text.splitlines()[2:]:
        name, _, counters = line.partition(":")
        if name.strip() != "lo":
            numbers = counters.split()
            received += int(numbers[0])
            sent += int(numbers[8])
    return received, sent


def keyed(text: str) -> dict[str, int]:
    """A file of lines "name number"."""
    pairs = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2
            and pair[1].lstrip("-").isdigit()}


def _version_1(where: Mapping[str, Path], received: int, sent: int) -> Stats:
    cpu, memory = where["cpuacct"], where["memory"]
    times = keyed((cpu / "cpuacct.stat").read_text())
    throttling = keyed((where["cpu"] / "cpu.stat").read_text())
    cache = keyed((memory / "memory.stat").read_text()).get("total_inactive_file", 0)
    limit = int((memory / "memory.limit_in_bytes").read_text())
    return Stats(
        cpu_seconds=int((cpu / "cpuacct.usage").read_text()) / 1e9,
        cpu_user_seconds=times.get("user", 0) * TICK / 1e9,
        cpu_system_seconds=times.get("system", 0) * TICK / 1e9,
        throttled_periods=throttling.get("nr_throttled", 0),
        throttled_seconds=throttling.get("throttled_time", 0) / 1e9,
        memory_bytes=max(0, int((memory / "memory.usage_in_bytes").read_text()) - cache),
        memory_limit_bytes=None if limit > UNLIMITED else limit,
        processes=_number(where["pids"] / "pids.current") if "pids" in where else None,
        received_bytes=received,
        sent_bytes=sent,
    )


def _version_2(group: Path, received: int, sent: int) -> Stats:
    cpu = keyed((group / "cpu.stat").read_text())
    cache = keyed((group / "memory.stat").read_text()).get("inactive_file", 0)
    return Stats(
        cpu_seconds=cpu.get("usage_usec", 0) / 1e6,
        cpu_user_seconds=cpu.get("user_usec", 0) / 1e6,
        cpu_system_seconds=cpu.get("system_usec", 0) / 1e6,
        throttled_periods=cpu.get("nr_throttled", 0),
        throttled_seconds=cpu.get("throttled_usec", 0) / 1e6,
        memory_bytes=max(0, int((group / "memory.current").read_text()) - cache),
        memory_limit_bytes=_number(group / "memory.max"),
        processes=_number(group / "pids.current"),
        received_bytes=received,
        sent_bytes=sent,
    )


def _number(path: Path) -> int | None:
    """A file that holds a number; None if it says "max" or is not there."""
    try:
        text = path.read_text().strip()
    except FileNotFoundError:
        return None
    return None if text == "max" else int(text)
