"""A task's end as the exit status of the command that ran it.

    TASK_FINISHED, TASK_FAILED   the container's own, as the executor's message tells it
    TASK_KILLED                  128 + the signal that ended the container: 143 for SIGTERM, 137 for SIGKILL
    everything else              3

A TASK_FAILED whose container never ran (no such image) or exited with 0 (stopped by a limit) is 3
as well.
"""
from __future__ import annotations

import re
import signal

from deploy.cli.problems import FAILED
from specs.messages.status import TaskState

_EXITED = re.compile(r"Container exited with status (\d+)")  # as Mesos: docker/executor.cpp, `reaped`
_SIGNALLED = re.compile(r"Container terminated with signal ([^(;:.]+)")
_TERMINATED = 128 + signal.SIGTERM


def exit_status(state: TaskState, message: str | None) -> int:
    """0 to 255."""
    own = container_status(message or "")
    if state is TaskState.FINISHED:
        return own or 0
    if state is TaskState.FAILED:
        return own or FAILED
    if state is TaskState.KILLED:
        return own if own is not None and own > 128 else _TERMINATED
    return FAILED


def container_status(message: str) -> int | None:
    """The container's exit status out of an executor's message; None if it does not tell."""
    if match := _EXITED.search(message):
        return int(match[1]) & 255
    if match := _SIGNALLED.search(message):
        names = {text: number for number in signal.valid_signals()
                 if (text := signal.strsignal(number))}
        number = names.get(match[1].strip())
        return 128 + number if number is not None else None
    return None
