"""Where an instance of an app is, by Marathon's names for it.

As Marathon: core/condition/Condition.scala. How a Mesos state becomes one is in `states`.
"""
from __future__ import annotations

import enum


class Condition(enum.Enum):
    """Where an instance is, by Marathon's names (core/condition/Condition.scala)."""

    SCHEDULED = "Scheduled"  # waits for an offer, or for its back-off
    PROVISIONED = "Provisioned"  # launched, nothing heard yet
    STAGING = "Staging"
    STARTING = "Starting"
    RUNNING = "Running"
    KILLING = "Killing"
    UNREACHABLE = "Unreachable"
    UNREACHABLE_INACTIVE = "UnreachableInactive"  # so for longer than its strategy waits for it
    ERROR = "Error"
    FAILED = "Failed"
    FINISHED = "Finished"
    KILLED = "Killed"
    GONE = "Gone"
    DROPPED = "Dropped"
    UNKNOWN = "Unknown"

    @property
    def is_terminal(self) -> bool:
        """Whether its task has ended for good."""
        return self in _TERMINAL

    @property
    def is_active(self) -> bool:
        """Whether its task counts as one that is there. As Marathon: `Condition.isActive`."""
        return self in _ACTIVE

    @property
    def is_lost(self) -> bool:
        """Whether nobody knows how its task is."""
        return self in (Condition.UNREACHABLE, Condition.UNREACHABLE_INACTIVE)


_TERMINAL = frozenset({Condition.ERROR, Condition.FAILED, Condition.FINISHED, Condition.KILLED,
                       Condition.GONE, Condition.DROPPED, Condition.UNKNOWN})
_ACTIVE = frozenset({Condition.PROVISIONED, Condition.STAGING, Condition.STARTING,
                     Condition.RUNNING, Condition.KILLING, Condition.UNREACHABLE})
