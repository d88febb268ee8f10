"""A process of the executor finds its journal, or begins one."""
from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from executor.journal.journal import FILE, Journal, boot_id, stored
from executor.journal.lines import Header, JournalRefused
from executor.journal.records import TaskDoomed, UpdateDone, UpdateKept
from executor.unique import unique_id
from specs.forms.taskstatus import status_from_mapping
from specs.messages.status import TaskStatus


def opened(sandbox: str, now: float, secrets: str) -> tuple[Journal, bool]:
    """The journal of this sandbox, and whether a process before this one has left it.

    `now`: seconds of the monotonic clock. `secrets`: the folder for secrets, of a new one. Raises
    JournalRefused with the reason, and OSError.
    """
    path = Path(sandbox) / FILE
    boot = boot_id()
    try:
        header, state, size = stored(path, boot)
    except JournalRefused as refused:
        raise JournalRefused(f"The journal {path} is refused: {refused}") from None
    if header is None:
        return Journal(path, Header(boot, unique_id(), secrets), state, 0), False
    rebooted = header.boot != boot
    crash = state.crashed(now)
    guilty = state.guilty(crash)
    doomed = [TaskDoomed(task_id, "") for task_id in state.tasks] if rebooted else []
    if guilty is not None and guilty in state.tasks:
        doomed.append(TaskDoomed(guilty, crash.step))
    if rebooted:  # written anew, with all that it says
        state.apply(crash)
        for each in doomed:
            state.apply(each)
        return Journal(path, Header(boot, header.owner, secrets), state, 0), True
    journal = Journal(path, header, state, size)
    journal.note(crash, *doomed)
    return journal, True


class KeptUpdates:
    """The updates of a journal, as the agent's driver asks for them: `agent.port.Keeper`."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def stored(self, status: TaskStatus, said: Mapping[str, Any]) -> int:
        """It is about to be sent, once its place is settled."""
        self._journal.note(UpdateKept(status.task_id, (status.uuid or b"").hex(), str(status.state),
                                      json.dumps(said, separators=(",", ":"))))
        return self._journal.place

    def settle(self, place: int | None = None) -> None:
        """Return when what was stored there is on the disk, as far as that can be; None: all."""
        self._journal.settle(self._journal.place if place is None else place)

    def acknowledged(self, task_id: str, uuid: bytes) -> None:
        """The agent has stored it."""
        self._journal.note(UpdateDone(task_id, uuid.hex()))

    @property
    def updates(self) -> tuple[TaskStatus, ...]:
        """Those that were not acknowledged, in their order."""
        return tuple(status_from_mapping(json.loads(each.status))
                     for each in self._journal.state.updates.values())

    @property
    def tasks(self) -> dict[str, Mapping[str, Any]]:
        """Those of which nothing was acknowledged."""
        return {task_id: json.loads(info) for task_id, info in self._journal.state.unseen.items()}
