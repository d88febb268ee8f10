"""Which instances of an app go when it has too many, and how many start when it has too few.

Those that somebody sentenced go in any case and make room; then those that keep the app's
constraints even; then the ones that are least worth: unreachable, staging, starting, running, and
among equals the youngest or the oldest, as the app says. An instance that is unreachable for too
long counts as none, and its replacement is among those to start.

As Marathon: core/deployment/ScalingProposition.scala.
"""
from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from scheduler.apps.instance import Instance
from scheduler.tasks.conditions import Condition

_WORTH = {Condition.UNREACHABLE: 1, Condition.STAGING: 2, Condition.STARTING: 3,
          Condition.RUNNING: 4}
_MOST = 5

Chooser = Callable[[Sequence[Instance], int], Sequence[str]]  # of these instances so many, at most: the ids


@dataclass(frozen=True, slots=True)
class Proposal:
    """What brings an app to its count: these instances end, in this order, and so many start."""

    end: tuple[Instance, ...] = ()
    start: int = 0


def propose(instances: Sequence[Instance], wanted: int, *, sentenced: Collection[str] = (),
            even: Chooser | None = None, oldest_first: bool = False) -> Proposal:
    """From the instances that shall run to `wanted` of them.

    `sentenced` are ids of instances that end whatever the count; ids of others mean nothing. `even`
    chooses those whose end keeps the app's constraints (see `scheduler.placement.balance`).
    """
    counted = [each for each in instances if each.condition is not Condition.UNREACHABLE_INACTIVE]
    gone = [each for each in counted if each.id in sentenced]
    others = sorted((each for each in counted if each.id not in sentenced),
                    key=lambda each: _worth(each, oldest_first))
    ending = max(len(counted) - wanted, len(gone))
    chosen = dict.fromkeys(even(others, ending - len(gone)) if even is not None else ())
    by_id = {each.id: each for each in others}
    order = [*gone, *(by_id[each] for each in chosen),
             *(each for each in others if each.id not in chosen)]
    return Proposal(tuple(order[:ending]), wanted - len(counted) + ending)


def _worth(instance: Instance, oldest_first: bool) -> tuple[int, bool, float]:
    """Sorts those first that go first; one that should have started and has not goes before those
    that have.
    """
    worth = _WORTH.get(instance.condition, _MOST)
    if instance.condition is Condition.STAGING:
        time = instance.since if instance.staged_at is None else instance.staged_at
    elif instance.condition is Condition.STARTING:
        time = instance.since
    elif instance.started_at is None:
        return worth, False, 0.0
    else:
        time = instance.started_at
    return worth, True, time if oldest_first else -time
