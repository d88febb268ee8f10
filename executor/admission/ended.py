"""The sandboxes of tasks that have ended: kept for people to look into, but not for ever.

An agent leaves the sandbox of a living executor alone, and with it those of its tasks. So we keep
the last ones, and of the others what is young enough and has room. `superfluous` decides; a folder
is renamed first, so that a new task of the same id never meets what is being removed.

A task nests folders as deep as it likes: deeper than a path is long, or a function calls itself.
What walks through them is rm and du, which mind neither.
"""
from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from executor.settings.settings import SandboxLimits
from executor.unique import unique_id

if TYPE_CHECKING:
    import subprocess

log = logging.getLogger(__name__)

LAST: Final = 10  # that stay whatever their age and size
AFTER: Final = 1.0  # seconds after one has become too old: several go together
ASIDE: Final = ".removed-"
MOST_TOLD: Final = 5  # lines about what cannot be removed
_ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Ended:
    """One of them. `at`: when its task ended, on the loop's clock."""

    task_id: str
    at: float
    size: int  # bytes


def superfluous(ended: Sequence[Ended], now: float, limits: SandboxLimits) -> tuple[Ended, ...]:
    """What may go, of those in the order in which they ended."""
    total, count = sum(each.size for each in ended), len(ended)
    gone = list[Ended]()
    for each in ended[:-LAST]:
        if (now - each.at > limits.age or total > limits.size
                or count - len(gone) > limits.count):
            gone.append(each)
            total -= each.size
    return tuple(gone)


def next_due(ended: Sequence[Ended], now: float, limits: SandboxLimits) -> float | None:
    """In how many seconds the first of them is too old, if no other task ends before; None: none
    will be.
    """
    due = min((each.at + limits.age - now for each in ended[:-LAST]), default=None)
    return None if due is None else max(due, 0.0) + AFTER


def size_of(sandbox: Path) -> int:
    """Bytes on the disk; no link is followed, and what goes meanwhile is nothing. Blocks."""
    said = _run("du", "-sk", "--", str(sandbox)).stdout.partition("\t")[0]
    return int(said) * 1024 if said.isdecimal() else 0


def set_aside(sandbox: Path) -> Path | None:
    """The folder under another name, to be removed; None: it is not there."""
    aside = sandbox.with_name(f"{ASIDE}{unique_id()}")
    try:
        sandbox.rename(aside)
    except OSError:
        return None
    return aside


def remove(aside: Path) -> None:
    """For good; links in it are removed and not followed. Blocks."""
    for line in _run("rm", "-rf", "--", str(aside)).stderr.splitlines()[:MOST_TOLD]:
        log.warning("Not all of an ended task's sandbox can be removed: %.300s", line)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    import subprocess

    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="backslashreplace", check=False, cwd="/", env=_ENVIRONMENT)
