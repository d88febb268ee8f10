"""What can happen to a task: frozen values without behaviour, which `lifecycle.py` takes.

Events are split by what they *mean*, not by where they arise: "it is certain that nothing was
started" and "it is not known whether something was started" both come from a failed call, and lead
to different places.
"""
from __future__ import annotations

import enum
from dataclasses import dataclass

from executor.life.outcomes import Cause, Exit, Failure
from specs.messages.check import CheckStatusInfo
from specs.messages.containerinfo import NetworkInfo


@dataclass(frozen=True, slots=True)
class EndRequested:
    """The task shall end: KILL, SHUTDOWN, its health, its time. Legal in every phase.

    `grace`: seconds between the stop signal and SIGKILL. `why` is for people: which check failed,
    and how.
    """

    cause: Cause
    grace: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """All of the task's files are in its sandbox."""


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """One of the files could not be had."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class FetchProgressed:
    """Fetching goes on; posted when it says something new, at most once a second."""

    text: str


@dataclass(frozen=True, slots=True)
class ImageMissing:
    """The engine has not got the image; nothing was created."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """The image is here."""


@dataclass(frozen=True, slots=True)
class PullFailed:
    """The image could not be had."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class PullProgressed:
    """A pull goes on; posted when it says something new, at most once a second."""

    text: str


@dataclass(frozen=True, slots=True)
class Created:
    """The container exists and is about to be started."""

    container: str


@dataclass(frozen=True, slots=True)
class Started:
    """The container was started; it may have ended since."""

    container: str
    running: bool
    pid: int | None  # on this host; None if it ended before it could be looked at
    stop_signal: str | None  # the image's or the task's; None is SIGTERM
    network_infos: tuple[NetworkInfo, ...]
    data: bytes | None  # the redacted answer of inspect
    warnings: tuple[str, ...] = ()  # what the engine said when it made it


@dataclass(frozen=True, slots=True)
class NotStarted:
    """It is certain that nothing runs and nothing will."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class StartUnclear:
    """The engine did not answer to the end: the container may be running."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class StartSlow:
    """A kill has waited long enough for the start to show whether there is anything to kill."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something happened to the container: a reason to look, not yet the truth.

    `exit_code`, if the engine told one, and when: ns of its clock. `back`: when we found that the
    engine is there again, ns of our clock; 0: it was not away. `oom_near`: whether the kernel had just
    killed something of this machine for want of memory; None: nobody knows.
    """

    exit_code: int | None = None
    at: int = 0
    back: int = 0
    oom_near: bool | None = None


@dataclass(frozen=True, slots=True)
class RunBegan:
    """The engine says that it has started a container with a restart policy: we, or the policy.

    `at`: ns of its clock.
    """

    at: int


@dataclass(frozen=True, slots=True)
class PidGone:
    """The kernel says that the container's first process is gone, whatever the engine says.

    `pid`: which, of several runs. `at`: when we were told, ns of our clock; 0: nobody knows.
    """

    pid: int | None = None
    at: int = 0


@dataclass(frozen=True, slots=True)
class OomKilled:
    """The kernel killed a process of the container for want of memory.

    `peak` and `limit`: bytes, if they could be read in time.
    """

    peak: int | None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class OomSurvived:
    """The container went on after that: what ends it now has another reason."""


@dataclass(frozen=True, slots=True)
class OomUntold:
    """If the container had ended for want of memory, the engine would have told by now."""


@dataclass(frozen=True, slots=True)
class SignalSeen:
    """The engine was asked for a signal, by us or by somebody else."""

    signal: int


@dataclass(frozen=True, slots=True)
class SignalSurvived:
    """The container went on after that: what ends it now has another reason."""


@dataclass(frozen=True, slots=True)
class Exited:
    """The engine was asked: the container is down and stays down. `ran`: it was started."""

    exit: Exit
    ran: bool = True


@dataclass(frozen=True, slots=True)
class Vanished:
    """The engine was asked: there is no such container."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The engine, asked how the container is, did not answer."""


@dataclass(frozen=True, slots=True)
class Disowned:
    """The engine has no such container, and its process runs on: it has come back without it."""


@dataclass(frozen=True, slots=True)
class StartedAgain:
    """The engine was asked: it runs again after its end, and its restart policy is not why."""

    pid: int | None


@dataclass(frozen=True, slots=True)
class Restarted:
    """The engine was asked: its restart policy begins a new run of the container, or has begun it.

    `pid`: None while it waits for the new run.
    """

    pid: int | None
    network_infos: tuple[NetworkInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class ExitMissed:
    """The process is gone, and the engine has not told its exit status in the time given."""


@dataclass(frozen=True, slots=True)
class GraceOver:
    """The container had its time to end by itself."""


@dataclass(frozen=True, slots=True)
class StillUp:
    """A forced end has not worked in its time."""


@dataclass(frozen=True, slots=True)
class SignalFailed:
    """A signal could not be delivered through the engine: the container is as it was."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Removed:
    """The container is removed: it is certain that it does not run. `ran`: it had been started."""

    ran: bool = False


@dataclass(frozen=True, slots=True)
class HealthReported:
    """The task's health, as often as Mesos would report it. None, of several checks: all that have
    an answer succeed, and some have none yet, as `text` says.
    """

    healthy: bool | None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class CheckReported:
    """The result of the task's check differs from the last one."""

    check_status: CheckStatusInfo


class Whereabouts(enum.Enum):
    """How a container is that an executor before this one was to make."""

    NONE = "there is none"
    CREATED = "it was never started"
    RUNNING = "it runs"
    BETWEEN = "it waits for its restart policy's next run"
    DOWN = "it has ended"


@dataclass(frozen=True, slots=True)
class Recovered:
    """The engine was asked for what it has of a task that another process of this executor began.

    `began`: its run, ns of the engine's clock. `exit`: of one that is down.
    """

    where: Whereabouts
    container: str | None = None
    pid: int | None = None
    stop_signal: str | None = None
    network_infos: tuple[NetworkInfo, ...] = ()
    data: bytes | None = None  # the redacted answer of inspect
    began: int = 0
    exit: Exit | None = None


@dataclass(frozen=True, slots=True)
class Drained:
    """All output is in the sandbox, but for what is lost. `tail`: the last lines of stderr; `lost`:
    how much is, and why; `wrote`: whether there was any, so that something has run.
    """

    tail: str = ""
    lost: str = ""
    wrote: bool = False


@dataclass(frozen=True, slots=True)
class DrainSlow:
    """The output did not end in its time."""


Event = (
    EndRequested | Fetched | FetchFailed | FetchProgressed | ImageMissing | Pulled | PullFailed
    | PullProgressed | Created | Started | NotStarted | StartUnclear | StartSlow | Noticed
    | RunBegan | PidGone | OomKilled | OomSurvived | OomUntold | SignalSeen | SignalSurvived | Exited | Vanished
    | Unanswered | Disowned | StartedAgain | Restarted | ExitMissed | GraceOver | StillUp | SignalFailed | Removed
    | HealthReported | CheckReported | Recovered | Drained | DrainSlow
)
EVENTS: tuple[type[Event], ...] = Event.__args__
