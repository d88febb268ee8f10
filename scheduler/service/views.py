"""What others see: frozen values, replaced as a whole at the end of a turn, so that no reader holds
up the loop.

A view shares everything with the one before that has not changed; making one costs time in
proportion to the apps that changed, not to those that are there.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from scheduler.apps.instance import Instance
from scheduler.apps.target import Target
from scheduler.deployments.deployment import Deployment, Progress
from scheduler.deployments.facts import Expiry
from scheduler.deployments.stuck import Ground
from scheduler.placement.location import Location
from scheduler.placement.matching import Misfit
from scheduler.placement.reasons import Attempt
from scheduler.service.board import Board, Definition
from scheduler.service.news.history import Ended, History
from scheduler.service.offered import OffersLooked
from scheduler.service.turn.faults import Fault
from scheduler.tasks.backoff import Delay
from scheduler.tasks.conditions import Condition
from scheduler.tasks.losses import Losses
from specs.marathon.group import Group

NO_ATTEMPT: Final = Attempt()
NO_GROUP: Final = Group()
NO_LOSSES: Final = Losses()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why instances of an app wait for a place. Times are seconds since 1970."""

    since: float  # the first of them
    misfits: tuple[Misfit, ...] = ()  # the agents that were looked at last
    attempt: Attempt = NO_ATTEMPT  # what has happened to offers since then


@dataclass(frozen=True, slots=True)
class AppView:
    """One app. `target` None: it was removed, and its instances are on their way out."""

    id: str
    target: Target | None
    definitions: Mapping[str, Definition]  # by version
    instances: tuple[Instance, ...]  # in the order in which they were made
    ended: tuple[Ended, ...]
    deployments: tuple[str, ...]  # ids of those that lock it
    delays: Mapping[str, Delay]  # back-off, by config
    progress: Progress | None
    waiting: Waiting | None
    expiry: Expiry | None = None  # when its count of instances goes back

    @property
    def waits(self) -> int:
        """How many instances wait for a place."""
        return sum(each.condition is Condition.SCHEDULED and each.sentence is None
                   for each in self.instances)


@dataclass(frozen=True, slots=True)
class FrameworkView:
    """Who we are for Mesos. `master`: HOST:PORT of the one that leads; None while there is none."""

    id: str | None = None
    master: str | None = None
    why_not: str | None = None  # why there is none


NO_FRAMEWORK: Final = FrameworkView()


@dataclass(frozen=True, slots=True)
class View:
    """Everything at the end of a turn. `event`: the number of the last event that it reflects."""

    event: int = 0
    root: Group = NO_GROUP
    apps: Mapping[str, AppView] = field(default_factory=dict)  # in the order of their ids
    deployments: Mapping[str, Deployment] = field(default_factory=dict)
    trees: tuple[str, ...] = ()  # versions of the tree, the newest last
    framework: FrameworkView = NO_FRAMEWORK
    losses: Losses = NO_LOSSES
    agents: Mapping[str, Location] = field(default_factory=dict)  # that have offered something, by id
    offered: Mapping[str, OffersLooked] = field(default_factory=dict)  # what agents offered last, by id
    trouble: str | None = None  # why the state cannot be written
    faults: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)  # of ours, by the app that they keep waiting


def ground(view: View, app_id: str) -> Ground:
    """What the cluster is for this app: the agents that were seen, and the ports that other apps
    have there.
    """
    agents = dict(view.agents)
    taken: dict[str, dict[int, str]] = {}
    for app in view.apps.values():
        for instance in app.instances:
            if instance.location is None or not instance.condition.is_active or (
                    instance.condition.is_lost):
                continue
            agents.setdefault(instance.location.agent_id, instance.location)
            if app.id != app_id:
                taken.setdefault(instance.location.agent_id,
                                 {}).update(dict.fromkeys(instance.host_ports, app.id))
    free = {agent_id: each.free() for agent_id, each in view.offered.items() if agent_id in agents}
    return Ground(tuple(agents.values()), taken, free)


def renewed(view: View, board: Board, history: History, waiting: Mapping[str, Waiting],
            event: int) -> View:
    """The next view. Takes `board.changed`, and empties it."""
    apps = view.apps
    if board.changed:
        apps = dict(apps)
        for app_id in board.changed:
            shown = _app(board, history, waiting, app_id)
            if shown is None:
                apps.pop(app_id, None)
            else:
                apps[app_id] = shown
        if apps.keys() - view.apps.keys():
            apps = dict(sorted(apps.items()))
        board.changed.clear()
    return replace(view, event=event, root=board.root, apps=apps,
                   deployments=dict(board.deployments), trees=tuple(sorted(board.trees)))


def _app(board: Board, history: History, waiting: Mapping[str, Waiting],
         app_id: str) -> AppView | None:
    state = board.states.get(app_id)
    if state is None:
        return None
    lock = board.locks.get(app_id)
    return AppView(
        app_id, state.target, dict(board.definitions.get(app_id, {})),
        tuple(board.instances_of(app_id).values()),
        history.of(app_id), () if lock is None else (lock,), state.delays, state.progress,
        waiting.get(app_id), state.expiry)
