"""How much a container has written so far, whoever reads it.

An engine does not say how much it has dropped of a log. But each container's output goes through a
process of its own, containerd's shim, and the kernel counts what that writes: both streams, a few
kilobytes of its own for each call of the engine, and the output of commands that are run in the
container. So it is a number that the output is not above; what it is exactly nobody knows.
"""
from __future__ import annotations

from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
SHIM: Final = "containerd-shim"


def written_at_most(pid: int | None, proc: Path = PROC) -> int | None:
    """Bytes. `pid`: of a container's first process; None where that has no such parent, has ended, or
    may not be looked at.
    """
    try:
        parent = proc / _field((proc / str(pid) / "status").read_text(), "PPid")
        if not (parent / "comm").read_text().startswith(SHIM):
            return None
        return int(_field((parent / "io").read_text(), "wchar"))
    except (OSError, ValueError):
        return None


def _field(text: str, name: str) -> str:
    """Raises ValueError."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return value.strip()
    raise ValueError(f"no {name}")
