"""From two trees of apps to the steps that lead from one to the other.

First all that is gone is stopped, then what is new is "started" (with no instances: a step that
clients know), then one step for each level of dependencies: an app's level is the length of its
longest path of dependencies, so that all it needs has been dealt with before. Within a step apps
change side by side. What does not change is in no step.

As Marathon: core/deployment/DeploymentPlan.scala, state/AppDefinition.scala (`isUpgrade`). Beyond
it, a change of nothing but constraints replaces only instances that they do not allow any more, and
an app gets its former config back if it becomes what it was before a deployment that is cancelled
or rolled back.
"""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from scheduler.apps.target import Policy, Target, VersionInfo
from scheduler.deployments.deployment import Action, ActionKind, Change, Deployment, DeploymentStep
from specs.marathon.app import App

Dependencies = Mapping[str, Collection[str]]  # by app: the apps it needs, each of them in the same tree


@dataclass(frozen=True, slots=True)
class Cause:
    """Which deployment it is, and when it begins (seconds since 1970)."""

    id: str
    version: str
    now: float
    rollback_of: str | None = None


def successor(app: App, before: Target | None, version: str, policy: Policy, *,
              restart: bool = False, former: Target | None = None) -> Target:
    """What an app becomes that is `app` from this version on, and was `before`.

    `former`: what it was before a deployment that is cancelled now. `restart`: its instances are
    replaced, whatever has changed.
    """
    if before is None:
        return Target(app, VersionInfo.first(version), version, policy)
    if is_same(app, before.app):
        info = before.info
        if restart:
            return Target(app, info.restarted(version), version, policy)
        return Target(app, info.scaled(version) if app.instances != before.app.instances else info,
                      before.config, policy)
    info = before.info.configured(version)
    if restart:
        return Target(app, info, version, policy)
    if former is not None and is_same(app, former.app):
        return Target(app, info, former.config, policy)
    return Target(app, info, before.config if is_only_placement(app, before.app) else version,
                  policy)


def deployment(cause: Cause, before: Mapping[str, Target], after: Mapping[str, Target],
               dependencies: Dependencies) -> Deployment:
    """The way from what apps are to what they shall be. `dependencies` are those of all apps in
    `after`.
    """
    stops = [Action(ActionKind.STOP, app_id) for app_id in before if app_id not in after]
    starts = [Action(ActionKind.START, app_id) for app_id in after if app_id not in before]
    work = ([Action(kind, app_id) for app_id in level
             if (kind := _kind(before.get(app_id), after[app_id])) is not None]
            for level in levels(dependencies, after))
    steps = tuple(DeploymentStep(tuple(actions)) for actions in (stops, starts, *work) if actions)
    changes = {action.app_id: Change(action.kind, number, before.get(action.app_id),
                                     after.get(action.app_id))
               for number, step in enumerate(steps) for action in step.actions}
    return Deployment(cause.id, cause.version, steps, changes, began=cause.now,
                      step_since=cause.now, rollback_of=cause.rollback_of)


def levels(dependencies: Dependencies, app_ids: Iterable[str]) -> list[list[str]]:
    """The apps by the length of their longest path of dependencies, those that need nothing first.
    No cycles.
    """
    depths: dict[str, int] = {}
    found: dict[int, list[str]] = {}
    for app_id in app_ids:
        found.setdefault(_depth(app_id, dependencies, depths), []).append(app_id)
    return [found[depth] for depth in sorted(found)]


def conflicts(running: Iterable[Deployment], app_ids: Collection[str]) -> tuple[str, ...]:
    """The ids of the deployments that lock one of these apps: without force they refuse, with it
    they are cancelled.
    """
    return tuple(each.id for each in running if not each.changes.keys().isdisjoint(app_ids))


def taken_back(deployment: Deployment, version: str) -> Mapping[str, Target | None]:
    """What its apps shall be again when it is rolled back; None: not be there.

    Each has the config that it had, so that instances which still run it stay.
    """
    return {app_id: change.before and replace(change.before,
                                              info=change.before.info.configured(version))
            for app_id, change in deployment.changes.items()}


def is_same(one: App, other: App) -> bool:
    """Whether two definitions of an app differ at most in how many instances they want."""
    return replace(one, instances=other.instances) == other


def is_only_placement(one: App, other: App) -> bool:
    """Whether what they run is the same, and at most the agents for it differ."""
    return is_same(replace(one, constraints=other.constraints), other)


def _kind(before: Target | None, after: Target) -> ActionKind | None:
    if before is None:
        return ActionKind.SCALE
    if before.config != after.config or not is_same(before.app, after.app):
        return ActionKind.RESTART
    return ActionKind.SCALE if before.app.instances != after.app.instances else None


def _depth(app_id: str, dependencies: Dependencies, depths: dict[str, int]) -> int:
    todo = [app_id]
    while todo:
        needed = [other for other in dependencies.get(todo[-1], ()) if other not in depths]
        if needed:
            todo += needed
        else:
            done = todo.pop()
            depths[done] = 1 + max((depths[other] for other in dependencies.get(done, ())),
                                   default=0)
    return depths[app_id]
