"""Places for the instances of apps: spread over the agents, fair between apps, and a reason where
there is none.

Instances are placed one after the other, of each app in turn, so that an app with a thousand of
them, or with a thousand that fit nowhere, delays nobody. Each goes to an agent that holds the
fewest of its app, and among those to the one that is least loaded: what our tasks use there, as a
part of that and of what is offered. (Marathon takes the first offer that fits.) An agent takes so
many at a time and no more; what is left of its offers comes back soon.

To find that agent without looking at all of them, they are kept in the order of their loads, and an
app knows the fewest of its instances that an agent which fits can still hold: the first that holds
no more is the best. What once does not fit an app will not fit it later, as pools only shrink; only
GROUP_BY may change its mind.

As Marathon: mesosphere/mesos/ResourceMatcher.scala, for what an offer must have, in the order of
its reasons.
"""
from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from scheduler.placement.constraints import GroupBy, Placed
from scheduler.placement.hostports import Below
from scheduler.placement.location import Location
from scheduler.placement.maintenance import is_available
from scheduler.placement.matching import Match, Misfit, Overhead, Place, answered, constraint_shortages
from scheduler.placement.needs import Need, Shortage
from scheduler.placement.pools import Pool, pools
from scheduler.placement.reasons import Reason
from specs.marathon.app import Constraint
from specs.messages.offer import Offer

MOST_TOLD = 20  # apps of which it is told in words why they fit nowhere, in one match

Amounts = Mapping[str, int]  # of each scalar resource, in thousandths


@dataclass(frozen=True, slots=True)
class Demand:
    """Instances of one app that wait for places; all are alike."""

    app_id: str
    task_ids: tuple[str, ...]  # of the tasks to launch, in this order
    need: Need
    role: str = "*"  # offers of this role are looked at
    constraints: tuple[Constraint, ...] = ()
    placed: tuple[Location, ...] = ()  # where its other instances are, as far as constraints count them
    instances: int = 1  # how many it wants in all
    overhead: Overhead | None = None  # None: the agent brings the executor along
    may_waste_gpus: bool = False  # it wants none, and may be where there are some all the same


@dataclass(frozen=True, slots=True)
class SpreadPolicy:
    """What holds for all apps."""

    most_per_offer: int = 5  # launches at a time, as Marathon's --max_instances_per_offer
    draining: float = 0.0  # seconds before its maintenance that an agent is left alone
    home_region: str | None = None  # the master's: other agents are for apps whose constraints name a region or zone
    group_by: GroupBy = GroupBy.CLASSIC
    used: Mapping[str, Amounts] = field(default_factory=dict)  # what our tasks use, by agent
    most_starting: int | None = None  # tasks of ours that an agent may be starting (pulling) at once
    starting: Mapping[str, int] = field(default_factory=dict)  # how many it is, by agent


def spread(offers: Sequence[Offer], demands: Sequence[Demand], policy: SpreadPolicy, *, now: float,
           below: Below) -> Match:
    """Place as many as the offers hold. `now` is seconds since 1970, `below` draws ports (see
    hostports).

    The match's misfits are by app: for each that has instances left over, the agents that are not
    for it, and why.
    """
    sites = [_Site(position, pool, policy, now) for position, pool in enumerate(pools(offers))]
    orders: dict[str, list[tuple[float, int]]] = {}
    for site in sites:
        if not site.is_full:
            orders.setdefault(site.pool.role, []).append((site.load, site.position))
    for order in orders.values():
        order.sort()
    waiting = deque(_Search(demand, sites, orders.get(demand.role, []), policy)
                    for demand in demands if demand.task_ids)
    stuck: list[_Search] = []
    hopeless: set[tuple[object, ...]] = set()  # shapes for which there is no agent any more
    while waiting:
        search = waiting.popleft()
        if search.shape in hopeless or not search.place_next(below):
            stuck.append(search)
            if search.shape is not None:
                hopeless.add(search.shape)
        elif search.left:
            waiting.append(search)
    found = answered(sites, _misfits(stuck))
    return replace(found, hopeless=_hopeless(stuck, [site for site in sites if site.is_full]))


def _hopeless(searches: Sequence[_Search], full: Sequence[_Site]) -> frozenset[str]:
    """The apps for which no agent is; one that takes no more for now may be."""
    known: dict[tuple[object, ...] | None, bool] = {}
    found = set()
    for search in searches:
        shape = search.shape
        if shape is None or shape not in known:
            known[shape] = not any(search.would_fit(site) for site in full)
        if known[shape]:
            found.add(search.demand.app_id)
    return frozenset(found)


def _misfits(searches: Sequence[_Search]) -> dict[str, tuple[Misfit, ...]]:
    """Words are for people, and cost more than the search: of many that fit nowhere, only some get
    them each time.
    """
    known: dict[tuple[object, ...] | None, tuple[Misfit, ...]] = {}
    found: dict[str, tuple[Misfit, ...]] = {}
    for told, search in enumerate(searches):
        shape = search.shape
        if told < MOST_TOLD and (shape is None or shape not in known):
            known[shape] = search.misfits()
            found[search.demand.app_id] = known[shape]
        else:
            found[search.demand.app_id] = () if shape is None else known.get(shape, ())
    return found


class _Site(Place):
    """A place with its load, and what depends on no app."""

    __slots__ = ("is_available", "is_elsewhere", "load", "most", "position", "used", "with_gpus")

    def __init__(self, position: int, pool: Pool, policy: SpreadPolicy, now: float) -> None:
        super().__init__(pool)
        self.position = position
        self.most = policy.most_per_offer * len(pool.offers)
        if policy.most_starting is not None:
            self.most = min(self.most, policy.most_starting - policy.starting.get(pool.agent_id, 0))
        self.is_available = all(is_available(offer, now, policy.draining) for offer in pool.offers)
        self.is_elsewhere = (pool.location.region is not None and policy.home_region is not None
                             and pool.location.region != policy.home_region)
        self.with_gpus = "gpus" in pool.scalars and pool.scalars["gpus"].total > 0
        self.used = Counter(policy.used.get(pool.agent_id, {}))
        self.load = self._load()

    @property
    def is_full(self) -> bool:
        """Whether it has taken as many as it may."""
        return len(self.placements) >= self.most

    def place(self, task_id: str, demand: Demand, below: Below) -> None:
        self.used.update(demand.need.scalars)
        self.used.update(self.overhead(demand.overhead))
        self.put(task_id, demand.need, demand.overhead, below)
        self.load = self._load()

    def _load(self) -> float:
        shares = (self.used[name] / (self.used[name] + self.pool.scalars[name].total)
                  for name in ("cpus", "mem") if self.used[name] and name in self.pool.scalars)
        return max(shares, default=0.0)


class _Search:
    """One app's way through the agents."""

    def __init__(self, demand: Demand, sites: Sequence[_Site], order: list[tuple[float, int]],
                 policy: SpreadPolicy) -> None:
        self.demand = demand
        self.left = deque(demand.task_ids)
        self.shape = _shape(demand)
        self._sites = sites
        self._order = order
        self._placed = Placed(demand.constraints, demand.placed, instances=demand.instances,
                              group_by=policy.group_by)
        self._by_agent = Counter(location.agent_id for location in demand.placed)
        self._fewest = 0  # no agent that fits holds fewer of its instances
        self._unfit: set[int] = set()
        self._may_change = any(each.operator == "GROUP_BY" for each in demand.constraints)
        self._goes_anywhere = any(each.field in {"@region", "@zone"} for each in demand.constraints)

    def place_next(self, below: Below) -> bool:
        """Place one more; False if no agent is for it now."""
        site = self._best()
        if site is None:
            return False
        del self._order[bisect_left(self._order, (site.load, site.position))]
        site.place(self.left.popleft(), self.demand, below)
        self._placed.add(site.pool.location)
        self._by_agent[site.pool.agent_id] += 1
        if not site.is_full:
            insort(self._order, (site.load, site.position))
        return True

    def _best(self) -> _Site | None:
        best: _Site | None = None
        best_count = 0
        for _, position in self._order:
            if position in self._unfit:
                continue
            site = self._sites[position]
            count = self._by_agent[site.pool.agent_id] if self._by_agent else 0
            if (best is None or count < best_count) and self._fits(site):
                best, best_count = site, count
                if count <= self._fewest:
                    return best
        self._fewest = best_count  # all were looked at
        return best

    def _fits(self, site: _Site) -> bool:
        """What `_shortages` says in words.

        Constraints come first: of most agents they say it all.
        """
        accepted = not self.demand.constraints or self._placed.accepts(site.pool.location)
        if accepted and self._is_big_enough(site):
            return True
        if accepted or not self._may_change:
            self._unfit.add(site.position)
        return False

    def _is_big_enough(self, site: _Site) -> bool:
        demand, pool = self.demand, site.pool
        roles = demand.need.roles
        return (site.is_available
                and (self._goes_anywhere or not site.is_elsewhere)
                and (not site.with_gpus or demand.may_waste_gpus
                     or bool(demand.need.scalars.get("gpus")))
                and (roles is None or not roles.isdisjoint(pool.roles))
                and pool.holds(demand.need, site.overhead(demand.overhead)))

    def would_fit(self, site: _Site) -> bool:
        """Whether it could be there, but for how many the agent takes at a time."""
        return site.pool.role == self.demand.role and self._fits(site)

    def misfits(self) -> tuple[Misfit, ...]:
        """The agents that are not for it, and why; those that only take no more at a time are not
        among them.
        """
        looked = ((site.pool, self._shortages(site)) for site in self._sites
                  if site.pool.role == self.demand.role and (not site.is_full or site.most <= 0))
        return tuple(Misfit(pool.agent_id, pool.location.hostname, tuple(shortages))
                     for pool, shortages in looked if shortages)

    def _shortages(self, site: _Site) -> list[Shortage]:
        """Why this agent is not for it. Ports are looked at when all else is there."""
        demand, pool = self.demand, site.pool
        if site.most <= 0:
            return [Shortage("starting tasks", "fewer at a time", "as many as it may")]
        found = pool.scalar_shortages(demand.need, site.overhead(demand.overhead))
        roles = demand.need.roles
        if roles is not None and not roles & pool.roles:
            found.append(Shortage("role", " or ".join(sorted(roles)),
                                  ", ".join(sorted(pool.roles)) or "none", Reason.UNFULFILLED_ROLE))
        found += constraint_shortages(self._placed, pool)
        if site.is_elsewhere and not self._goes_anywhere:
            found.append(Shortage("region",
                                  "the master's, unless a constraint names @region or @zone",
                                  pool.location.region or "none", Reason.UNFULFILLED_CONSTRAINT))
        if not site.is_available:
            found.append(Shortage("agent", "one that stays", "one with maintenance ahead",
                                  Reason.AGENT_MAINTENANCE))
        if site.with_gpus and not demand.need.scalars.get("gpus") and not demand.may_waste_gpus:
            found.append(Shortage("agent", "one without GPUs",
                                  "one with GPUs, kept for apps that want some",
                                  Reason.DECLINED_SCARCE_RESOURCES))
        if not found and (ports := pool.port_shortage(demand.need)) is not None:
            found.append(ports)
        return found


def _shape(demand: Demand) -> tuple[object, ...] | None:
    """Equal for demands that the same agents are not for; None if that depends on where its
    instances are.
    """
    executor = demand.overhead.executor_id if demand.overhead else None
    return None if demand.constraints else (demand.need.shape, demand.role, executor,
                                            demand.may_waste_gpus)
