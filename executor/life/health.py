"""What checks mean: when to look, what a result says of the task's health, when it is enough.

As Mesos (health_checker.cpp): the first check comes `delay` after the checker was made, the next
one `interval` after the end of the one before. A failure before the first success and within the
grace period does not count. Every other failure is reported, and `consecutive_failures` of them
kill (0 kills at the first, as 1 does). A success is reported only if it changes something. General
checks (checker.cpp) judge nothing: what differs from the last result is reported.
"""
from __future__ import annotations

from dataclasses import dataclass, replace

from specs.messages.check import (
    CONSECUTIVE_FAILURES,
    DELAY,
    GRACE_PERIOD,
    INTERVAL,
    PARTS,
    TIMEOUT,
    CheckInfo,
    CheckStatusInfo,
    CommandResult,
    HealthCheck,
    HttpResult,
    TcpResult,
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Seconds. `timeout` None: a check may take as long as it likes."""

    delay: float = DELAY
    interval: float = INTERVAL
    timeout: float | None = TIMEOUT


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found; all None: it could not be made, or was cut off, `problem` says why.

    `succeeded` is of a connection, or of an HTTP status of which the check says itself what it
    means.
    """

    exit_code: int | None = None
    status_code: int | None = None
    succeeded: bool | None = None
    problem: str = ""
    unasked: bool = False  # the engine, which was to ask, is away: that says nothing of the task


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do about a result."""

    healthy: bool
    kill: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """How a task has been doing. `since` counts in seconds from the making of the checker."""

    grace: float = GRACE_PERIOD
    limit: int = CONSECUTIVE_FAILURES
    failures: int = 0
    ever_healthy: bool = False

    def judge(self, healthy: bool, since: float) -> tuple[Health, Verdict | None]:
        """The next state, and what is to be reported, if anything."""
        if healthy:
            changed = not self.ever_healthy or self.failures > 0
            return replace(self, failures=0,
                           ever_healthy=True), Verdict(healthy=True) if changed else None
        if not self.ever_healthy and self.grace > 0 and since <= self.grace:
            return self, None
        counted = replace(self, failures=self.failures + 1)
        return counted, Verdict(healthy=False, kill=counted.failures >= self.limit)


@dataclass(frozen=True, slots=True)
class Counters:
    """What is counted of a task's health; `began`: when its checker was made, seconds."""

    failures: int
    ever_healthy: bool
    began: float


def health(check: HealthCheck) -> Health:
    """The state of a checker that has not checked yet."""
    grace, limit = check.grace_period_seconds, check.consecutive_failures
    return Health(GRACE_PERIOD if grace is None else grace,
                  CONSECUTIVE_FAILURES if limit is None else limit)


def schedule(check: HealthCheck | CheckInfo) -> Schedule:
    """When to check, with Mesos's defaults."""
    delay, interval, timeout = check.delay_seconds, check.interval_seconds, check.timeout_seconds
    return Schedule(DELAY if delay is None else delay, INTERVAL if interval is None else interval,
                    TIMEOUT if timeout is None else timeout or None)


def interpret(result: Result) -> bool:
    """Whether a health check's result is a success: exit status 0, connected, HTTP 200 to 399 or as
    the check says.
    """
    if result.exit_code is not None:
        return result.exit_code == 0
    if result.status_code is not None and result.succeeded is None:
        return 200 <= result.status_code < 400
    return result.succeeded is True


def problem(result: Result) -> str:
    """Why a result is a failure, for people, in Mesos's words where it has some."""
    if result.exit_code is not None:
        return f"Command exited with status {result.exit_code}"
    if result.status_code is not None:
        return f"Unexpected HTTP response code: {result.status_code}"
    return result.problem or "TCP connection failed"


def check_status(kind: str, result: Result | None) -> CheckStatusInfo:
    """An error or a time-out is as no result yet."""
    found = result or Result()
    if kind == "COMMAND":
        return CheckStatusInfo(kind, command=CommandResult(found.exit_code))
    if kind == "HTTP":
        return CheckStatusInfo(kind, http=HttpResult(found.status_code))
    return CheckStatusInfo(kind, tcp=TcpResult(found.succeeded))


def no_status(check: CheckInfo | None) -> CheckStatusInfo | None:
    """The status of a check that has no result yet; None where nothing is checked."""
    kind = check.type if check is not None else None
    return check_status(kind, None) if kind is not None and kind in PARTS else None
