"""What the kernel's accounting says of a container, read directly: the engine has no call for it."""
from __future__ import annotations

from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_PEAKS = (
    "memory/docker/{id}/memory.max_usage_in_bytes",  # cgroup v1, cgroupfs
    "memory/system.slice/docker-{id}.scope/memory.max_usage_in_bytes",  # cgroup v1, systemd
    "docker/{id}/memory.peak",  # cgroup v2, cgroupfs; Linux 5.19
    "system.slice/docker-{id}.scope/memory.peak",  # cgroup v2, systemd
)


def memory_peak(container: str) -> int | None:
    """The most memory that the container has used, bytes; None if it is gone, or the kernel does not say."""
    for pattern in _PEAKS:
        try:
            return int((_ROOT / pattern.format(id=container)).read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
    return None


def owns(container: str, pid: int) -> bool:
    """Whether the process belongs to the container: a pid means nothing in another pid namespace."""
    try:
        return container in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8")
    except OSError:
        return False
