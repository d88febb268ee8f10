"""A task's end becomes the command's exit status."""
from __future__ import annotations

import pytest

from deploy.run.exit_status import exit_status
from specs.messages.status import TERMINAL_STATES, TaskState


@pytest.mark.parametrize(("state", "message", "status"), [
    ("FINISHED", "Container exited with status 0", 0),
    ("FINISHED", None, 0),
    ("FAILED", "Container exited with status 3", 3),
    ("FAILED", "Container exited with status 127: command not found", 127),
    ("FAILED", "Container terminated with signal Killed", 137),
    ("FAILED", "Container terminated with signal Segmentation fault (core dumped)", 139),
    ("FAILED", "Container terminated with signal Nonsense", 3),
    ("FAILED", "Failed to run docker container: No such image", 3),
    ("FAILED", "Container exited with status 0", 3),  # a limit ended it: that is no success
    ("FAILED", None, 3),
    ("KILLED", "Container exited with status 137", 137),
    ("KILLED", "Container exited with status 143", 143),
    ("KILLED", "Container exited with status 0", 143),
    ("KILLED", "Container exited with status 5", 143),
    ("KILLED", "Killed before it was launched", 143),
    ("KILLED", None, 143),
    ("ERROR", "Task uses no resources", 3),
    ("LOST", None, 3),
])
def test_exit_status(state: str, message: str | None, status: int) -> None:
    assert exit_status(TaskState[state], message) == status


def test_every_terminal_state_has_one() -> None:
    assert all(0 <= exit_status(state, None) <= 255 for state in TERMINAL_STATES)
