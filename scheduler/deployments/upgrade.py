"""The arithmetic of a rolling upgrade: how many old instances may end now, and how many new ones
may start.

An app of n instances with minimumHealthCapacity m and maximumOverCapacity o keeps ⌈n·m⌉ serving and
has at most ⌊n·(1+o)⌋ there. So, at any moment: old ones may end as long as enough serve without
them, and new ones may start as long as there is room beside everything that is still there, be it
on its way out. As old ones go there is room; as new ones begin to serve old ones may go. Nothing is
remembered from one moment to the next, so it does not matter what was missed in between, or how
often it is asked.

If both numbers are the same (m = 1, o = 0) nothing could ever move, so there one more may be there.
A resident app, whose volumes cannot be elsewhere, serves with one less instead.

As Marathon: TaskReplaceActor, `computeRestartStrategy` and `launchInstances`; the products are
doubles there, too.
"""
from __future__ import annotations

from dataclasses import dataclass

from scheduler.apps.target import Strategy


@dataclass(frozen=True, slots=True)
class Present:
    """What is there. None of `old` and `new` is on its way out; `leaving` are."""

    old: int
    old_serving: int
    new: int = 0
    new_serving: int = 0
    leaving: int = 0

    @property
    def serving(self) -> int:
        return self.old_serving + self.new_serving


@dataclass(frozen=True, slots=True)
class Room:
    """What may be done now: end `kill` of the old ones, those that do not serve first, and start
    `start` new ones.
    """

    min_healthy: int
    max_capacity: int
    kill: int
    start: int


def room(strategy: Strategy, present: Present) -> Room:
    """What an upgrade may do now. Old ones beyond n (of a change that was given up) may all go, but
    for the floor.
    """
    least = strategy.min_healthy
    most = strategy.max_capacity
    spare = max(0, present.serving - least)
    surplus = present.old + present.new - strategy.instances
    kill = min(max(spare, surplus), present.old - present.old_serving + spare, present.old)
    if least == most <= present.serving:
        if strategy.resident:
            kill = min(present.serving - least + 1, present.old)
        else:
            most += 1
    return Room(least, most, kill, starts(strategy.instances, most, present.old + present.leaving,
                                          present.new))


def beside(strategy: Strategy) -> int:
    """How many others may be there beside all n new ones."""
    one_more = strategy.min_healthy == strategy.max_capacity and not strategy.resident
    return strategy.max_capacity - strategy.instances + one_more


def starts(instances: int, max_capacity: int, old: int, new: int) -> int:
    """How many of `instances` new ones may start beside those that are there; `old` until they are
    really gone.
    """
    return max(0, min(instances - new, max_capacity - old - new))
