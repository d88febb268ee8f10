"""What is known of one instance of an app: one place in an app's count, with the task that fills
it.

An instance outlives its tasks: when a task ends of itself, the instance waits, and comes back as
its next incarnation (task ids count them). A new version of the app, a larger count or the
replacement of a lost instance make new ones. As Marathon: core/instance/Instance.scala.

An instance has what it *is* (`condition`, from what Mesos says) and what it *shall be* (`retiring`,
`sentence`: both None while it shall run). The first is written by whoever reads statuses and places
tasks, the second by the controller and by what people ask for (`sentenced`, or `retiring`).

All times are seconds since 1970, UTC. A `version` is the text of a Marathon timestamp; texts
compare as times do.
"""
from __future__ import annotations

import enum
from dataclasses import dataclass, replace

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
    MAINTENANCE = "its agent is being drained"


@dataclass(frozen=True, slots=True)
class Sentence:
    """An instance shall end, and why. It has left the endpoints; SIGTERM is due at `kill_at`, not
    before.
    """

    reason: KillReason
    since: float
    kill_at: float
    asked_at: float | None = None  # when its task was last asked to end; None: not yet


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of an app. `since`: when it came into its condition; one that became inactive is
    unreachable since.

    `config` is the version at which the app got the configuration that this instance runs (its
    versionInfo's lastConfigChangeAt then): equal texts, same configuration. A scaled app has
    another version and the same config; an app that is rolled back has its old config again, so
    that instances which still run need not be replaced.
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
    has_health_check: bool = False
    has_readiness_check: bool = False
    healthy: bool | None = None  # over all its checks; None: no result yet, or no check
    ready: bool = False  # its readiness check has answered
    failures: int = 0  # how many of its tasks ended without being asked to
    retiring: KillReason | None = None  # it ends as soon as another one serves in its stead
    sentence: Sentence | None = None
    reason: str | None = None  # of its task's last status: a mesos.v1.TaskStatus.Reason by name
    message: str | None = None
    exit_code: int | None = None  # of its task, once that has ended

    @property
    def shown(self) -> Condition:
        """Its condition for clients: one that shall end is on its way out at once, so that nobody
        new is sent to it while it is drained."""
        if self.sentence is not None and self.condition is Condition.RUNNING:
            return Condition.KILLING
        return self.condition

    @property
    def is_serving(self) -> bool:
        """Whether it counts as healthy and ready: it runs, and no check of its own that it has is
        still open.

        As Marathon: `Instance.consideredHealthy`, and `readyInstances` of TaskReplaceActor.
        """
        return (self.condition is Condition.RUNNING and self.sentence is None
                and (self.healthy is True or not self.has_health_check)
                and (self.ready or not self.has_readiness_check))


def sentenced(instance: Instance, reason: KillReason, now: float, drain: float = 0.0) -> Instance:
    """The same instance, which shall end. One that serves has `drain` seconds in which nobody new
    should come to it.

    An earlier sentence stays; so asking twice does not give it more time.
    """
    if instance.sentence is not None:
        return instance
    wait = drain if instance.condition is Condition.RUNNING else 0.0
    return replace(instance, sentence=Sentence(reason, now, now + wait))
