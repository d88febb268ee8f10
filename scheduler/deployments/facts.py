"""What the controller is asked, and what it answers: values only.

`AppState`, `Deployment` and `Instance` are all that must survive a crash. `Changes` names which of
them a decision changes: they are stored, in one transaction, before anything else that the decision
says is done.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scheduler.apps.instance import Instance
from scheduler.apps.kills import Chooser
from scheduler.apps.target import Target
from scheduler.deployments.deployment import Deployment, Progress
from scheduler.tasks.backoff import Delay


@dataclass(frozen=True, slots=True)
class Expiry:
    """A count of instances that holds until a time (seconds since 1970), and the one that comes
    back then.
    """

    at: float
    instances: int


@dataclass(frozen=True, slots=True)
class AppState:
    """What of one app must survive a crash, besides its instances.

    `target` is what the app shall be when all deployments are done: what the tree of apps says.
    None: it was removed, and is known only until its instances are gone.
    """

    app_id: str
    target: Target | None
    delays: Mapping[str, Delay] = field(default_factory=dict)  # back-off, by config
    progress: Progress | None = None  # in its deployment's step
    expiry: Expiry | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is asked about one app."""

    state: AppState
    instances: Sequence[Instance]
    deployment: Deployment | None = None  # the one that locks the app
    permits: int | None = None  # how many lost instances may be given up now; None: as many as there are
    even: Chooser | None = None  # who goes first if too many serve, by the app's constraints
    heard_since: float | None = 0.0  # since when we hear of our tasks (seconds since 1970); None: we do not


@dataclass(frozen=True, slots=True)
class Changes:
    """What to store before anything else. `state` is None if it is as it was; `instances` are new
    or changed.
    """

    state: AppState | None = None
    instances: tuple[Instance, ...] = ()
    forgotten: tuple[str, ...] = ()  # ids of instances that are gone for good

    def __bool__(self) -> bool:
        return bool(self.state or self.instances or self.forgotten)


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows for one app."""

    changes: Changes
    kills: tuple[Instance, ...] = ()  # ask their tasks to end
    ended: tuple[Instance, ...] = ()  # tasks that ended, as their instances were then: for the history
    given_up: int = 0  # so many permits were used
    held: int = 0  # so many lost instances wait for a permit
    moved: bool = False  # its part of the deployment is done, or has failed: ask `advance`
    scale_back: int | None = None  # its expiry is over: plan this count
    gone: bool = False  # nothing is left of an app that was removed: forget its state
    wake_at: float | None = None  # ask again then, if nothing happens before


@dataclass(frozen=True, slots=True)
class Ending:
    """How a deployment ended. `rolls_back`: what was before shall come back."""

    reason: str | None = None  # why it failed, for people; None: it succeeded
    rolls_back: bool = False


@dataclass(frozen=True, slots=True)
class Advance:
    """What follows for a deployment. It is stored as `deployment`, or, with an `ending`, removed
    from the running ones.

    `events` are the types of Marathon's events, each with the number of the step, from 0, that it
    tells of.
    """

    deployment: Deployment
    ending: Ending | None = None
    look_at: tuple[str, ...] = ()  # apps of which something else is asked now
    events: tuple[tuple[str, int], ...] = ()
