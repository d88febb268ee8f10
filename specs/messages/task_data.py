"""What stands in TaskInfo.data for our executor: the task's command, and what Mesos has no field for."""
from __future__ import annotations

from dataclasses import dataclass

from specs.messages.check import HealthCheck
from specs.messages.command import CommandInfo


@dataclass(frozen=True, slots=True)
class TaskData:
    """All but `command` is our own form; an agent passes it on unread."""

    command: CommandInfo | None = None
    health_checks: tuple[HealthCheck, ...] = ()  # besides the TaskInfo's; the task is healthy when all say so
    ignore_http_1xx: bool = False  # a health check that is answered 1xx has no result
    check_scheme: str | None = None  # of the TaskInfo's check over HTTP; None: http
