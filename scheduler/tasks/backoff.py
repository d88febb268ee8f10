"""How long an app waits before it starts a task again after some have failed.

The delay belongs to an app's configuration: scaling keeps it, a new configuration begins without
one. Each end that nobody asked for multiplies it, up to a maximum. It counts from the failure; the
start of a task moves its reference but not its length, and no success takes it away: it is
forgotten once it was not touched for the maximum. So a task that lives longer than
`maxLaunchDelaySeconds` begins anew, and one that dies each minute does not.

As Marathon: core/launchqueue/impl/RateLimiter.scala, and NotifyRateLimiterStepImpl.scala for what
counts as a failure.
"""
from __future__ import annotations

from dataclasses import dataclass, replace

from scheduler.tasks.conditions import Condition
from specs.messages.status import TaskState

_FAILED = frozenset({Condition.DROPPED, Condition.ERROR, Condition.FAILED, Condition.GONE,
                     Condition.FINISHED})
_STARTED = frozenset({Condition.PROVISIONED, Condition.STAGING, Condition.STARTING,
                      Condition.RUNNING})
_DRAINED = frozenset({TaskState.KILLED, TaskState.GONE_BY_OPERATOR})
_DRAINING = "REASON_SLAVE_DRAINING"


@dataclass(frozen=True, slots=True)
class Backoff:
    """An app's wish: `backoffSeconds`, `backoffFactor`, `maxLaunchDelaySeconds`.

    Times are seconds.
    """

    first: float = 1.0
    factor: float = 1.15
    maximum: float = 300.0


@dataclass(frozen=True, slots=True)
class Delay:
    """How long to wait, since when. Times are seconds, `reference` of the caller's clock."""

    reference: float
    seconds: float
    maximum: float

    @property
    def deadline(self) -> float:
        """When the next task may start."""
        return self.reference + self.seconds

    def is_over(self, now: float) -> bool:
        """Whether it is forgotten: for so long nothing has failed or started."""
        return now > self.reference + self.maximum


def after(delay: Delay | None, wish: Backoff, condition: Condition, now: float, *,
          drained: bool = False) -> Delay | None:
    """The delay once an instance has come into this condition, `delay` being the one until now.

    `drained`: the instance ended because its agent is being drained (see `is_drained`).
    """
    if drained:
        return None
    if condition in _FAILED:
        return failed(delay, wish, now)
    if condition in _STARTED and delay is not None:
        return replace(delay, reference=now)
    return delay


def failed(delay: Delay | None, wish: Backoff, now: float) -> Delay:
    """One more failure."""
    seconds = wish.first if delay is None else delay.seconds * wish.factor
    return Delay(now, min(seconds, wish.maximum), wish.maximum)


def is_drained(state: TaskState, reason: str | None) -> bool:
    """Whether the task ended because its agent is being drained: that is not its fault, and takes
    the delay away.
    """
    return state in _DRAINED and reason == _DRAINING


def launch_allowed(delay: Delay | None, now: float) -> bool:
    """Whether a task may start now."""
    return delay is None or delay.is_over(now) or delay.deadline <= now
