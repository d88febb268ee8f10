"""A change of what is wanted: from the tree as it is and the tree as it shall be to a deployment
that leads there.

A change of apps that another deployment locks is refused, unless it is forced: then the other one
is cancelled, what it has started stays, and apps that go back to what they were have their former
config again.

As Marathon: core/group/GroupManager, upgrade/DeploymentManager.
"""
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from scheduler.apps.instance import KillReason
from scheduler.apps.target import Policy, Target
from scheduler.deployments import plan
from scheduler.deployments.deployment import Deployment
from scheduler.deployments.facts import AppState, Expiry
from scheduler.placement.misplaced import misplaced
from scheduler.service.board import NOBODY, Author, Board
from scheduler.tasks.timestamps import following, timestamp
from specs.marathon.app import App
from specs.marathon.group import Group


class LockedError(Exception):
    """Some of the apps are being changed by other deployments. As Marathon: 409, with their ids."""

    def __init__(self, deployment_ids: Collection[str]) -> None:
        super().__init__(
            "App is locked by one or more deployments. Override with the option '?force=true'. "
                         "View details at '/v2/deployments/<DEPLOYMENT_ID>'.")
        self.deployment_ids = tuple(deployment_ids)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change that somebody wants. `restart`: apps whose instances are replaced whatever has
    changed of them. `whole`: apps whose whole definitions were said: what is left of others, by a
    deployment that was stopped or has failed, is replaced.
    """

    root: Group
    author: Author = NOBODY
    force: bool = False
    restart: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    expiries: Mapping[str, Expiry | None] | None = None  # counts of instances that go back by themselves
    rollback_of: str | None = None
    former: Mapping[str, Target | None] = field(default_factory=dict)  # what apps were before the one taken back


@dataclass(frozen=True, slots=True)
class Planned:
    """What a change would come to; nothing has happened yet."""

    root: Group
    targets: Mapping[str, Target]
    deployment: Deployment
    cancelled: tuple[str, ...]

    @property
    def version(self) -> str:
        return self.root.version


def next_version(board: Board, now: float) -> str:
    """A timestamp above that of every version of the tree."""
    text = timestamp(now)
    newest = max(board.trees, default="")
    return text if text > newest else following(newest)


def planned(board: Board, wanted: Wanted, policy: Callable[[App], Policy], deployment_id: str,
            now: float) -> Planned:
    """What the change comes to. Raises LockedError unless it is forced."""
    version = next_version(board, now)
    root = replace(_at_version(wanted.root, board.root, version), version=version)
    before = board.targets()
    apps = {app.id: app for app in root.all_apps()}
    touched = {app_id for app_id, app in apps.items()
               if app_id in wanted.restart or app_id not in before or before[app_id].app != app}
    touched |= before.keys() - apps.keys()
    cancelled = plan.conflicts(board.deployments.values(), touched)
    if cancelled and not wanted.force:
        raise LockedError(cancelled)
    former = {app_id: change.before for each in cancelled
              for app_id, change in board.deployments[each].changes.items()}
    former |= wanted.former
    after = {app_id: plan.successor(app, before.get(app_id), version, policy(app),
                                    restart=app_id in wanted.restart, former=former.get(app_id))
             for app_id, app in apps.items()}
    unfinished = {**_unfinished(board, cancelled, before, after),
                  **_left_over(board, wanted.whole, before, after, policy)}
    cause = plan.Cause(deployment_id, version, now, wanted.rollback_of)
    deployment = plan.deployment(cause, {**before, **unfinished}, after, dependencies(root))
    deployment = replace(deployment, original=board.root.version)
    return Planned(root, after, deployment, cancelled)


def apply(board: Board, change: Planned, wanted: Wanted, now: float) -> None:
    """Make it so: what the planned change says is what is wanted from now on."""
    for deployment_id in change.cancelled:
        board.drop_deployment(deployment_id)
    before = dict(board.states)
    for app_id, target in change.targets.items():
        if app_id in before:
            _move(board, before[app_id].target, target)
    board.put_tree(change.root, change.targets, wanted.author, now)
    for app_id, target in change.targets.items():
        state = before.get(app_id)
        expiry = (wanted.expiries or {}).get(app_id, _expiry(state, target))
        if state is None:
            board.put_state(AppState(app_id, target, expiry=expiry))
        elif state.target != target or state.expiry != expiry:
            restarted = state.target is not None and state.target.config != target.config
            board.put_state(replace(state, target=target, delays={} if restarted else state.delays,
                                    expiry=expiry))
    for app_id, state in before.items():
        if app_id not in change.targets and state.target is not None:
            board.put_state(replace(state, target=None, expiry=None))
    if change.deployment.steps:
        board.put_deployment(change.deployment)


def _expiry(state: AppState | None, target: Target) -> Expiry | None:
    """A count that holds for a while does so until somebody gives the app another one."""
    if state is None or state.target is None:
        return None
    return state.expiry if state.target.app.instances == target.app.instances else None


def _move(board: Board, before: Target | None, after: Target) -> None:
    """Where nothing but constraints has changed, instances retire that they do not allow any more.
    """
    if before is None or before.config != after.config or before.app.constraints == after.app.constraints:
        return
    standing = {each.id: each.location for each in board.instances_of(after.app.id).values()
                if each.location is not None and each.config == after.config
                and each.sentence is None and each.condition.is_active
                and not each.condition.is_lost}
    gone = misplaced(after.app.constraints, standing.items())
    for instance in list(board.instances_of(after.app.id).values()):
        if instance.id in gone and instance.retiring is None:
            board.put_instance(replace(instance, retiring=KillReason.MISPLACED))
        elif instance.id not in gone and instance.retiring is KillReason.MISPLACED:
            board.put_instance(replace(instance, retiring=None))


def dependencies(root: Group) -> dict[str, frozenset[str]]:
    """Of each app: the apps that it needs, its own dependencies and those of the groups around it.
    No group depends on what is inside it."""
    apps = {app.id for app in root.all_apps()}
    found: dict[str, set[str]] = {app_id: set() for app_id in apps}

    def inside(path: str) -> set[str]:
        return {path} if path in apps else {app_id for app_id in apps
                                            if app_id.startswith(path.rstrip("/") + "/")}

    def visit(group: Group, needed: frozenset[str]) -> None:
        needed = needed.union(*(inside(each) for each in group.dependencies))
        for app in group.apps.values():
            found[app.id] |= needed.union(*(inside(each) for each in app.dependencies)) - {app.id}
        for each in group.groups.values():
            visit(each, needed)

    visit(root, frozenset())
    return {app_id: frozenset(needed) for app_id, needed in found.items()}


def _unfinished(board: Board, cancelled: Collection[str], before: Mapping[str, Target],
                after: Mapping[str, Target]) -> dict[str, Target]:
    """What apps were of which a cancelled deployment has left instances that do not belong: it was
    about to remove the app, or to replace them, and what they were to be they shall be still.
    """
    found: dict[str, Target] = {}
    for deployment_id in cancelled:
        for app_id, change in board.deployments[deployment_id].changes.items():
            if change.before is None:
                continue
            configs = {each.config for each in board.instances_of(app_id).values()}
            if app_id not in before:
                found |= {app_id: change.before} if configs else {}
            elif app_id in after and after[app_id].config == before[app_id].config in configs:
                found |= {app_id: change.before} if change.before.config in configs else {}
    return found


def _left_over(board: Board, whole: frozenset[str], before: Mapping[str, Target],
               after: Mapping[str, Target], policy: Callable[[App], Policy]) -> dict[str, Target]:
    """What apps were that stay as they are, and of which no deployment replaces the instances that
    are not like that.
    """
    found: dict[str, Target] = {}
    for app_id in whole & before.keys() - board.locks.keys():
        config = before[app_id].config
        older = {each.config for each in board.instances_of(app_id).values()
                 if each.sentence is None and not each.condition.is_lost} - {config}
        if not older or after[app_id].config != config:
            continue
        old = max(older)
        definition = board.definitions.get(app_id, {}).get(old)
        app = before[app_id].app if definition is None else definition.app
        found[app_id] = replace(before[app_id], app=app, config=old, policy=policy(app))
    return found


def _at_version(group: Group, before: Group | None, version: str) -> Group:
    """Groups in which something has changed get the version, and so do those around them."""
    known = before.groups if before is not None else {}
    groups = {each.id: _at_version(each, known.get(each.id), version)
              for each in group.groups.values()}
    new = replace(group, groups=groups)
    if before is not None and new == replace(before,
                                             groups=groups) and groups == dict(before.groups):
        return before
    return replace(new, version=version)
