"""A change of apps on its way: its steps, and how far it is.

A deployment has steps, one after the other, each with actions on different apps, side by side. It
locks its apps. An app whose action is not reached yet is still what it was `before`; from then on
it is what it is `after`. What has been done in the current step stands with each app (`Progress`),
so that a deployment of a thousand apps is stored when it moves on and not whenever one of them
does.

As Marathon: core/deployment/DeploymentPlan.scala.
"""
from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace

from scheduler.apps.target import Target


class ActionKind(enum.Enum):
    """What is done to an app, by the names of Marathon's API."""

    START = "StartApplication"  # an app is new: does nothing, its SCALE comes later
    STOP = "StopApplication"
    SCALE = "ScaleApplication"
    RESTART = "RestartApplication"


@dataclass(frozen=True, slots=True)
class Action:
    """One app's part of a step."""

    kind: ActionKind
    app_id: str


@dataclass(frozen=True, slots=True)
class DeploymentStep:
    """Actions on different apps, done side by side."""

    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one app, in which step. None: the app is not there."""

    kind: ActionKind
    step: int  # counts from 0
    before: Target | None
    after: Target | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one app is with its action in the current step of its deployment. Stored with the
    app.

    `failures`: of new instances, since the action began.
    """

    deployment_id: str
    step: int
    done: bool = False
    failed: str | None = None  # why it can not be done, for people; None: it may still be
    failures: int = 0
    served: int = 0  # the most current instances that served at the same time
    left: int | None = None  # the fewest that still had to go
    moved_at: float = 0.0  # when one of these last changed, or the action began
    canaries_since: float | None = None  # since when all canaries have served
    promoted: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the action is done or has failed."""
        return self.done or self.failed is not None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A plan that is being carried out. Stored when it begins, when it moves on, when it is paused
    and resumed.

    `changes` has every app of its actions, with the step that does the work: for a new app that of
    its ScaleApplication, since its StartApplication does nothing.
    """

    id: str
    version: str
    steps: tuple[DeploymentStep, ...]
    changes: Mapping[str, Change]
    began: float
    step: int = 0  # the one that is being done, from 0; `len(steps)` when all are done
    step_since: float = 0.0
    paused: bool = False
    resumed_at: float = 0.0
    rollback_of: str | None = None  # the id of the deployment that this one takes back
    original: str = ""  # the version of the tree before; `version` is that of the tree that it leads to

    @property
    def current(self) -> DeploymentStep | None:
        """The step that is being done; None when all are."""
        return self.steps[self.step] if self.step < len(self.steps) else None


def is_of(progress: Progress, deployment: Deployment) -> bool:
    """Whether this progress is that of the deployment's current step."""
    return progress.deployment_id == deployment.id and progress.step == deployment.step


def paused(deployment: Deployment) -> Deployment:
    """Nothing more is ended for it, and nothing started but what the floor needs, until it is
    resumed.
    """
    return replace(deployment, paused=True)


def resumed(deployment: Deployment, now: float) -> Deployment:
    """It goes on. The time for which it was paused does not count for deadlines."""
    return replace(deployment, paused=False, resumed_at=now)
