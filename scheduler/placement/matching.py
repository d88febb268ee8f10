"""Which task goes where: offers × tasks that wait → launches and declines, each with a reason.

The first agent that has everything gets the task; agents stay in the order of their offers, so that
agents are filled one after the other and big tasks find a place. Several tasks share an offer,
several offers of an agent serve one task. Pools only shrink, so an agent that was too small for one
task is too small for every later one of the same shape: the search goes on where it stopped, and
100,000 equal tasks on 1,000 agents cost about 101,000 looks.

A constraint is on the agent alone here: what depends on where other instances are is in `spread`,
which also looks for the least loaded agent instead of the first.
"""
from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scheduler.placement.constraints import Placed
from scheduler.placement.hostports import Below
from scheduler.placement.location import Location
from scheduler.placement.needs import Need, Shortage, Taken
from scheduler.placement.pools import Pool, pools
from scheduler.placement.reasons import Reason
from specs.marathon.app import Constraint
from specs.messages.offer import Offer
from specs.messages.resource import Resource

NOBODY_WAITS = "no task waits"  # why an offer is not for any


@dataclass(frozen=True, slots=True)
class Overhead:
    """The executor that tasks share on an agent: what it takes there, once.

    Without an id each has one of its own.
    """

    executor_id: str | None
    scalars: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Wish:
    """A task that waits for a place."""

    task_id: str
    need: Need
    constraints: tuple[Constraint, ...] = ()
    overhead: Overhead | None = None  # None: the agent brings the executor along

    @property
    def shape(self) -> tuple[object, ...]:
        return (self.need.shape, self.constraints,
                self.overhead.executor_id if self.overhead else None)


@dataclass(frozen=True, slots=True)
class Placement:
    """A task has found its place.

    `executor`: the resources for its executor if it is the first of it there.
    """

    task_id: str
    taken: Taken
    executor: tuple[Resource, ...] | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """Accept these offers of one agent with these tasks."""

    agent_id: str
    hostname: str
    address: str  # HOST:PORT of its HTTP API
    offer_ids: tuple[str, ...]
    placements: tuple[Placement, ...]
    location: Location | None = None  # of the agent, as constraints see it


@dataclass(frozen=True, slots=True)
class Decline:
    """Give this agent's offers back; `reason` is a sentence for people."""

    agent_id: str
    offer_ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Misfit:
    """A task found no place on this agent, for these reasons."""

    agent_id: str
    hostname: str
    shortages: tuple[Shortage, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """In Marathon's words, which has two for maintenance (mesos/ResourceMatcher.scala)."""
        found: list[Reason] = []
        for shortage in self.shortages:
            if shortage.reason is Reason.AGENT_MAINTENANCE:
                found.append(Reason.UNFULFILLED_CONSTRAINT)
            if shortage.reason is not None:
                found.append(shortage.reason)
        return tuple(found)

    def __str__(self) -> str:
        return f"{self.hostname or 'agent'} ({self.agent_id}): {'; '.join(map(str, self.shortages))}"


@dataclass(frozen=True, slots=True)
class Match:
    """Everything that follows from a set of offers: each offer is in exactly one launch or decline.
    """

    launches: tuple[Launch, ...] = ()
    declines: tuple[Decline, ...] = ()
    misfits: Mapping[str, tuple[Misfit, ...]] = field(default_factory=dict)  # by task id
    hopeless: frozenset[str] = frozenset()  # of those in `misfits`: no agent is for them, however many it had taken


class Place:
    """A pool while tasks are put into it."""

    __slots__ = ("placements", "pool")

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.placements: list[Placement] = []

    def shortages(self, wish: Wish) -> list[Shortage]:
        """Why the task does not fit; empty if it does."""
        wrong = constraint_shortages(Placed(wish.constraints),
                                     self.pool) if wish.constraints else []
        return wrong + self.pool.shortages(wish.need, self.overhead(wish.overhead))

    def put(self, task_id: str, need: Need, overhead: Overhead | None,
            below: Below | None = None) -> Placement:
        """A task that has no shortage is placed."""
        executor = None
        scalars = self.overhead(overhead)
        taken = self.pool.take(need, below)
        if overhead is not None and scalars:
            executor = tuple(self.pool.take_scalars(scalars, need.roles))
            if overhead.executor_id is not None:
                self.pool.executor_ids.add(overhead.executor_id)
        self.placements.append(Placement(task_id, taken, executor))
        return self.placements[-1]

    def launch(self) -> Launch:
        pool = self.pool
        return Launch(pool.agent_id, pool.location.hostname, pool.address, pool.offer_ids,
                      tuple(self.placements), pool.location)

    def overhead(self, overhead: Overhead | None) -> Mapping[str, int]:
        """What the executor takes here; nothing if it runs already."""
        if overhead is None or overhead.executor_id in self.pool.executor_ids:
            return {}
        return overhead.scalars


def constraint_shortages(placed: Placed, pool: Pool) -> list[Shortage]:
    """The constraints that an agent does not meet."""
    return [Shortage(f"attribute {each.constraint.field}", each.wanted, each.found,
                     Reason.UNFULFILLED_CONSTRAINT)
            for each in placed.broken(pool.location)]


def match(offers: Sequence[Offer], wishes: Iterable[Wish]) -> Match:
    """Place as many of the wishes, in their order, as the offers hold."""
    places = [Place(pool) for pool in pools(offers)]
    start: dict[tuple[object, ...], int] = {}  # by shape: the first place that is not known to be too small
    misfits: dict[tuple[object, ...], tuple[Misfit, ...]] = {}
    waiting: dict[str, tuple[Misfit, ...]] = {}
    for wish in wishes:
        shape = wish.shape
        index = start.get(shape, 0)
        while index < len(places) and places[index].shortages(wish):
            index += 1
        start[shape] = index
        if index < len(places):
            places[index].put(wish.task_id, wish.need, wish.overhead)
            continue
        if shape not in misfits:
            misfits[shape] = tuple(_misfit(place, wish) for place in places)
        waiting[wish.task_id] = misfits[shape]
    return answered(places, waiting)


def answered(places: Sequence[Place], waiting: Mapping[str, tuple[Misfit, ...]]) -> Match:
    """What becomes of each place: a launch, or a decline with a reason out of what still waits."""
    reasons = {misfit.agent_id: "; ".join(map(str, misfit.shortages))
               for misfits in itertools.islice(waiting.values(), 1) for misfit in misfits}
    who = next(iter(waiting), "")
    more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
    return Match(tuple(place.launch() for place in places if place.placements),
                 tuple(Decline(place.pool.agent_id, place.pool.offer_ids,
                               _reason(reasons.get(place.pool.agent_id), who + more))
                       for place in places if not place.placements),
                 waiting)


def _misfit(place: Place, wish: Wish) -> Misfit:
    return Misfit(place.pool.agent_id, place.pool.location.hostname, tuple(place.shortages(wish)))


def _reason(shortages: str | None, who: str) -> str:
    if not who:
        return NOBODY_WAITS
    return f"not for {who}" if shortages is None else f"too little for {who}: {shortages}"
