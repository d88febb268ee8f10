"""What is asked of each app now: by the deployment that locks it, or for good.

An app whose step is not reached is kept as it was; so is one that no deployment locks, as it shall
be. While a deployment is paused its apps stay as they are, but never fall below what both
definitions want to serve at least.
"""
from __future__ import annotations

import enum
from dataclasses import dataclass

from scheduler.apps.target import Target
from scheduler.deployments.deployment import ActionKind, Change, Deployment, Progress, is_of


class Mode(enum.Enum):
    """What is asked of an app now."""

    KEEP = "keep"  # so many instances, of whatever config
    ROLL = "roll"  # so many, all of one config
    HOLD = "hold"  # paused: what is there stays, and only so many are started that the floor holds
    STOP = "stop"  # none


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of one app now. `target` is None where nothing of it shall start."""

    mode: Mode
    target: Target | None
    change: Change | None = None  # the one that is in force; None: none is
    since: float = 0.0  # when it came into force
    floor: int = 0  # HOLD only: how many there shall be at least
    is_rollback: bool = False


_MODES = {ActionKind.START: Mode.KEEP, ActionKind.SCALE: Mode.KEEP, ActionKind.RESTART: Mode.ROLL,
          ActionKind.STOP: Mode.STOP}


def order(app_id: str, target: Target | None, deployment: Deployment | None,
          progress: Progress | None) -> Order:
    """What is asked of an app that shall be `target` once `deployment` (None: none locks it) is
    done.
    """
    change = deployment.changes.get(app_id) if deployment is not None else None
    if deployment is None or change is None:
        return _settled(target)
    if change.step > deployment.step:
        return _settled(change.before)
    if deployment.paused and not is_through(change, deployment, progress):
        return Order(Mode.HOLD, change.before, change, deployment.step_since, floor=_floor(change))
    return Order(_MODES[change.kind], change.after, change, deployment.step_since,
                 is_rollback=deployment.rollback_of is not None)


def is_through(change: Change, deployment: Deployment, progress: Progress | None) -> bool:
    """Whether the deployment has nothing more to do for this app."""
    return change.step < deployment.step or (progress is not None and progress.done
                                             and is_of(progress, deployment))


def _settled(target: Target | None) -> Order:
    return Order(Mode.KEEP if target is not None else Mode.STOP, target)


def _floor(change: Change) -> int:
    """How many instances an app needs that stands between two definitions."""
    if change.before is None or change.after is None:
        return 0
    return min(change.before.policy.strategy.min_healthy, change.after.policy.strategy.min_healthy)
