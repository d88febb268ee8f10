"""What many containers use, read often: three small files of the kernel for each, opened by their
paths, which are found once.

Both versions of cgroups, whatever their driver: the paths come from /proc/PID/cgroup. What a
container used of the CPU is an average since it was read before; the first time, since its process
began.
"""
from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from executor.node.cgroups import CGROUPS, PROC, containers, groups
from specs.between.reports import Usage

SHORTEST: Final = 0.05  # seconds: of a shorter while there is no average
_TICKS: Final = 100  # USER_HZ
_START: Final = 19  # of the fields behind the state in /proc/PID/stat
_SIZE: Final = 8192  # bytes: memory.stat has fewer


@dataclass(frozen=True, slots=True)
class Files:
    """Where the kernel says it. `cpu` in `per_second` parts of a second; `cpu_key` and `cache_key`:
    the line of the file, b"" where it holds nothing but the number."""

    cpu: str
    cpu_key: bytes
    per_second: float
    memory: str
    stat: str
    cache_key: bytes


@dataclass(slots=True)
class _Read:
    pid: int
    files: Files
    at: float  # seconds of the clock since boot
    cpu: float  # seconds until then


class UsageReader:
    """One thread's."""

    def __init__(self, clock: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME), *,
                 cgroups: Path = CGROUPS, proc: Path = PROC) -> None:
        """`clock`: seconds since the machine was started."""
        self._clock = clock
        self._cgroups = cgroups
        self._proc = proc
        self._read: dict[str, _Read] = {}

    def read(self, running: Mapping[str, int]) -> dict[str, Usage]:
        """What the containers of these tasks use, whose first processes are these; without those
        that are gone."""
        self._read = {task_id: each for task_id, each in self._read.items()
                      if running.get(task_id) == each.pid}
        found = {}
        for task_id, pid in running.items():
            try:
                usage = self._usage(task_id, pid)
            except (OSError, ValueError, LookupError):  # it has just ended, or the kernel does not say
                continue
            if usage is not None:
                found[task_id] = usage
        return found

    def _usage(self, task_id: str, pid: int) -> Usage | None:
        known = self._read.get(task_id)
        if known is None:
            files = files_of((self._proc / str(pid) / "cgroup").read_text(), self._cgroups)
            known = _Read(pid, files, began(_content(f"{self._proc}/{pid}/stat")), 0.0)
        files, now = known.files, self._clock()
        seconds = number(_content(files.cpu), files.cpu_key) / files.per_second
        cache = number(_content(files.stat), files.cache_key)
        memory = max(0, int(_content(files.memory)) - cache)
        if now - known.at < SHORTEST:
            return None
        cores = max(0.0, seconds - known.cpu) / (now - known.at)
        self._read[task_id] = _Read(pid, files, now, seconds)
        return Usage(cores, memory)


def files_of(text: str, cgroups: Path) -> Files:
    """Where the files are; `text`: /proc/PID/cgroup. LookupError where there is no such controller."""
    where = containers(groups(text))
    unified = where.get("")
    if unified is not None and (cgroups / "cgroup.controllers").exists():
        folder = cgroups / unified.lstrip("/")
        return Files(f"{folder}/cpu.stat", b"usage_usec", 1e6, f"{folder}/memory.current",
                     f"{folder}/memory.stat", b"inactive_file")
    cpu = cgroups / "cpuacct" / where["cpuacct"].lstrip("/")
    memory = cgroups / "memory" / where["memory"].lstrip("/")
    return Files(f"{cpu}/cpuacct.usage", b"", 1e9, f"{memory}/memory.usage_in_bytes",
                 f"{memory}/memory.stat", b"total_inactive_file")


def number(content: bytes, key: bytes) -> int:
    """The number behind a key at a line's beginning, or the only one. 0 without such a line."""
    if not key:
        return int(content)
    at = 0 if content.startswith(key + b" ") else content.find(b"\n" + key + b" ") + 1
    if at == 0 and not content.startswith(key + b" "):
        return 0
    return int(content[at + len(key):].split(None, 1)[0])


def began(content: bytes) -> float:
    """When a process did, seconds since the machine was started; `content`: /proc/PID/stat."""
    return int(content.rpartition(b")")[2].split()[_START]) / _TICKS


def _content(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _SIZE)
    finally:
        os.close(descriptor)
