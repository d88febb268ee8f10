"""Which task goes where: offers × tasks that wait → launches and declines, each with a reason.

The first agent that has everything gets the task; agents stay in the order of their offers, so that agents are filled
one after the other and big tasks find a place. Several tasks share an offer, several offers of an agent serve one
task. Pools only shrink, so an agent that was too small for one task is too small for every later one of the same
shape: the search goes on where it stopped, and 100,000 equal tasks on 1,000 agents cost about 101,000 looks.

A missing attribute satisfies no constraint.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scheduler.placement.constraints import Constraint
from scheduler.placement.pools import Need, Pool, Shortage, Taken, pools
from specs.forms import Message


@dataclass(frozen=True, slots=True)
class Overhead:
    """The executor that tasks share on an agent: what it takes there, once."""

    executor_id: str
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
        return (self.need.shape, self.constraints, self.overhead.executor_id if self.overhead else None)


@dataclass(frozen=True, slots=True)
class Placement:
    """A task has found its place. `executor`: the resources for its executor if it is the first of it there."""

    task_id: str
    taken: Taken
    executor: tuple[Message, ...] | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """Accept these offers of one agent with these tasks."""

    agent_id: str
    hostname: str
    address: str  # HOST:PORT of its HTTP API
    offer_ids: tuple[str, ...]
    placements: tuple[Placement, ...]


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

    def __str__(self) -> str:
        return f"{self.hostname or 'agent'} ({self.agent_id}): " + "; ".join(map(str, self.shortages))


@dataclass(frozen=True, slots=True)
class Match:
    """Everything that follows from a set of offers: each offer is in exactly one launch or decline."""

    launches: tuple[Launch, ...] = ()
    declines: tuple[Decline, ...] = ()
    misfits: Mapping[str, tuple[Misfit, ...]] = field(default_factory=dict)  # by task id


class _Place:
    """A pool while tasks are put into it."""

    __slots__ = ("placements", "pool")

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.placements: list[Placement] = []

    def shortages(self, wish: Wish) -> list[Shortage]:
        wrong = [found for constraint in wish.constraints if (found := constraint.shortage(self.pool)) is not None]
        return wrong + self.pool.shortages(wish.need, self._overhead(wish))

    def put(self, wish: Wish) -> None:
        executor = None
        overhead = self._overhead(wish)
        taken = self.pool.take(wish.need)
        if wish.overhead is not None and overhead:
            executor = tuple(self.pool.take_scalars(overhead))
            self.pool.executor_ids.add(wish.overhead.executor_id)
        self.placements.append(Placement(wish.task_id, taken, executor))

    def launch(self) -> Launch:
        pool = self.pool
        return Launch(pool.agent_id, pool.hostname, pool.address, tuple(pool.offer_ids), tuple(self.placements))

    def decline(self, waiting: Mapping[str, tuple[Misfit, ...]]) -> Decline:
        return Decline(self.pool.agent_id, tuple(self.pool.offer_ids), _reason(self, waiting))

    def _overhead(self, wish: Wish) -> Mapping[str, int]:
        if wish.overhead is None or wish.overhead.executor_id in self.pool.executor_ids:
            return {}
        return wish.overhead.scalars


def match(offers: Sequence[Message], wishes: Iterable[Wish]) -> Match:
    """Place as many of the wishes, in their order, as the offers hold."""
    places = [_Place(pool) for pool in pools(offers)]
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
            places[index].put(wish)
            continue
        if shape not in misfits:
            misfits[shape] = tuple(_misfit(place, wish) for place in places)
        waiting[wish.task_id] = misfits[shape]
    return Match(tuple(place.launch() for place in places if place.placements),
                 tuple(place.decline(waiting) for place in places if not place.placements),
                 waiting)


def _misfit(place: _Place, wish: Wish) -> Misfit:
    return Misfit(place.pool.agent_id, place.pool.hostname, tuple(place.shortages(wish)))


def _reason(place: _Place, waiting: Mapping[str, tuple[Misfit, ...]]) -> str:
    if not waiting:
        return "no task waits"
    task_id, misfits = next(iter(waiting.items()))
    here = next(misfit for misfit in misfits if misfit.agent_id == place.pool.agent_id)
    more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
    return f"too little for {task_id}{more}: {'; '.join(map(str, here.shortages))}"
