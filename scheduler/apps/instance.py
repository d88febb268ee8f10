"""What is known of one instance of an app: one place in an app's count, with the task that fills it.

An instance outlives its tasks: when a task ends of itself, the instance waits, and comes back as its next incarnation
(task ids count them). A new version of the app, a larger count or the replacement of a lost instance make new ones.
As Marathon: core/instance/Instance.scala.

An instance has what it *is* (`condition`, from what Mesos says) and what it *shall be* (`sentence`: None while it
shall run). The first is written by whoever reads statuses, the second only by the controller.

All times are seconds since 1970, UTC. A `version` is the text of a Marathon timestamp; texts compare as times do.
"""
from __future__ import annotations

import enum
from dataclasses import dataclass

from scheduler.placement.location import Location
from scheduler.tasks.conditions import Condition

__all__ = ["Condition", "Instance", "KillReason", "Location", "Sentence"]


class KillReason(enum.Enum):
    """Why an instance shall end, for people, events and the history."""

    OVER_CAPACITY = "over capacity"  # more than the app wants
    UPGRADE = "replaced by another version"
    ROLLBACK = "of a version that was rolled back"
    APP_REMOVED = "its app was removed"
    ASKED = "asked for"  # by a person or program
    UNHEALTHY = "its health check failed"
    LAUNCH_TIMEOUT = "did not run in time"
    LOST = "unreachable for too long"
    MISPLACED = "the app's constraints do not allow its agent any more"


@dataclass(frozen=True, slots=True)
class Sentence:
    """An instance shall end, and why. It has left the endpoints; SIGTERM is due at `kill_at`, not before."""

    reason: KillReason
    since: float
    kill_at: float


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of an app. `since`: when it came into its condition.

    `config` is the version at which the app got the configuration that this instance runs (its versionInfo's
    lastConfigChangeAt then): equal texts, same configuration. A scaled app has another version and the same config; an
    app that is rolled back has its old config again, so that instances which still run need not be replaced.
    """

    id: str
    app_id: str
    version: str
    config: str
    condition: Condition
    since: float
    created: float
    role: str = "*"
    incarnation: int = 0  # of its newest task; 0: none was launched yet
    location: Location | None = None
    host_ports: tuple[int, ...] = ()  # in the order of the app's ports
    ip_addresses: tuple[tuple[str, str], ...] = ()  # address, protocol (IPv4, IPv6)
    staged_at: float | None = None  # when its newest task was launched
    started_at: float | None = None  # when that began to run
    stirred: float | None = None  # when its launch last showed a sign of life: sent, staged, a layer pulled, pulled
    healthy: bool | None = None  # over all its checks; None: no result yet, or no check
    ready: bool = False  # its readiness check has answered
    failures: int = 0  # how many of its tasks ended without being asked to
    sentence: Sentence | None = None  # None: it shall run
    exit_code: int | None = None  # of its task, once that has ended
