"""How much memory, how many threads and descriptors, how much CPU a process has: read from /proc.

RSS counts pages that several processes share in each of them; PSS divides them among those who share. The docker CLI's
program text is shared by all its processes, so PSS is the fair number for "one process per container".
"""
from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one process, or summed over several."""

    rss: int  # bytes
    pss: int  # bytes
    private: int  # bytes that would be free again if it ended
    threads: int
    descriptors: int
    cpu: float  # seconds of user and system time since it started

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.rss + other.rss, self.pss + other.pss, self.private + other.private, self.threads + other.threads,
            self.descriptors + other.descriptors, self.cpu + other.cpu,
        )


NOTHING = Usage(0, 0, 0, 0, 0, 0.0)


def parse_rollup(text: str) -> dict[str, int]:
    """smaps_rollup as bytes by name; the line with the addresses, and lines in other units, are left out."""
    sizes: dict[str, int] = {}
    for line in text.splitlines()[1:]:
        name, _, value = line.partition(":")
        number, _, unit = value.strip().partition(" ")
        if unit == "kB":
            sizes[name] = int(number) * 1024
    return sizes


def parse_cpu(stat: str) -> int:
    """User plus system time in clock ticks from /proc/PID/stat; the name in it may hold blanks and brackets."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def parse_parent(stat: str) -> int:
    """The parent's process id from /proc/PID/stat."""
    return int(stat.rpartition(")")[2].split()[1])


def usage(process: int) -> Usage:
    """Of this process now. Raises FileNotFoundError or ProcessLookupError when it is gone."""
    folder = Path("/proc", str(process))
    sizes = parse_rollup((folder / "smaps_rollup").read_text())
    return Usage(
        rss=sizes["Rss"], pss=sizes["Pss"], private=sizes["Private_Clean"] + sizes["Private_Dirty"],
        threads=len(list((folder / "task").iterdir())),
        descriptors=len(list((folder / "fd").iterdir())),
        cpu=parse_cpu((folder / "stat").read_text()) / _TICK,
    )


def total(processes: Iterable[int]) -> Usage:
    """Summed over processes; those that ended meanwhile count as nothing."""
    summed = NOTHING
    for process in processes:
        try:
            summed += usage(process)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return summed


def children(process: int) -> list[int]:
    """All processes below this one."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents.setdefault(parse_parent((folder / "stat").read_text()), []).append(int(folder.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    found: list[int] = []
    queue = [process]
    while queue:
        below = parents.get(queue.pop(), [])
        found += below
        queue += below
    return found


def cpu_seconds(process: int) -> float:
    """User and system time so far, by the scheduler's nanosecond clock where there is one, summed over its threads."""
    nanoseconds = 0
    for task in Path("/proc", str(process), "task").iterdir():
        try:
            nanoseconds += int((task / "schedstat").read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return nanoseconds / 1e9
