"""From instances that wait to tasks that are launched: demands for `spread`, and the TaskInfo once
a place is found.

Instances of one app at one version are alike, so they are one demand; apps take turns (`spread`),
so none starves another. What waits for its back-off is not asked for.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from scheduler.apps.demands import demand, program_overhead, standing
from scheduler.apps.ids import task_id
from scheduler.apps.instance import Instance
from scheduler.apps.ports import task_ports
from scheduler.apps.taskinfo import LaunchPlace, Recipe, RunBy, Settings, run_by
from scheduler.apps.transitions import launched
from scheduler.deployments.controller import after_launch, may_launch
from scheduler.deployments.deployment import Change
from scheduler.placement.hostports import Below
from scheduler.placement.location import Location
from scheduler.placement.matching import Launch, Match, Misfit, Overhead, Placement
from scheduler.placement.spread import MOST_TOLD, Demand, SpreadPolicy, spread
from scheduler.service.board import Board
from scheduler.service.offered import OffersLooked, Trial, missing, renewed
from scheduler.service.turn.faults import Doing, Faults
from scheduler.service.turn.patience import OfferPatience
from scheduler.service.turn.sound import SoundMatches
from scheduler.tasks.launching import CustomExecutor
from specs.marathon.app import App
from specs.messages.offer import Offer
from specs.messages.task import ExecutorInfo, TaskInfo

PER_APP: Final = 200  # instances of one version that are asked for at a time
PER_MATCH: Final = 4000  # of all apps, or one of each: what is matched waits in memory until it is launched
MOST_STARTING: Final = 25  # tasks that an agent is starting at a time, and so pulling for
MOST_PER_OFFER: Final = 25  # launches where so many wait that Marathon's bound would take rounds and rounds of offers


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A task that was asked for in the last match."""

    instance: Instance
    app: App


class Launches:
    """The loop's alone. `executor` None: the agents run Docker tasks with their own."""

    def __init__(self, executor: CustomExecutor | None, below: Below, policy: SpreadPolicy = SpreadPolicy()) -> None:  # noqa: B008 - frozen
        self._executor = executor
        self._settings = Settings(custom_executor=executor is not None)
        self._below = below
        self._policy = policy
        self._sound = SoundMatches()
        self.patience = OfferPatience()
        self._first = 0  # of the apps that wait: the one that is looked at first in the next match
        self.offered: Mapping[str, OffersLooked] = {}  # by agent; replaced, not changed
        self._asked: dict[str, _Wanted] = {}  # by task id
        self._recipes: dict[tuple[str, str], Recipe] = {}  # of apps of the last match, by version

    def wanted(self, board: Board, now: float, faults: Faults) -> bool:
        """Whether some instance may be placed now."""
        if not board.scheduled:
            self._recipes.clear()  # nobody needs them for now
        return any(may_launch(board.states[app_id], instance, now)
                   for app_id, waiting in board.scheduled.items()
                   if app_id in board.states and not _is_held(app_id, faults, now)
                   for instance in waiting.values())

    def match(self, board: Board, offers: Sequence[Offer], now: float, faults: Faults) -> Match:
        """Places for those that may be placed."""
        self._asked.clear()
        self._recipes.clear()
        demands: list[Demand] = []
        resting: dict[str, tuple[Misfit, ...]] = {}  # apps that fit nowhere, and are not looked at now
        apps = list(board.scheduled)
        most = min(PER_APP, max(1, PER_MATCH // max(1, len(apps))))
        first, self._first = self._first % max(1, len(apps)), self._first + MOST_TOLD
        for app_id in (*apps[first:], *apps[:first]):  # others come first each time, and are told why they wait
            if self.patience.waits(app_id, _newest(board, app_id), now):
                resting[app_id] = ()
            elif not _is_held(app_id, faults, now):
                try:
                    demands += self._demands(board, app_id, now, most)
                except Exception as error:  # noqa: BLE001 - one app's: the others go on
                    faults.note(app_id, Doing.PLACING, error)
        if any(each.agent_id not in self.offered for each in offers):
            self.patience.hope()
        share = -(-len(self._asked) // max(1, len({each.agent_id for each in offers})))
        policy = self._policy_with(board, share)
        found = self._sound.match(offers, demands, faults, lambda some, those: spread(
            some, those, policy, now=now, below=self._below))
        self._note(board, offers, found, now)
        return replace(found, misfits={**resting, **found.misfits})

    def trial(self, board: Board, changes: Mapping[str, Change], now: float) -> dict[str, Trial]:
        """Where the new instances of these changes would go by what was offered last; by app."""
        asked = {}
        for app_id, change in changes.items():
            there = [each for each in board.instances_of(app_id).values() if each.sentence is None]
            if change.after is not None and (count := missing(change, there)):
                names = tuple(f"{app_id} {number}" for number in range(min(count, PER_APP)))
                asked[app_id] = self._demand(board, change.after.app, names, change.after.config)
        policy = replace(self._policy_with(board, 0), most_per_offer=PER_APP * len(asked),
                         most_starting=None)
        offers = [left for each in self.offered.values() for left in each.left()]
        match = self._sound.match(offers, tuple(asked.values()), Faults(lambda: now), lambda some,
                                  those: spread(
            some, those, policy, now=now, below=self._below))
        hosts = {placement.task_id: launch.hostname for launch in match.launches
                 for placement in launch.placements}
        return {app_id: Trial(tuple(hosts.get(name) for name in each.task_ids),
                              match.misfits.get(app_id, ()))
                for app_id, each in asked.items()}

    def _note(self, board: Board, offers: Sequence[Offer], found: Match, now: float) -> None:
        placed = {self.app_of(each.task_id) for launch in found.launches
                  for each in launch.placements}
        self.patience.found(placed, [(app_id, _newest(board, app_id)) for app_id in found.hopeless
                                     if app_id not in placed], now)
        self.offered = renewed(self.offered, offers, found, now)

    def app_of(self, task: str) -> str:
        """The app of a task of the last match."""
        return self._asked[task].app.id

    def still_waits(self, board: Board, task: str) -> bool:
        """Whether the instance of a task of the last match is as it was then."""
        instance = self._asked[task].instance
        return board.scheduled.get(instance.app_id, {}).get(instance.id) is instance

    def executor(self, task: str) -> CustomExecutor | None:
        """Our executor, if the task's app is one of Docker's."""
        return self._executor_of(self._asked[task].app)

    def launched(self, board: Board, launch: Launch, placement: Placement,
                 executor: ExecutorInfo | None, now: float) -> tuple[Instance, TaskInfo]:
        """The instance as it is from now on, and the TaskInfo that is launched; it is asked for no more."""
        wanted = self._asked.pop(placement.task_id)
        ports, version = placement.taken.ports, wanted.instance.version
        recipe = self._recipes.get((wanted.app.id, version))
        if recipe is None:
            recipe = self._recipes[wanted.app.id, version] = Recipe(wanted.app, version, self._settings)
        info = recipe.task(placement.task_id, LaunchPlace(
            launch.hostname, task_ports(wanted.app, ports, self._below), launch.agent_id,
            placement.taken.resources, executor, placement.executor or ())).info
        state = board.states[wanted.app.id]
        if state.target is not None:
            after = after_launch(state, wanted.instance, state.target.policy.backoff, now)
            if after is not state:
                board.put_state(after)
        location = launch.location or Location(launch.agent_id, launch.hostname)
        return launched(wanted.instance, location,
                        tuple(port for port in ports if port is not None), now), info

    def ready_codes(self, board: Board, instance: Instance) -> Sequence[int]:
        """The answers of the readiness check that mean that the instance is ready."""
        app = board.app_of(instance)
        return app.readiness_checks[
            0].http_status_codes_for_ready if app and app.readiness_checks else ()

    def _demands(self, board: Board, app_id: str, now: float, most: int) -> list[Demand]:
        state = board.states.get(app_id)
        waiting = [each for each in board.scheduled.get(app_id, {}).values()
                   if state is not None and may_launch(state, each, now)]
        found = []
        for version in dict.fromkeys(each.version for each in waiting):
            instances = [each for each in waiting if each.version == version][:most]
            app = board.app_of(instances[0])
            if app is None:
                continue
            tasks = {task_id(each.id, each.incarnation + 1): each for each in instances}
            self._asked.update((name, _Wanted(each, app)) for name, each in tasks.items())
            found.append(self._demand(board, app, tuple(tasks), instances[0].config))
        return found

    def _demand(self, board: Board, app: App, tasks: tuple[str, ...], config: str) -> Demand:
        placed = standing(board.instances_of(app.id).values(), config)
        executor = self._executor_of(app)
        overhead = None if executor is None else Overhead(executor.executor_id, executor.scalars)
        if run_by(app, self._settings) is RunBy.APP:
            overhead = program_overhead(app)
        return demand(app, tasks, placed, overhead)

    def _executor_of(self, app: App) -> CustomExecutor | None:
        return self._executor if run_by(app, self._settings) is RunBy.OURS else None

    def _policy_with(self, board: Board, share: int) -> SpreadPolicy:
        """What our tasks use by now, so that the least loaded agents come first; and as many
        launches of an offer as its even `share` of what waits, within bounds.
        """
        most = max(self._policy.most_per_offer, min(MOST_PER_OFFER, share))
        return replace(self._policy, most_per_offer=most, used=board.loads.used,
                       most_starting=MOST_STARTING, starting=board.loads.starting)


def _newest(board: Board, app_id: str) -> str:
    """The version that the app shall be at."""
    state = board.states.get(app_id)
    return "" if state is None or state.target is None else state.target.version


def _is_held(app_id: str, faults: Faults, now: float) -> bool:
    return faults.holds(app_id, Doing.PLACING, now) or faults.holds(app_id, Doing.LAUNCHING, now)
