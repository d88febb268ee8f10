"""What people ask of the service, each done on its loop (`Service.ask`): apps and groups,
instances, deployments.

A change of definitions is an edit of the tree (tree.py), completed and judged as a whole
(`Completion`: service ports, rules about groups), and becomes a deployment (changes.py).
"""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from scheduler.apps.ids import task_id
from scheduler.apps.instance import Instance, KillReason, sentenced
from scheduler.deployments import controller
from scheduler.deployments.deployment import Deployment, is_of, paused, resumed
from scheduler.deployments.facts import Ending, Expiry
from scheduler.deployments.progress import has_canaries, waits_for_promotion
from scheduler.deployments.upgrade import beside
from scheduler.service import tree
from scheduler.service.board import NOBODY, Author
from scheduler.service.changes import LockedError, Planned, Wanted, planned
from scheduler.service.news.told import deployment_event, ending_event
from scheduler.service.service import Service
from scheduler.tasks.conditions import Condition
from specs.marathon.app import App
from specs.marathon.group import Group

Completion = Callable[[Group, Group], Group]  # of a new tree, next to the one before; raises what refuses it
Edit = Callable[[Group], Group]


class NoSuchError(Exception):
    """There is nothing of this id. `kind`: app, group, deployment, task or version."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"there is no {kind} {name}")
        self.kind = kind
        self.name = name


class ExistsError(Exception):
    """There is one of this id already."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"there is already a {kind} {name}")
        self.kind = kind
        self.name = name


class ConflictError(Exception):
    """The app is not at the version that the caller has seen. `changed`: the fields that differ."""

    def __init__(self, current: str, changed: Collection[str]) -> None:
        super().__init__(f"the app has changed meanwhile: its version is {current}")
        self.current = current
        self.changed = tuple(changed)


class NotNowError(Exception):
    """What was asked for can not be done as things are. The text says why, for people."""


@dataclass(frozen=True, slots=True)
class By:
    """Who asks, and whether it shall be done although other deployments are on their way."""

    author: Author = NOBODY
    force: bool = False


class Operations:
    """The loop's alone."""

    def __init__(self, service: Service, complete: Completion, clock: Callable[[], float]) -> None:
        self._service = service
        self._complete = complete
        self._clock = clock

    @property
    def root(self) -> Group:
        return self._service.board.root

    # ---- definitions

    def edit(self, edit: Edit, by: By, *, restart: Iterable[str] = (), whole: Iterable[str] = (),
             expiries: dict[str, Expiry | None] | None = None) -> Planned:
        """Change the tree. Raises LockedError, and what the completion raises."""
        wanted = Wanted(self._complete(edit(self.root), self.root), by.author, by.force,
                        frozenset(restart), frozenset(whole), expiries)
        return self._service.settler.change(wanted, self._clock())

    def plan(self, edit: Edit, whole: Iterable[str] = ()) -> Planned:
        """What a change would come to; `whole` as of `put_apps`."""
        board = self._service.board
        wanted = Wanted(self._complete(edit(self.root), self.root), force=True,
                        whole=frozenset(whole))
        return planned(board, wanted, self._service.policy, "", self._clock())

    def create_app(self, app: App, by: By) -> Planned:
        """Raises ExistsError."""
        if tree.find_app(self.root, app.id) is not None:
            raise ExistsError("app", app.id)
        return self.edit(lambda root: tree.with_apps(root, [app]), by)

    def put_apps(self, apps: Sequence[App], by: By, *, whole: bool = False) -> Planned:
        """Make these what the apps of their ids are. `whole`: it was said of each what it is in all, so
        what a deployment that was stopped or has failed left of another version is replaced.
        """
        return self.edit(lambda root: tree.with_apps(root, apps), by,
                         whole=[app.id for app in apps] if whole else ())

    def remove_app(self, app_id: str, by: By) -> Planned:
        """Raises NoSuchError."""
        self.app(app_id)
        return self.edit(lambda root: tree.without_app(root, app_id), by)

    def restart_app(self, app_id: str, by: By) -> Planned:
        """Replace all instances. Raises NoSuchError."""
        self.app(app_id)
        return self.edit(lambda root: root, by, restart=[app_id])

    def scale_app(self, app_id: str, instances: int, by: By, *,
                  until: float | None = None) -> Planned:
        """So many, `until` a time (seconds since 1970), then as many as now, or as before another
        scaling for a while. Raises NoSuchError.
        """
        app, state = self.app(app_id), self._service.board.states.get(app_id)
        now = state.expiry.instances if state is not None and state.expiry else app.instances
        expiries: dict[str, Expiry | None] = {
            app_id: None if until is None else Expiry(until, now)}
        return self.edit(lambda root: tree.with_apps(root, [replace(app, instances=instances)]), by,
                         expiries=expiries)

    def app(self, app_id: str) -> App:
        """Raises NoSuchError."""
        app = tree.find_app(self.root, app_id)
        if app is None:
            raise NoSuchError("app", app_id)
        return app

    def app_at(self, app_id: str, version: str) -> App:
        """As it was. Raises NoSuchError."""
        definition = self._service.board.definitions.get(app_id, {}).get(version)
        if definition is None:
            raise NoSuchError("version", version)
        return definition.app

    # ---- instances

    def kill(self, task_ids: Iterable[str], by: By, *, scale: bool = False,
             replace_first: bool = False) -> tuple[list[Instance], Planned | None]:
        """End these tasks, and their instances with them; unknown ones are passed over. With
        `scale` there are so many fewer instances afterwards, otherwise new ones come.

        `replace_first`: another one serves before this one ends. Raises NotNowError where the upgrade
        strategy leaves no room for one more.
        """
        wanted = set(task_ids)
        found = [each for each in self._service.board.all_instances()
                 if each.condition is not Condition.SCHEDULED
                 and task_id(each.id, each.incarnation) in wanted]
        for app_id in {each.app_id for each in found} if replace_first else ():
            self._check_room(app_id)
        plan = self._scaled_down(found, by) if scale and found else None
        now = self._clock()
        for instance in found:
            if replace_first:
                self._service.change(replace(instance, retiring=KillReason.ASKED))
            else:
                self._service.change(sentenced(instance, KillReason.ASKED, now,
                                               self._drain(instance)))
        return found, plan

    def reset_delay(self, app_id: str) -> None:
        """Its next launch waits for nothing but an offer. Raises NoSuchError."""
        state = self._service.board.states.get(app_id)
        if state is None:
            raise NoSuchError("app", app_id)
        self._service.board.put_state(replace(state, delays={}))
        self._service.settler.touch(app_id)

    def lift_losses(self) -> None:
        """A mass loss is over: what is lost is replaced at once."""
        self._service.settler.lift_losses()

    # ---- deployments

    def roll_back(self, deployment_id: str, by: By) -> Planned:
        """Its apps become again what they were. Raises NoSuchError."""
        return self._service.settler.rolled_back(self.deployment(deployment_id), by.author,
                                                 self._clock())

    def stop(self, deployment_id: str) -> None:
        """It goes no further, and everything stays as it is now. Raises NoSuchError."""
        deployment = self.deployment(deployment_id)
        self._service.board.drop_deployment(deployment_id)
        self._service.events.emit(*ending_event(deployment, Ending("it was stopped")))
        for app_id in deployment.changes:
            self._service.settler.touch(app_id)

    def pause(self, deployment_id: str) -> None:
        """Raises NoSuchError."""
        self._put(paused(self.deployment(deployment_id)), "mesos_docker_deployment_paused")

    def resume(self, deployment_id: str) -> None:
        """Raises NoSuchError."""
        self._put(resumed(self.deployment(deployment_id), self._clock()),
                  "mesos_docker_deployment_resumed")

    def promote(self, app_id: str) -> None:
        """Its canaries are good. Raises NoSuchError, and NotNowError."""
        self.app(app_id)
        deployment, state = (self._service.board.deployment_of(app_id),
                             self._service.board.states[app_id])
        if deployment is None:
            raise NotNowError(f"There is nothing to promote: {app_id} is in no deployment")
        change = deployment.changes[app_id]
        if not has_canaries(change, is_rollback=deployment.rollback_of is not None):
            raise NotNowError(
                f"There is nothing to promote: {app_id} has no canaries in deployment "
                f"{deployment.id}; MESOS_DOCKER_CANARY=1 gives it one when it is upgraded next")
        if change.step > deployment.step:
            raise NotNowError(f"There is nothing to promote: deployment {deployment.id} has not come to "
                              f"{app_id} yet")
        progress = state.progress
        if progress is None or not is_of(progress, deployment) or not (
                progress.promoted or waits_for_promotion(progress)):
            raise NotNowError(f"There is nothing to promote yet: not all canaries of {app_id} serve, and "
                              f"a promotion would replace the others by what may not work")
        self._service.board.put_state(controller.promoted(state, deployment, self._clock()))
        self._service.settler.touch(app_id)

    def deployment(self, deployment_id: str) -> Deployment:
        """Raises NoSuchError."""
        deployment = self._service.board.deployments.get(deployment_id)
        if deployment is None:
            raise NoSuchError("deployment", deployment_id)
        return deployment

    # ---- inside

    def _put(self, deployment: Deployment, kind: str) -> None:
        self._service.board.put_deployment(deployment)
        self._service.events.emit(*deployment_event(kind, deployment, deployment.step))
        for app_id in deployment.changes:
            self._service.settler.touch(app_id)

    def _check_room(self, app_id: str) -> None:
        state = self._service.board.states.get(app_id)
        if state is None or state.target is None:
            return
        strategy = state.target.policy.strategy
        if not beside(strategy):
            raise NotNowError(
                f"The upgradeStrategy of {app_id} leaves no room for another one first: "
                f"maximumOverCapacity {strategy.maximum_over:g} of {strategy.instances}")

    def _scaled_down(self, instances: Sequence[Instance], by: By) -> Planned:
        fewer: dict[str, int] = {}
        for instance in instances:
            fewer[instance.app_id] = fewer.get(instance.app_id, 0) + 1
        apps = [replace(app, instances=max(0, app.instances - count)) for app_id,
                count in fewer.items()
                if (app := tree.find_app(self.root, app_id)) is not None]
        return self.edit(lambda root: tree.with_apps(root, apps), by)

    def _drain(self, instance: Instance) -> float:
        state = self._service.board.states.get(instance.app_id)
        return 0.0 if state is None or state.target is None else state.target.policy.drain


__all__ = ["By", "ConflictError", "ExistsError", "LockedError", "NoSuchError",
           "NotNowError", "Operations"]
