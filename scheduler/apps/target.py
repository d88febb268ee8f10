"""What an app shall be: its definition at a version, and what of it decides about its instances.

A definition has a *version* (when it was last changed in any way) and a *config* (the version at
which that what its instances run was last changed). Scaling gives a new version and leaves the
config; an app that is rolled back has its former config again, so instances that still run it stay.
Instances of another config are out of date.

As Marathon: state/VersionInfo.scala, but that Marathon gives an app that is rolled back a new
config, too, and so replaces what was healthy.
"""
from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace

from scheduler.tasks.backoff import Backoff
from scheduler.tasks.states import Patience
from specs.marathon.app import App


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """When a definition was last changed, as texts of timestamps. As Marathon's `versionInfo`."""

    version: str
    last_scaling_at: str
    last_config_change_at: str

    @classmethod
    def first(cls, version: str) -> VersionInfo:
        """Of a new app."""
        return cls(version, version, version)

    def scaled(self, version: str) -> VersionInfo:
        """After another count of instances."""
        return replace(self, version=version, last_scaling_at=version)

    def restarted(self, version: str) -> VersionInfo:
        """After a restart with the same definition."""
        return replace(self, version=version, last_config_change_at=version)

    def configured(self, version: str) -> VersionInfo:
        """After any other change."""
        return VersionInfo.first(version)

GIVEN_UP_AT_ONCE = Patience()
_USUAL_BACKOFF = Backoff()


@dataclass(frozen=True, slots=True)
class Strategy:
    """How far an app of `instances` may be from them while it changes. Both capacities are between
    0 and 1.
    """

    instances: int
    minimum_health: float
    maximum_over: float
    resident: bool = False

    @property
    def min_healthy(self) -> int:
        """How many shall serve at any time."""
        return math.ceil(self.instances * self.minimum_health)

    @property
    def max_capacity(self) -> int:
        """How many may be there at any time."""
        return math.floor(self.instances * (1 + self.maximum_over))


class Restart(enum.Enum):
    """Whether a task that ended of itself is started again."""

    ALWAYS = "always"
    ON_FAILURE = "on-failure"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Rollout:
    """How an app changes beyond Marathon's strategy: all off by default. Times are seconds."""

    canaries: int = 0  # so many new instances first, the others when they are promoted
    promote_after: float | None = None  # promote canaries that have served so long; None: a person does
    batch: int | None = None  # at most so many at once that do not serve yet
    failure_limit: int | None = None  # more failures of new instances than these, and the deployment has failed
    deadline: float | None = None  # so long without progress, and the deployment has failed
    rolls_back: bool = False  # then what was before comes back of itself


@dataclass(frozen=True, slots=True)
class Policy:
    """What of an app's definition decides about its instances."""

    strategy: Strategy
    oldest_first: bool = False  # which of equal instances end first
    unreachable: Patience | None = GIVEN_UP_AT_ONCE  # None: they are waited for, for ever
    backoff: Backoff = _USUAL_BACKOFF
    restart: Restart = Restart.ALWAYS
    rollout: Rollout = Rollout()
    drain: float = 0.0  # seconds between leaving the endpoints and SIGTERM
    has_health_check: bool = False
    has_readiness_check: bool = False
    role: str = "*"


@dataclass(frozen=True, slots=True)
class Target:
    """An app's definition at a version."""

    app: App
    info: VersionInfo
    config: str
    policy: Policy

    @property
    def version(self) -> str:
        return self.info.version
