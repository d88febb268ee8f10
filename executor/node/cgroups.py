"""What the kernel says of a container, read directly: the engine has no call for it, or is late."""
from __future__ import annotations

from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_FLAGS = 5  # of the fields after the state in /proc/PID/stat
_EXITING = 0x4  # include/linux/sched.h, PF_EXITING
_LIMITLESS = 1 << 60  # bytes; the first version of cgroups writes a number like that
_MEMORY = (  # where, and the names of the most that was used and of the limit
    ("memory/docker/{id}", "memory.max_usage_in_bytes", "memory.limit_in_bytes"),  # v1, cgroupfs
    ("memory/system.slice/docker-{id}.scope", "memory.max_usage_in_bytes", "memory.limit_in_bytes"),
    ("docker/{id}", "memory.peak", "memory.max"),  # v2, cgroupfs; the peak since Linux 5.19
    ("system.slice/docker-{id}.scope", "memory.peak", "memory.max"),  # v2, systemd
)


def memory(container: str) -> tuple[int | None, int | None]:
    """The most memory that the container has used, and its limit as it is now, bytes.

    None for what is gone, or what the kernel does not say.
    """
    for pattern, *names in _MEMORY:
        folder = _ROOT / pattern.format(id=container)
        if folder.is_dir():
            peak, limit = (_number(folder / name) for name in names)
            return peak, limit if limit is not None and limit < _LIMITLESS else None
    return None, None


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # "max" is no number
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
