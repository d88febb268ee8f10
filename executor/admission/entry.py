"""What the supervisor keeps for a task besides its state."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from executor.admission.agreement import Agreement
from executor.admission.plan import Plan
from executor.life.health import Counters
from executor.life.task import Task


@dataclass(slots=True, eq=False)  # two launches of one id are two entries
class Entry:
    """A task's state, and what carrying out its effects needs besides."""

    task: Task
    agreement: Agreement
    name: str = ""  # the container's; empty where none will be made
    plan: Plan | None = None  # until the start
    secrets: Path | None = None  # the folder with its secret files
    logins: str | None = None  # the sandbox, if a Docker configuration was fetched into it
    health: dict[int, Counters] = field(default_factory=dict)  # of its checks, by a process before this one
    blanked: bool = False  # its plan lacks the secrets that it needs
    launched: float | None = None  # when we heard of it first, seconds of the loop's clock
    since: float = 0.0  # when what is being done for it began
    lost: bool = False  # the engine was gone while the task lived: some output may be missing
