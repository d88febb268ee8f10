"""What the kernel says of a container, read directly: the engine has no call for it, or is late."""
from __future__ import annotations

from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_FLAGS = 5  # of the fields after the state in /proc/PID/stat
_EXITING = 0x4  # include/linux/sched.h, PF_EXITING
_PEAKS = (
    "memory/docker/{id}/memory.max_usage_in_bytes",  # cgroup v1, cgroupfs
    "memory/system.slice/docker-{id}.scope/memory.max_usage_in_bytes",  # cgroup v1, systemd
    "docker/{id}/memory.peak",  # cgroup v2, cgroupfs; Linux 5.19
    "system.slice/docker-{id}.scope/memory.peak",  # cgroup v2, systemd
)


def memory_peak(container: str) -> int | None:
    """The most memory that the container has used, bytes; None if it is gone, or the kernel does
    not say.
    """
    for pattern in _PEAKS:
        try:
            return int((_ROOT / pattern.format(id=container)).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
    return None


def ends(container: str, pid: int) -> bool:
    """Whether the container's first process is on its way out, or gone.

    The kernel ends all others first: to them, and to whoever talks to them, the container is broken
    from then on, which the engine tells some ten milliseconds later.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    state, *fields = stat.rpartition(")")[2].split()
    return state in "ZX" or bool(int(fields[_FLAGS]) & _EXITING) or not owns(container, pid)


def owns(container: str, pid: int) -> bool:
    """Whether the process belongs to the container: a pid means nothing in another pid namespace.
    """
    try:
        return container in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8")
    except OSError:
        return False
