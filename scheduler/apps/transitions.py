"""What a launch and a status make of an instance.

A status is of a task, so of one incarnation of its instance: whoever reads it compares ids first
(`ids.task_id`), and drops what is told of an earlier one. The last word on a task stays: after its
end nothing is news.
"""
from __future__ import annotations

from dataclasses import dataclass, replace

from scheduler.apps.instance import Instance
from scheduler.placement.location import Location
from scheduler.tasks.conditions import Condition


@dataclass(frozen=True, slots=True)
class News:
    """What a status says. None: it says nothing about that."""

    condition: Condition
    healthy: bool | None = None
    ready: bool | None = None
    ip_addresses: tuple[tuple[str, str], ...] | None = None
    reason: str | None = None
    message: str | None = None
    exit_code: int | None = None


def launched(instance: Instance, location: Location, host_ports: tuple[int, ...],
             now: float) -> Instance:
    """Its next task is about to be sent to this agent."""
    return replace(instance, condition=Condition.PROVISIONED, since=now,
                   incarnation=instance.incarnation + 1,
                   location=location, host_ports=host_ports, staged_at=now, stirred=now)


def stirred(instance: Instance, now: float) -> Instance:
    """Its launch goes on: a layer of its image was pulled."""
    return replace(instance, stirred=now)


def heard(instance: Instance, news: News, now: float) -> Instance:
    """What is known of it after a status of its newest task. The same value if that is no news."""
    if instance.condition.is_terminal or instance.condition is Condition.SCHEDULED:
        return instance
    condition = news.condition
    if condition is Condition.UNREACHABLE and instance.condition is Condition.UNREACHABLE_INACTIVE:
        condition = instance.condition
    runs = condition is Condition.RUNNING
    moved = condition is not instance.condition
    new = replace(
        instance, condition=condition, since=now if moved else instance.since,
        stirred=now if moved else instance.stirred,
        started_at=now if runs and instance.started_at is None else instance.started_at,
        healthy=news.healthy, ready=instance.ready if news.ready is None else news.ready,
        ip_addresses=instance.ip_addresses if news.ip_addresses is None else news.ip_addresses,
        reason=news.reason, message=news.message, exit_code=news.exit_code)
    return instance if new == instance else new
