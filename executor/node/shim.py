"""How much a container has written so far, whoever reads it.

An engine does not say how much it has dropped of a log. But each container's output goes through a
process of its own, containerd's shim, and the kernel counts what that writes: both streams, a few
kilobytes of its own for each call of the engine, the output of commands that are run in the
container, and what runc writes for it: where that makes a copy of itself each time, as Debian 13's
does, ten megabytes. So it is a number that the output is not above; what it is exactly nobody knows.

A log of which all files are there has dropped nothing, whatever was counted.
"""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

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


def whole(raw: Mapping[str, Any]) -> bool:
    """Whether we see that the engine has dropped nothing of the container's log. `raw`: what `docker
    inspect` says.

    As Docker: loggerutils/logfile.go: of `max-file` files the oldest goes when the newest is full.
    """
    config = (raw.get("HostConfig") or {}).get("LogConfig") or {}
    path, files = str(raw.get("LogPath") or ""), str((config.get("Config") or {}).get("max-file", "1"))
    if config.get("Type") != "json-file" or not files.isdecimal() or int(files) < 2:
        return False
    oldest = Path(f"{path}.{int(files) - 1}")
    return Path(path).is_file() and not oldest.exists() and not Path(f"{oldest}.gz").exists()


def _field(text: str, name: str) -> str:
    """Raises ValueError."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return value.strip()
    raise ValueError(f"no {name}")
