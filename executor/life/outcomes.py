"""The facts of an end: how a task was over, who wanted it, and what else is known.

Values only; see endings.py.
"""
from __future__ import annotations

import enum
from dataclasses import dataclass

from executor.engine.failures import RuntimeFailure


class Cause(enum.Enum):
    """Who wanted the task to end. The first cause stays."""

    KILL = "killed"
    SHUTDOWN = "the executor was shut down"
    HEALTH = "its health check failed"
    COMPLETION = "max_completion_time was reached"


@dataclass(frozen=True, slots=True)
class Failure:
    """A RuntimeFailure as a value: its class says what and whose fault, `text` is the engine's."""

    kind: type[RuntimeFailure]
    text: str

    @classmethod
    def of(cls, error: RuntimeFailure) -> Failure:
        """The failure that was raised."""
        return cls(type(error), str(error).strip())


@dataclass(frozen=True, slots=True)
class Exit:
    """The container is down and the engine said how. Sizes in bytes."""

    status: int
    oom: bool = False
    memory_limit: int | None = None
    memory_peak: int | None = None
    error: str = ""  # the engine's own, from State.Error
    removed: bool = False  # by somebody else
    started_again: bool = False  # by somebody else, and stopped by us
    meddled: int | None = None  # a signal that somebody else had the engine send
    unseen: bool = False  # the engine, or we, were away when it ended
    forgotten: bool = False  # the engine was killed, and does not know: the status is none


@dataclass(frozen=True, slots=True)
class Unknown:
    """The container is down; with which exit status cannot be found out."""

    removed: bool = False


@dataclass(frozen=True, slots=True)
class Signalled:
    """The process was killed past the engine."""

    signal: int
    core_dumped: bool = False


@dataclass(frozen=True, slots=True)
class NotRun:
    """The engine could not start the container, as it says. `ran`: it had started it all the same."""

    failure: Failure
    ran: bool = False


@dataclass(frozen=True, slots=True)
class Unstarted:
    """The end was wanted before there was a container.

    `during`: "pulling the image", "creating the container".
    """

    during: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The task's own description cannot be turned into a container.

    `problem` is Mesos's text, `path` the field.
    """

    problem: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class SecondTask:
    """A second task for an executor that runs exactly one."""


@dataclass(frozen=True, slots=True)
class BroughtDown:
    """The executor has ended twice in the same step of this task, which is left out from then on."""

    step: str


@dataclass(frozen=True, slots=True)
class HostRebooted:
    """The host went down with all that ran on it."""


Outcome = (Exit | Unknown | Signalled | NotRun | Unstarted | Refused | SecondTask | BroughtDown
           | HostRebooted)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known when a task is over."""

    outcome: Outcome
    cause: Cause | None = None
    why: str = ""  # what the one who wanted the end had to say
    command: str = ""  # what the container was to run
    image: str = ""
    tail: str = ""  # the last lines of stderr
    partition_aware: bool = False
    lost: str = ""  # how much of the output, and why
