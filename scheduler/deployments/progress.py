"""How far an app is with its part of a deployment: what it may do yet, whether it is done, whether
it has failed.

Marathon's deployments only ever go on. Beyond it, where an app asks for it: the first new instances
are canaries, and the others wait until they are promoted; new ones come in batches; after too many
failures, or too long without any progress, the deployment has failed. Progress is more new
instances that serve than ever before, or fewer old ones.

Where all new instances are canaries, the old ones stay beside them as far as there is room, and the
deployment waits for the promotion all the same.

What nobody sees says nothing: while there is no master, this process is down, or the deployment is
paused, canaries may die and come back, or a launch has nowhere to go. So after that canaries serve
their whole time anew, and a deadline begins again.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from scheduler.apps.target import Policy
from scheduler.deployments.deployment import ActionKind, Change, Deployment, Progress, is_of
from scheduler.deployments.orders import Mode, Order
from scheduler.deployments.rolling import Crew, does_its_part, is_awaited
from scheduler.deployments.upgrade import beside
from scheduler.deployments.upkeep import is_complete


@dataclass(frozen=True, slots=True)
class Scene:
    """An app within its deployment, as it is now."""

    order: Order
    policy: Policy
    crew: Crew
    deployment: Deployment
    heard_since: float | None  # as of `Facts`

    @property
    def watched_since(self) -> float | None:
        """Since when what happens has been seen, and acted upon, without a break; None: it is not."""
        return None if self.heard_since is None else max(self.heard_since, self.deployment.resumed_at)

    @property
    def is_judged(self) -> bool:
        """Whether it can fail: a deployment that takes another one back goes on, come what may."""
        return not self.order.is_rollback

    @property
    def canaries(self) -> int:
        """How many of the new instances are canaries; 0 where none replaces another one."""
        change = self.order.change
        if change is None or not has_canaries(change, is_rollback=self.order.is_rollback):
            return 0
        return min(self.policy.rollout.canaries, self.policy.strategy.instances)


def begun(progress: Progress | None, deployment: Deployment, now: float) -> Progress:
    """The progress in the current step, which may have only just begun."""
    if progress is not None and is_of(progress, deployment):
        return progress
    return Progress(deployment.id, deployment.step, moved_at=now)


def watched(progress: Progress, scene: Scene, failures: int, now: float) -> Progress:
    """The progress as it is now, after `failures` more of new instances."""
    served = scene.crew.served(scene.policy)
    left = len(scene.crew.outdated) + len(scene.crew.leaving)
    if served > progress.served or progress.left is None or left < progress.left:
        progress = replace(progress, served=max(served, progress.served), moved_at=now,
                           left=left if progress.left is None else min(left, progress.left))
    if failures:
        progress = replace(progress, failures=progress.failures + failures)
    return _canaries(progress, scene, served, now)


def limit(progress: Progress, scene: Scene) -> int:
    """How many current instances there may be yet."""
    instances, rollout = scene.policy.strategy.instances, scene.policy.rollout
    if scene.order.mode is not Mode.ROLL or scene.order.is_rollback:
        return instances
    most = instances
    if scene.canaries and not progress.promoted:
        most = min(most, scene.canaries)
    if rollout.batch:
        served = scene.crew.served(scene.policy)
        most = min(most, rollout.batch * (1 + served // rollout.batch))
    return most


def kept(progress: Progress, scene: Scene) -> int:
    """How many outdated instances stay for now: as many as may not be replaced yet."""
    strategy = scene.policy.strategy
    if scene.canaries == strategy.instances and scene.canaries and not progress.promoted:
        return min(strategy.instances, beside(strategy))
    return max(0, strategy.instances - limit(progress, scene))


def has_canaries(change: Change, *, is_rollback: bool) -> bool:
    """Whether the first instances of a change are canaries: where new ones replace others."""
    return (not is_rollback and change.kind is ActionKind.RESTART
            and change.before is not None and change.after is not None
            and change.before.config != change.after.config
            and min(change.after.policy.rollout.canaries, change.after.app.instances) > 0)


def judged(progress: Progress, scene: Scene, now: float) -> Progress:
    """The progress with the word on whether the action is done, or has failed."""
    if is_done(scene) and (progress.promoted or not scene.canaries):
        return replace(progress, done=True)
    return replace(progress, failed=failure(progress, scene, now))


def is_done(scene: Scene) -> bool:
    """Whether the app has come to what its action is for.

    A restart is done when every instance is of the one config and serves; scaling, when what it
    started serves (one that was there before and is ill is not its business); a stop, when nothing
    is left.
    """
    crew = scene.crew
    if crew.outdated or crew.leaving or crew.idle:
        return False
    if scene.order.mode is Mode.STOP:
        return not crew.current
    if len(crew.current) != scene.policy.strategy.instances:
        return False
    return all(does_its_part(instance, scene.policy) for instance in crew.current
               if is_awaited(instance, scene.order, scene.policy))


def failure(progress: Progress, scene: Scene, now: float) -> str | None:
    """Why the action has failed, for people; None: it has not."""
    if not scene.is_judged:
        return None
    rollout = scene.policy.rollout
    for instance in scene.crew.current:
        if (is_complete(instance, scene.policy) and not does_its_part(instance, scene.policy)
                and is_awaited(instance, scene.order, scene.policy)):
            ended = f"with exit code {instance.exit_code}" if instance.exit_code is not None else "badly"
            return f"{instance.id} ended {ended} and is not to be started again"
    if rollout.failure_limit is not None and progress.failures > rollout.failure_limit:
        return f"{progress.failures} failures of new instances, and {rollout.failure_limit} are allowed"
    ends_at = deadline(progress, scene)
    if ends_at is not None and now >= ends_at:
        return f"no progress for {rollout.deadline:g} seconds"
    return None


def due(progress: Progress, scene: Scene) -> Iterator[float]:
    """When to look again, if nothing happens before."""
    for at in (deadline(progress, scene), promotion(progress, scene)):
        if at is not None:
            yield at


def deadline(progress: Progress, scene: Scene) -> float | None:
    """When the action has failed if there is no progress until then."""
    allowed, watched_since = scene.policy.rollout.deadline, scene.watched_since
    if not scene.is_judged or allowed is None or watched_since is None or waits_for_promotion(progress):
        return None
    return max(progress.moved_at, watched_since) + allowed


def promotion(progress: Progress, scene: Scene) -> float | None:
    """When the canaries will have served long enough."""
    after, watched_since = scene.policy.rollout.promote_after, scene.watched_since
    if progress.promoted or after is None or watched_since is None or progress.canaries_since is None:
        return None
    return max(progress.canaries_since, watched_since) + after


def _canaries(progress: Progress, scene: Scene, served: int, now: float) -> Progress:
    if progress.promoted or not scene.canaries:
        return progress
    if served < scene.canaries:
        if progress.canaries_since is None:
            return progress
        waited = now - progress.canaries_since  # which counts for no deadline
        return replace(progress, canaries_since=None, moved_at=progress.moved_at + waited)
    if progress.canaries_since is None:
        progress = replace(progress, canaries_since=now)
    promoted_at = promotion(progress, scene)
    if promoted_at is None or now < promoted_at:
        return progress
    return replace(progress, promoted=True, moved_at=now)


def waits_for_promotion(progress: Progress) -> bool:
    """Whether canaries serve, and wait to be promoted."""
    return progress.canaries_since is not None and not progress.promoted
