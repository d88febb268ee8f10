"""What outlives a process of a custom executor: its journal, and the secrets of its tasks.

Opened before much is loaded: the agent waits to hear of us.
"""
from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from executor.admission.secrets import Secrets
    from executor.journal.journal import Journal
    from executor.settings.agent import AgentSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What outlives this process. `owner`: the label of its containers."""

    owner: str
    journal: Journal | None = None
    secrets: Secrets | None = None
    found: bool = False  # a process before this one has left it
    command: str = ""  # how the launcher was called


def remembered(told: AgentSettings, launcher: str, command: str) -> Remembered:
    """What a custom executor keeps in its sandbox, and has from the process before it. Raises
    JournalRefused and OSError.

    Of one that speaks libprocess an agent takes no second process.
    """
    from executor.admission.secrets import Secrets, secrets_folder
    from executor.journal.opening import opened

    journal, found = opened(told.directory, time.monotonic(), secrets_folder(told.directory))
    secrets = Secrets(told.directory, journal.header.secrets, launcher)
    if found:
        log.warning("Taking over what a process of this executor before this one has left")
        secrets.take_over()
    return Remembered(journal.header.owner, journal, secrets, found=found, command=command)
