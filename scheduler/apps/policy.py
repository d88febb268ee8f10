"""What an app's definition decides about its instances, out of Marathon's fields and the labels
that go beyond them.
"""
from __future__ import annotations

from scheduler.apps.target import Policy, Restart, Rollout, Strategy
from scheduler.tasks.backoff import Backoff
from scheduler.tasks.states import Patience
from specs.marathon.app import App, KillSelection
from specs.marathon.beyond import beyond


def policy(app: App) -> Policy:
    """Of an app whose labels are as they may be (`beyond` has read them when it was defined)."""
    more = beyond(app)
    upgrade, lost = app.upgrade_strategy, app.unreachable_strategy
    return Policy(
        Strategy(app.instances, upgrade.minimum_health_capacity, upgrade.maximum_over_capacity,
                 app.is_resident),
        oldest_first=app.kill_selection is KillSelection.OLDEST_FIRST,
        unreachable=None if lost is None
        else Patience(lost.inactive_after_seconds, lost.expunge_after_seconds),
        backoff=Backoff(app.backoff_seconds, app.backoff_factor, app.max_launch_delay_seconds),
        restart=Restart(more.restart_policy),
        rollout=Rollout(more.canary, more.promote_after, more.batch, more.failure_limit,
                        more.progress_deadline, more.auto_rollback),
        drain=more.drain, has_health_check=bool(app.health_checks),
        has_readiness_check=bool(app.readiness_checks), role=app.role)
