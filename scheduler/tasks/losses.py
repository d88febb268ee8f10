"""When many instances are lost at the same time, it is the network or a master that fails, not
they.

Whoever replaces them all at once doubles the load on the agents that are left, and ends the ones
that come back. So when more than a fifth of all instances became unreachable within a minute, they
are given up one after the other: a few at once, then a twentieth of all instances per minute, and 6
at least. That goes on until an operator lifts it: what looks like the end of an outage may be its
middle, and only people know which it is.

All times are seconds since 1970.
"""
from __future__ import annotations

from dataclasses import dataclass, replace

WINDOW = 60.0  # s
SHARE = 0.2  # of the instances, and more is a mass loss
AT_ONCE = 2  # so many are given up without waiting, so fewer losses are none of many
SLOWEST = 6.0  # given up per minute
PART = 0.05  # of the instances, given up per minute


@dataclass(frozen=True, slots=True)
class Losses:
    """What was lost of late, and whether it was too much. Stored before an instance is given up."""

    recent: tuple[tuple[float, int], ...] = ()  # when, how many: within the window
    since: float | None = None  # when it became too much; None: it is not
    instances: int = 0  # that there were then
    given_up: int = 0  # since then

    @property
    def is_slowed(self) -> bool:
        return self.since is not None

    @property
    def per_second(self) -> float:
        """How many are given up, while it is slowed."""
        return max(SLOWEST, PART * self.instances) / 60


def lost(losses: Losses, count: int, instances: int, now: float) -> Losses:
    """`count` more became unreachable, of all `instances` that have tasks, those included."""
    recent = (*(each for each in losses.recent if each[0] > now - WINDOW), (now, count))
    losses = replace(losses, recent=recent)
    total = sum(each for _, each in recent)
    if losses.is_slowed or total <= max(AT_ONCE, SHARE * instances):
        return losses
    return replace(losses, since=now, instances=instances, given_up=0)


def permits(losses: Losses, now: float) -> int | None:
    """How many may be given up now; None: as many as there are."""
    if losses.since is None:
        return None
    return max(0, AT_ONCE + int((now - losses.since) * losses.per_second) - losses.given_up)


def next_permit(losses: Losses, now: float) -> float:
    """When there will be one more; `now` if there is one."""
    if losses.since is None or permits(losses, now):
        return now
    return losses.since + (losses.given_up + 1 - AT_ONCE) / losses.per_second + 0.001


def used(losses: Losses, count: int) -> Losses:
    """So many were given up."""
    return replace(losses, given_up=losses.given_up
                   + count) if losses.is_slowed and count else losses


def lifted() -> Losses:
    """An operator says that it is over: what is lost is replaced at once again."""
    return Losses()
