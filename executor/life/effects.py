"""What somebody should do about an event: frozen values, which `lifecycle.py` gives.

`executor/supervision/performer.py` carries them out; what comes of them are events again, named
behind the arrows.
"""
from __future__ import annotations

import enum
from dataclasses import dataclass

from executor.life.events import (
    DrainSlow,
    EndRequested,
    Event,
    ExitMissed,
    GraceOver,
    Noticed,
    OomSurvived,
    OomUntold,
    SignalSurvived,
    StartSlow,
    StillUp,
)
from executor.life.outcomes import Cause
from specs.messages.status import TaskStatus


class Timer(enum.Enum):
    """The clocks of a task; at most one of each runs.

    The value is the event that its ringing is.
    """

    COMPLETION = EndRequested(Cause.COMPLETION)  # max_completion_time is over
    START = StartSlow()
    GRACE = GraceOver()
    STEP = StillUp()
    MISSED = ExitMissed()
    DRAIN = DrainSlow()
    LOOK = Noticed()  # it is time to ask the engine again how the container is
    OOM = OomSurvived()
    OOM_LATE = OomUntold()  # the kernel's word about memory, after an end that it would explain
    SIGNAL = SignalSurvived()

    @property
    def event(self) -> Event:
        """What its ringing means."""
        event: Event = self.value
        return event


@dataclass(frozen=True, slots=True)
class Report:
    """Send the update."""

    status: TaskStatus


@dataclass(frozen=True, slots=True)
class Explain:
    """Tell the task's stderr what the update must not say, as it shall say no more than Mesos does.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """Get the task's files -> Fetched, FetchFailed, FetchProgressed."""


@dataclass(frozen=True, slots=True)
class CancelFetch:
    """Nobody needs the files any more; nothing comes of it."""


@dataclass(frozen=True, slots=True)
class Pull:
    """Get the image -> Pulled, PullFailed, PullProgressed."""


@dataclass(frozen=True, slots=True)
class CancelPull:
    """Nobody needs this task's image any more; nothing comes of it."""


@dataclass(frozen=True, slots=True)
class CreateAndStart:
    """Create, attach, start, inspect -> Created, then Started, ImageMissing, NotStarted or
    StartUnclear.
    """


@dataclass(frozen=True, slots=True)
class Look:
    """Ask the engine how the container is -> Exited, Vanished, StartedAgain, Restarted.

    Nothing if it runs on.
    """


@dataclass(frozen=True, slots=True)
class Signal:
    """Signal the container -> SignalFailed, Vanished, or nothing.

    That it ended is told by the engine.
    """

    signal: str
    first: str | None = None  # another signal right before it, whose failure means nothing


@dataclass(frozen=True, slots=True)
class ForceRemove:
    """Remove the container, running or not -> Removed, SignalFailed."""


@dataclass(frozen=True, slots=True)
class KillPid:
    """SIGKILL the container's first process, past the engine."""

    pid: int


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove what is left of a container that is down; nothing comes of it."""


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Start a clock. `keep_earlier`: one that runs already and ends sooner goes on instead."""

    timer: Timer
    seconds: float
    keep_earlier: bool = False


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Stop a clock, if it runs."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class CancelTimers:
    """Stop all clocks of the task."""


@dataclass(frozen=True, slots=True)
class StartChecks:
    """Begin with the health check and the check -> HealthReported, CheckReported,
    EndRequested(HEALTH).
    """


@dataclass(frozen=True, slots=True)
class StopChecks:
    """Check no more; results under way are dropped."""


@dataclass(frozen=True, slots=True)
class WatchPid:
    """Tell when the process is gone -> PidGone."""

    pid: int


@dataclass(frozen=True, slots=True)
class FollowRun:
    """Bring the output of a further run of the container into the sandbox, too.

    `ended`: of the run before, 0 if that is not known; `began`: of this one; ns of the engine's
    clock.
    """

    ended: int
    began: int


@dataclass(frozen=True, slots=True)
class FollowOn:
    """Bring the output of a container that another process of this executor has followed, from where
    that one stopped.
    """


@dataclass(frozen=True, slots=True)
class DrainLogs:
    """Bring all output into the sandbox -> Drained."""


@dataclass(frozen=True, slots=True)
class Forget:
    """The task is over: drop what is kept for it, its clocks too."""


Effect = (
    Report | Explain | Fetch | CancelFetch | Pull | CancelPull | CreateAndStart | Look | Signal
    | ForceRemove | KillPid | Remove | StartTimer | CancelTimer | CancelTimers | StartChecks
    | StopChecks | WatchPid | FollowRun | FollowOn | DrainLogs | Forget
)
