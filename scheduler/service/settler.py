"""What follows from what happened: asks the controller of every app that was touched until nothing
more follows.

The controller decides, purely (scheduler/deployments/controller.py says how it is used); here its
answers are written to the board, and what is to be done outside is collected: tasks to end, timers.
A deployment that moves on, fails or is rolled back is dealt with in the same turn.
"""
from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice

from scheduler.apps.ids import instance_id
from scheduler.apps.instance import Instance
from scheduler.apps.target import Policy
from scheduler.deployments import controller, plan
from scheduler.deployments.deployment import Deployment
from scheduler.deployments.facts import Changes, Ending, Facts
from scheduler.deployments.upkeep import PATIENT, Timeouts
from scheduler.placement.balance import chosen_to_end
from scheduler.service import tree
from scheduler.service.board import Author, Board
from scheduler.service.changes import Planned, Wanted, apply, planned
from scheduler.service.news.events import EventLog
from scheduler.service.news.history import History
from scheduler.service.news.told import (
    deployment_event,
    ending_event,
    instance_event,
    is_leaving,
    leaving_event,
)
from scheduler.service.replacements import Replacements
from scheduler.service.turn.faults import Doing, Faults
from specs.marathon.app import App

log = logging.getLogger(__name__)

MOST_PER_TURN = 500  # instances, or a few more, that decisions change in one turn; the rest follows in the next
ROUNDS = 1000  # of one turn; more means that two decisions undo each other


@dataclass(frozen=True, slots=True)
class Ids:
    """Where new ids come from."""

    instance: Callable[[], str]  # a uuid
    deployment: Callable[[], str]


class Settler:
    """The loop's alone."""

    def __init__(self, board: Board, history: History, events: EventLog,  # noqa: PLR0913 - put together once
                 replacements: Replacements, faults: Faults, *,
                 policy: Callable[[App], Policy], ids: Ids, timeouts: Timeouts = PATIENT) -> None:
        self._board = board
        self._history = history
        self._events = events
        self._policy = policy
        self._ids = ids
        self._timeouts = timeouts
        self._dirty: dict[str, None] = {}
        self._changed = 0  # instances, in this turn
        self._moved: dict[str, None] = {}  # deployments that may go on
        self._wakes: list[tuple[float, str]] = []  # heap
        self._wake_of: dict[str, float] = {}
        self._faults = faults
        self.replacements = replacements
        self._heard_since: float | None = None
        self.kills: list[Instance] = []  # whose tasks are to be asked to end; emptied by whoever does it

    def touch(self, app_id: str) -> None:
        """Something of this app may have changed."""
        self._dirty[app_id] = None

    def touch_all(self) -> None:
        """After a start, or when anything may have been missed."""
        self._dirty.update(dict.fromkeys((*self._board.states, *self._board.instances)))
        self._moved.update(dict.fromkeys(self._board.deployments))

    def hears(self, since: float | None) -> None:
        """Since when a master tells what becomes of tasks (seconds since 1970); None: there is none."""
        self._heard_since = since
        for deployment in self._board.deployments.values():
            self._dirty.update(dict.fromkeys(deployment.changes))

    def next_wake(self, now: float) -> float | None:
        """When something is due, if nothing happens before; seconds since 1970."""
        while self._wakes and self._wake_of.get(self._wakes[0][1]) != self._wakes[0][0]:
            heapq.heappop(self._wakes)
        due = [self.replacements.next_due(now), self._wakes[0][0] if self._wakes else None]
        return min((at for at in due if at is not None), default=None)

    def lift_losses(self) -> None:
        """What was lost in a mass is replaced at once."""
        if self.replacements.losses.is_slowed:
            self.replacements.lift()
            self._events.emit("mesos_docker_mass_loss_lifted", {})

    def change(self, wanted: Wanted, now: float) -> Planned:
        """Make a change of the tree what is wanted. Raises LockedError."""
        board = self._board
        planned_change = planned(board, wanted, self._policy, self._ids.deployment(), now)
        for deployment_id in planned_change.cancelled:
            self._ended(board.deployments[deployment_id], Ending("it was replaced by another one"))
        touched = {*planned_change.deployment.changes, *(wanted.expiries or {})}
        touched.update(*(board.deployments[each].changes for each in planned_change.cancelled))
        apply(board, planned_change, wanted, now)
        self._events.emit("group_change_success",
                          {"groupId": planned_change.root.id, "version": planned_change.version})
        self._events.emit(*deployment_event("deployment_info", planned_change.deployment, 0))
        if not planned_change.deployment.steps:
            self._events.emit(*ending_event(planned_change.deployment, Ending()))
        for app_id in touched:
            self._faults.forget(app_id)
            self.touch(app_id)
        self._moved[planned_change.deployment.id] = None
        return planned_change

    def settle(self, now: float) -> bool:
        """Decide until nothing more follows; whether that is so. Of very much a part is decided in each turn, so that
        it is stored, told and launched while the rest is decided, and never all in memory at once.
        """
        self._changed = 0
        while self._wakes and self._wakes[0][0] <= now:
            at, app_id = heapq.heappop(self._wakes)
            if self._wake_of.get(app_id) == at:
                del self._wake_of[app_id]
                self.touch(app_id)
                self._resume(app_id)
        self._look_at_losses(now)
        for _ in range(ROUNDS):
            if not self._dirty and not self._moved:
                return True
            dirty, self._dirty = self._dirty, {}
            for number, app_id in enumerate(dirty):
                if self._changed >= MOST_PER_TURN:
                    self._dirty = dict.fromkeys((*islice(dirty, number, None), *self._dirty))
                    return False
                self._decide(app_id, lambda app_id=app_id: self._look(app_id, now), now)  # type: ignore[misc]
            moved, self._moved = self._moved, {}
            for deployment_id in moved:
                if (deployment := self._board.deployments.get(deployment_id)) is not None:
                    self._decide(next(iter(deployment.changes), ""),
                                 lambda each=deployment: self._advance(each, now), now)  # type: ignore[misc]
        log.error("Decisions about these apps do not come to an end: %s", ", ".join(self._dirty))
        return True

    def rolled_back(self, deployment: Deployment, author: Author, now: float) -> Planned:
        """The apps of a deployment become again what they were before it; always forced."""
        root = self._board.root
        for app_id, target in plan.taken_back(deployment, root.version).items():
            root = tree.without_app(root, app_id) if target is None else tree.with_apps(root,
                                                                                        [target.app])
        former = {app_id: change.before for app_id, change in deployment.changes.items()}
        wanted = Wanted(root, author, force=True, rollback_of=deployment.id, former=former)
        return self.change(wanted, now)

    def _look_at_losses(self, now: float) -> None:
        if self.replacements.has_news:
            self._count(sum(each.location is not None for each in self._board.all_instances()), now)
        for app_id in self.replacements.due(now):
            self.touch(app_id)

    def _count(self, instances: int, now: float) -> None:
        if self.replacements.count(instances, now):
            lost = sum(count for _, count in self.replacements.losses.recent)
            log.warning(
                "%d of %d instances are out of reach: they are replaced one after the other, until "
                "somebody says mesos-docker resume --losses", lost, instances)
            self._events.emit("mesos_docker_mass_loss", {"lost": lost, "instances": instances})

    def _decide(self, app_id: str, decide: Callable[[], None], now: float) -> None:
        """A fault of ours keeps the app waiting for a while."""
        if not self._faults.holds(app_id, Doing.DECIDING, now):
            with self._faults.contained(app_id, Doing.DECIDING):
                decide()
        if (again := self._faults.until(app_id, Doing.DECIDING)) is not None:
            self._wake(app_id, again)

    def _resume(self, app_id: str) -> None:
        """What a fault may have kept of its deployment is looked at again, too."""
        if self._faults.until(app_id, Doing.DECIDING) is not None and app_id in self._board.locks:
            self._moved[self._board.locks[app_id]] = None

    def _look(self, app_id: str, now: float) -> None:
        """What follows for an app; its deployment may be able to move on then."""
        board = self._board
        state = board.states.get(app_id)
        if state is None:
            return
        deployment = board.deployment_of(app_id)
        instances = list(board.instances_of(app_id).values())
        facts = Facts(state, instances, deployment, self.replacements.permits(now),
                      self._chooser(app_id), self._heard_since)
        decision = controller.decide(facts, now, self._new_id, self._timeouts)
        self.replacements.decided(app_id, decision)
        self._keep(app_id, decision.changes)
        for ended in decision.ended:
            self._history.add(ended, now)
        self.kills += decision.kills
        self._wake(app_id, decision.wake_at)
        if decision.scale_back is not None:
            self._scale_back(app_id, decision.scale_back, now)
        if decision.gone:
            board.drop_state(app_id)
            self._history.forget(app_id)
            self._events.emit("app_terminated_event", {"appId": app_id}, app_id)
        if decision.moved and deployment is not None:
            self._moved[deployment.id] = None

    def _keep(self, app_id: str, changes: Changes) -> None:
        """What a decision changes is so from now on, and told."""
        board = self._board
        if changes.state is not None:
            board.put_state(changes.state)
        before = board.instances_of(app_id)
        self._changed += len(changes.instances)
        for instance in changes.instances:
            old = before.get(instance.id)
            board.put_instance(instance)
            if old is None or old.condition is not instance.condition:
                self._events.emit(*instance_event(instance))
            elif is_leaving(old, instance):
                self._events.emit(*leaving_event(instance))
        for forgotten in changes.forgotten:
            board.drop_instance(app_id, forgotten)

    def _advance(self, deployment: Deployment, now: float) -> None:
        board = self._board
        advanced = controller.advance(deployment, board.states, now)
        for kind, step in advanced.events:
            if kind not in ("deployment_success", "deployment_failed"):
                self._events.emit(*deployment_event(kind, deployment, step))
        if advanced.ending is None:
            if advanced.deployment != deployment:
                board.put_deployment(advanced.deployment)
        else:
            board.drop_deployment(deployment.id)
            self._ended(deployment, advanced.ending)
            if advanced.ending.rolls_back and deployment.rollback_of is None:
                self.rolled_back(deployment, Author("mesos-docker", "",
                                                    advanced.ending.reason or ""), now)
        for app_id in advanced.look_at:
            self.touch(app_id)

    def _ended(self, deployment: Deployment, ending: Ending) -> None:
        if ending.reason is not None:
            log.warning("Deployment %s ended: %s", deployment.id, ending.reason,
                        extra={"deployment": deployment.id})
        self._events.emit(*ending_event(deployment, ending))

    def _scale_back(self, app_id: str, instances: int, now: float) -> None:
        state = self._board.states[app_id]
        self._board.put_state(replace(state, expiry=None))
        app = tree.find_app(self._board.root, app_id)
        if app is None or app.instances == instances:
            return
        root = tree.with_apps(self._board.root, [replace(app, instances=instances)])
        self.change(Wanted(root, Author("mesos-docker", "", "the time of a scaling is over"),
                           force=True), now)

    def _chooser(self, app_id: str) -> Callable[[Iterable[Instance], int], list[str]] | None:
        state = self._board.states[app_id]
        constraints = state.target.app.constraints if state.target is not None else ()
        if not any(each.operator == "GROUP_BY" for each in constraints):
            return None
        return lambda instances, count: chosen_to_end(
            constraints, [(each.id, each.location) for each in instances], count)

    def _new_id(self, app_id: str) -> str:
        return instance_id(app_id, self._ids.instance())

    def _wake(self, app_id: str, at: float | None) -> None:
        if at is None:
            self._wake_of.pop(app_id, None)
        elif self._wake_of.get(app_id) != at:
            self._wake_of[app_id] = at
            heapq.heappush(self._wakes, (at, app_id))
