"""Why an app's instances find no place, in Marathon's ten words for it, counted for people.

Ten reasons stand in an order, the funnel. Of each offer that was not taken only its first reason
counts, so that the numbers of the summary fall from step to step and add up: `processed` offers
came to this step, `declined` ended at it. Two summaries are kept for each app that waits: over the
newest declined offer of each agent, and over all offers since this launch began. Both end when
nothing is left to launch.

As Marathon: mesosphere/mesos/NoOfferMatchReason.scala,
core/launchqueue/impl/OfferMatchStatistics.scala, raml/QueueInfoConversion.scala,
core/launchqueue/LaunchStats.scala.
"""
from __future__ import annotations

import enum
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace


class Reason(enum.StrEnum):
    """Why an offer is not for an app; in the order of the funnel."""

    UNFULFILLED_ROLE = "UnfulfilledRole"
    UNFULFILLED_CONSTRAINT = "UnfulfilledConstraint"
    NO_CORRESPONDING_RESERVATION_FOUND = "NoCorrespondingReservationFound"
    AGENT_MAINTENANCE = "AgentMaintenance"
    INSUFFICIENT_CPUS = "InsufficientCpus"
    INSUFFICIENT_MEMORY = "InsufficientMemory"
    INSUFFICIENT_DISK = "InsufficientDisk"
    INSUFFICIENT_GPUS = "InsufficientGpus"
    INSUFFICIENT_PORTS = "InsufficientPorts"
    DECLINED_SCARCE_RESOURCES = "DeclinedScarceResources"


FUNNEL = tuple(Reason)
_PLACES = {reason: place for place, reason in enumerate(FUNNEL)}
OF_RESOURCE = {"cpus": Reason.INSUFFICIENT_CPUS, "mem": Reason.INSUFFICIENT_MEMORY,
               "disk": Reason.INSUFFICIENT_DISK,
               "gpus": Reason.INSUFFICIENT_GPUS, "ports": Reason.INSUFFICIENT_PORTS}


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One step of the funnel."""

    reason: Reason
    declined: int
    processed: int


def first(reasons: Iterable[Reason]) -> Reason | None:
    """The one that counts; None if there is none."""
    return min(reasons, key=_PLACES.__getitem__, default=None)


def funnel(processed: int, declined: Mapping[Reason, int]) -> tuple[FunnelStep, ...]:
    """All ten steps, `processed` being the offers that came to the first."""
    steps = []
    for reason in FUNNEL:
        steps.append(FunnelStep(reason, declined.get(reason, 0), processed))
        processed -= declined.get(reason, 0)
    return tuple(steps)


def summary(rejected: Sequence[Iterable[Reason]]) -> tuple[FunnelStep, ...]:
    """The funnel over offers of which each was not taken for these reasons."""
    counted = Counter(reason for reasons in rejected if (reason := first(reasons)) is not None)
    return funnel(len(rejected), counted)


@dataclass(frozen=True, slots=True)
class Rejected:
    """An offer that an app did not take.

    `at` is seconds since 1970; `offer` is what was offered, for people.
    """

    agent_id: str
    reasons: tuple[Reason, ...]
    at: float
    offer: object = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What has happened to offers since an app began to wait."""

    processed: int = 0
    unused: int = 0
    last_used_at: float | None = None
    last_unused_at: float | None = None
    declined: Mapping[Reason, int] = field(default_factory=dict)  # over all offers
    newest: Mapping[str, Rejected] = field(default_factory=dict)  # by agent: the last one that was not taken

    def used(self, at: float) -> Attempt:
        """An offer was taken."""
        return replace(self, processed=self.processed + 1, last_used_at=at)

    def rejected(self, offers: Sequence[Rejected]) -> Attempt:
        """Offers were looked at and not taken, the newest last."""
        if not offers:
            return self
        declined = Counter(self.declined)
        declined.update(reason for each in offers if (reason := first(each.reasons)) is not None)
        return replace(
            self, processed=self.processed + len(offers), unused=self.unused + len(offers),
            last_unused_at=offers[-1].at, declined=dict(declined),
            newest={**self.newest, **{each.agent_id: each for each in offers}})

    @property
    def last_offers(self) -> tuple[FunnelStep, ...]:
        """The funnel over the newest offer of each agent."""
        return summary([each.reasons for each in self.newest.values()])

    @property
    def launch_attempt(self) -> tuple[FunnelStep, ...]:
        """The funnel over all offers."""
        return funnel(self.processed, self.declined)


@dataclass(frozen=True, slots=True)
class QueueDelay:
    """How long an app's next launch waits, in whole seconds; `overdue`: nothing keeps it but the
    lack of an offer.
    """

    time_left: int
    overdue: bool


def queue_delay(until: float | None, now: float) -> QueueDelay:
    """From the end of the back-off (None: there is none).

    As Marathon: LaunchStats.scala, `queueDelay`.
    """
    left = 0 if until is None else math.trunc(until - now)
    return QueueDelay(max(0, left), until is None or left < 0)
