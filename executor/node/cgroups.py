"""Where the kernel keeps what it says of a container, and what it says there: the engine has no call
for it, or is late.

A container's cgroup is where /proc/PID/cgroup of its first process says, whatever the version of
cgroups and whoever named it: the engine by itself (cgroupfs: docker/ID) or systemd for it
(system.slice/docker-ID.scope), below a parent of the task's, a user's slice, podman's
machine.slice. That file is gone with the process, when it matters most; so what it said is kept
(`Cgroups`).

On the second version the first process may be further below: a cgroup with others in it has no
processes of its own, so a systemd in a container goes into init.scope, Docker in Docker into init,
and crun makes "container" for whatever it starts. What counts and is limited is the container's
cgroup, the one that has its id in the name (`containers`).

A rootless engine on the first version makes no cgroups: its containers are where the engine is, and
what is said there is everybody's, so nothing is known of them alone.
"""
from __future__ import annotations

import contextlib
import math
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

CGROUPS: Final = Path("/sys/fs/cgroup")
PROC: Final = Path("/proc")
LATELY: Final = 2.0  # seconds
MOST_KNOWN: Final = 10_000  # containers whose cgroups are kept
_FLAGS = 5  # of the fields after the state in /proc/PID/stat
_EXITING = 0x4  # include/linux/sched.h, PF_EXITING
_LIMITLESS = 1 << 60  # bytes; the first version of cgroups writes a number like that
_VERSION_1 = ("memory.max_usage_in_bytes", "memory.limit_in_bytes")
_VERSION_2 = ("memory.peak", "memory.max")  # the peak since Linux 5.19
_OOM_KILLS: Final = re.compile(r"(?m)^oom_kill (\d+)$")  # since Linux 4.13
_ID: Final = re.compile(r"[0-9a-f]{64}")
_NAMED: Final = re.compile(r"(?s)(.*/[^/]*[0-9a-f]{64}[^/]*)(?:/.*)?")  # the last: an engine may be in a container
_USUAL = ("docker/{id}", "system.slice/docker-{id}.scope", "machine.slice/libpod-{id}.scope")


def groups(text: str) -> dict[str, str]:
    """/proc/PID/cgroup: controller → path; the unified hierarchy is controller ""."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            found[controller] = path
    return found


def containers(where: dict[str, str]) -> dict[str, str]:
    """Where a container is whose first process is in these `groups`; without those in which it is
    among others.
    """
    return {controller: match[1] for controller, path in where.items()
            if (match := _NAMED.fullmatch(path))}


def unified(root: Path = CGROUPS) -> bool:
    """Whether the second version has the controllers; a machine with both has them in the first."""
    return (root / "cgroup.controllers").exists()


def folder(where: dict[str, str], controller: str, root: Path = CGROUPS) -> Path | None:
    """Of a controller, in a process's `groups`; None if it is in none."""
    second = unified(root)
    path = where.get("" if second else controller)
    if path is None:
        return None
    return (root if second else root / controller) / path.lstrip("/")


class Cgroups:
    """Remembers where containers are, and reads what they used. Safe for threads."""

    def __init__(self, root: Path = CGROUPS, proc: Path = PROC, most: int = MOST_KNOWN,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._proc = proc
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._memory: dict[str, Path] = {}
        self._kills = self._counted()
        self._killed = -math.inf  # when more were counted, seconds of our clock

    def killed_lately(self) -> bool | None:
        """Whether the kernel has killed something of this machine for want of memory, LATELY or since this
        was asked the last time; None if it does not say. It counts before the process ends.
        """
        kills = self._counted()
        with self._lock:
            if kills != self._kills:
                self._kills, self._killed = kills, self._clock()
            return None if kills is None else self._clock() - self._killed < LATELY

    def _counted(self) -> int | None:
        try:
            found = _OOM_KILLS.search((self._proc / "vmstat").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        return None if found is None else int(found[1])

    def remember(self, container: str, pid: int) -> None:
        """`pid`: the container's first process. One that is gone, or another's, is not looked at."""
        try:
            text = (self._proc / str(pid) / "cgroup").read_text(encoding="utf-8")
            found = (folder(containers(groups(text)), "memory", self._root)
                     if container in text else None)
        except (OSError, ValueError):
            return
        if found is None:
            return
        with self._lock:
            self._memory.pop(container, None)
            self._memory[container] = found
            if len(self._memory) > self._most:
                del self._memory[next(iter(self._memory))]

    def forget(self, container: str) -> None:
        with self._lock:
            self._memory.pop(container, None)

    def memory(self, container: str) -> tuple[int | None, int | None]:
        """The most memory that the container has used, and its limit as it is now, bytes.

        None for what is gone, or what the kernel does not say. Of a container that was not
        remembered the usual places are looked at.
        """
        with self._lock:
            known = self._memory.get(container)
        root = self._root if unified(self._root) else self._root / "memory"
        for found in (*([known] if known else []),
                      *(root / usual.format(id=container) for usual in _USUAL)):
            if found.is_dir():
                names = _VERSION_2 if unified(self._root) else _VERSION_1
                peak, limit = (_number(found / name) for name in names)
                return peak, limit if limit is not None and limit < _LIMITLESS else None
        return None, None


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # "max" is no number
        return None


def processes(container: str, root: Path = CGROUPS) -> list[int]:
    """Those in the container's cgroup and below, wherever that is; of its whole id, as nothing else is
    looked for among all cgroups, which come and go meanwhile. For rare use.
    """
    found = set[int]()
    if not _ID.fullmatch(container):
        return []
    for folder, _, _ in os.walk(root if unified(root) else root / "memory"):
        if container in folder:
            with contextlib.suppress(OSError):  # it is gone by now
                procs = Path(folder, "cgroup.procs").read_text(encoding="ascii")
                found.update(map(int, procs.split()))
    return sorted(found)


def ends(container: str, pid: int) -> bool:
    """Whether the container's first process is on its way out, or gone.

    The kernel ends all others first: to them, and to whoever talks to them, the container is broken
    from then on, which the engine tells some ten milliseconds later.
    """
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    state, *fields = stat.rpartition(")")[2].split()
    return state in "ZX" or bool(int(fields[_FLAGS]) & _EXITING) or not owns(container, pid)


def owns(container: str, pid: int) -> bool:
    """Whether the process belongs to the container: a pid means nothing in another pid namespace.
    """
    try:
        return container in (PROC / str(pid) / "cgroup").read_text(encoding="utf-8")
    except OSError:
        return False
