"""What the results of health checks say of an instance, and when it has failed for good.

A check's record is its history in five facts. A success counts at once. A failure does not count
while the instance is not running, nor before the first success within the grace period; then it
counts, and the one that comes when `max_consecutive_failures` have counted already ends the
instance (so three allowed failures are four in a row). 0 never does. Alive is who succeeded after
the last failure.

As Marathon: core/health/Health.scala, core/health/impl/HealthCheckActor.scala,
HealthCheckWorker.scala (what an HTTP status means) and AppHealthCheckActor.scala (several checks).
Our executor makes the checks where the task is; what it tells is a result like any other.
"""
from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace

from scheduler.tasks.conditions import Condition


class Result(enum.Enum):
    """What one check found."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    IGNORED = "ignored"  # it says nothing: an HTTP 1xx where these are ignored


@dataclass(frozen=True, slots=True)
class Health:
    """One check's record of one instance. Times are seconds of the caller's clock."""

    first_success: float | None = None
    last_success: float | None = None
    last_failure: float | None = None
    last_failure_cause: str | None = None
    consecutive_failures: int = 0

    @property
    def alive(self) -> bool:
        """Whether the last that is known is a success."""
        if self.last_success is None:
            return False
        return self.last_failure is None or self.last_success > self.last_failure


@dataclass(frozen=True, slots=True)
class Terms:
    """What an app's check allows. `grace_period` is seconds."""

    grace_period: float = 300.0
    max_consecutive_failures: int = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a result comes to."""

    health: Health
    flipped: bool = False  # it is alive now and was not, or the reverse: health_status_changed_event
    counted: bool = False  # a failure that was not forgiven: failed_health_check_event
    kill: bool = False  # it has failed once too often: unhealthy_instance_kill_event


def judge(health: Health, terms: Terms, result: Result, at: float, *,
          condition: Condition = Condition.RUNNING,
          since: float, cause: str | None = None) -> Verdict:
    """The record after one more result of an instance that is in `condition` `since` then."""
    if result is Result.IGNORED:
        return Verdict(health)
    if result is Result.HEALTHY:
        first = at if health.first_success is None else health.first_success
        after = replace(health, first_success=first, last_success=at, consecutive_failures=0)
        return Verdict(after, flipped=after.alive != health.alive)
    if condition is not Condition.RUNNING or (health.first_success is None
                                              and since + terms.grace_period > at):
        return Verdict(health)
    after = replace(health, last_failure=at, last_failure_cause=cause,
                    consecutive_failures=health.consecutive_failures + 1)
    return Verdict(after, flipped=after.alive != health.alive, counted=True,
                   kill=health.consecutive_failures >= terms.max_consecutive_failures > 0)


def is_checked(condition: Condition) -> bool:
    """Whether an instance in this condition is checked at all."""
    return condition is Condition.RUNNING


def http_result(status: int, *, ignore_1xx: bool = False) -> Result:
    """What an HTTP status means."""
    if 200 <= status < 400:
        return Result.HEALTHY
    return Result.IGNORED if ignore_1xx and 100 <= status < 200 else Result.UNHEALTHY


def over_all(checks: Iterable[bool | None]) -> bool | None:
    """Whether an instance is healthy, from each of its checks (None: no result yet); None while one
    is not known.
    """
    known = list(checks)
    if all(known):
        return True
    return None if None in known else False
