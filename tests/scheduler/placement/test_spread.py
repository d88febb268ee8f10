"""Instances over agents: only what was offered, the emptiest agent first, every app in turn, reasons in words."""
from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.placement.constraints import Placed
from scheduler.placement.location import Location, location
from scheduler.placement.matching import Match, Overhead
from scheduler.placement.needs import Need
from scheduler.placement.reasons import Reason
from scheduler.placement.spread import Demand, SpreadPolicy, spread
from specs.marathon.app import Constraint
from tests.fakes.master import offer, offer_of

Offer = dict[str, Any]
EXECUTOR = Overhead("E", {"cpus": 100, "mem": 32_000})
NOW = 1_000_000.0


def lowest(_: int) -> int:
    return 0


def demand(app: str = "/a", count: int = 1, *, cpus: float = 1, mem: float = 10, ports: tuple[int | None, ...] = (),
           roles: frozenset[str] | None = None, gpus: int = 0, **more: Any) -> Demand:
    scalars = {"cpus": round(cpus * 1000), "mem": round(mem * 1000)} | ({"gpus": gpus * 1000} if gpus else {})
    return Demand(app, tuple(f"{app}.{number}" for number in range(count)), Need(scalars, ports, roles), **more)


def placed(matched: Match) -> dict[str, str]:
    return {each.task_id: launch.agent_id for launch in matched.launches for each in launch.placements}


def run(offers: list[Offer], *demands: Demand, policy: SpreadPolicy = SpreadPolicy(most_per_offer=99)) -> Match:  # noqa: B008 - a frozen value
    return spread(list(map(offer_of, offers)), demands, policy, now=NOW, below=lowest)


def reasons(matched: Match, app: str = "/a") -> list[list[Reason]]:
    return [list(misfit.reasons) for misfit in matched.misfits[app]]


def test_equal_agents_get_equally_many() -> None:
    matched = run([offer(number, cpus=8) for number in range(4)], demand(count=10))
    assert sorted(Counter(placed(matched).values()).values()) == [2, 2, 3, 3]


def test_the_fewest_of_the_app_comes_before_the_least_load() -> None:
    """An agent that is emptier than the others does not get all instances of an app."""
    there = (location(offer_of(offer(0))),) * 2
    policy = SpreadPolicy(used={"S1": {"cpus": 30_000}})
    matched = run([offer(0, cpus=64), offer(1, cpus=2)], demand(placed=there), policy=policy)
    assert placed(matched) == {"/a.0": "S1"}


def test_among_equals_the_least_loaded_part_counts() -> None:
    used = {"S0": {"cpus": 4000}, "S1": {"cpus": 8000}}  # a half of S0, a third of S1
    matched = run([offer(0, cpus=4), offer(1, cpus=16)], demand(), policy=SpreadPolicy(used=used))
    assert placed(matched) == {"/a.0": "S1"}


def test_every_app_has_its_turn() -> None:
    matched = run([offer(0, cpus=4)], demand("/big", 100), demand("/small", 2))
    assert sorted(placed(matched)) == ["/big.0", "/big.1", "/small.0", "/small.1"]
    assert list(matched.misfits) == ["/big"]


def test_a_thousand_impossible_instances_starve_nobody() -> None:
    nowhere = demand("/bad", 1000, constraints=(Constraint("rack", "IS", "nowhere"),))
    matched = run([offer(number) for number in range(3)], nowhere, demand("/good", 3))
    assert len(placed(matched)) == 3
    assert len(matched.misfits["/bad"]) == 3


def test_so_many_at_a_time_and_no_more() -> None:
    matched = run([offer(0, cpus=64), offer(1, cpus=64), offer(1, cpus=64)], demand(count=100),
                  policy=SpreadPolicy(most_per_offer=5))
    assert Counter(placed(matched).values()) == {"S0": 5, "S1": 10}
    assert matched.misfits == {"/a": ()}  # it waits for the next offers, no agent is too small


def test_no_agent_starts_too_many_at_once() -> None:
    policy = SpreadPolicy(most_per_offer=99, most_starting=3, starting={"S0": 1, "S1": 3, "S3": 4})
    matched = run([offer(number, cpus=64) for number in range(4)], demand(count=100), policy=policy)
    assert Counter(placed(matched).values()) == {"S0": 2, "S2": 3}
    assert {str(each) for misfit in matched.misfits["/a"] for each in misfit.shortages} == {
        "starting tasks: fewer at a time needed, as many as it may offered"}
    assert matched.hopeless == frozenset()  # it is not that no agent is for it


def test_the_executor_is_paid_once_and_out_of_the_same_roles() -> None:
    one = offer(0, cpus=2.1, role="web", reserved="web")
    matched = run([one], demand(count=3, cpus=1, role="web", roles=frozenset({"web"}), overhead=EXECUTOR))
    first, second = matched.launches[0].placements
    assert first.executor is not None
    assert second.executor is None
    assert reasons(matched) == [[Reason.INSUFFICIENT_CPUS]]


def test_offers_for_other_roles_are_not_looked_at() -> None:
    matched = run([offer(0, role="web"), offer(1, role="*")], demand(role="web"), demand("/b", role="dev"))
    assert placed(matched) == {"/a.0": "S0"}
    assert matched.misfits == {"/b": ()}


def test_instances_of_one_match_count_for_its_constraints() -> None:
    unique = demand(count=3, constraints=(Constraint("hostname", "UNIQUE", None),))
    matched = run([offer(0), offer(1)], unique)
    assert sorted(placed(matched).values()) == ["S0", "S1"]
    assert reasons(matched) == [[Reason.UNFULFILLED_CONSTRAINT]] * 2


def test_group_by_changes_its_mind() -> None:
    """Each rack is refused while the other one is emptier, and taken then."""
    offers = [offer(number, cpus=8, attributes={"rack": f"r{number % 2}"}) for number in range(3)]
    matched = run(offers, demand(count=8, constraints=(Constraint("rack", "GROUP_BY", "2"),)))
    racks = Counter(int(agent[1:]) % 2 for agent in placed(matched).values())
    assert racks == {0: 4, 1: 4}


GPUS = {"name": "gpus", "type": "SCALAR", "scalar": {"value": 2}, "allocation_info": {"role": "*"}}
FAR = {"fault_domain": {"region": {"name": "far"}, "zone": {"name": "z"}}}
SOON = {"unavailability": {"start": {"nanoseconds": int((NOW + 10) * 1e9)}}}


@pytest.mark.parametrize(("offered", "wanted", "found"), [
    ({}, demand(cpus=5, mem=9999), [Reason.INSUFFICIENT_CPUS, Reason.INSUFFICIENT_MEMORY]),
    ({}, demand(cpus=5, ports=(1,)), [Reason.INSUFFICIENT_CPUS]),  # ports only if all else is there
    ({}, demand(ports=(1,)), [Reason.INSUFFICIENT_PORTS]),
    ({}, demand(gpus=1), [Reason.INSUFFICIENT_GPUS]),
    ({}, demand(roles=frozenset({"web"})),
     [Reason.INSUFFICIENT_CPUS, Reason.INSUFFICIENT_MEMORY, Reason.UNFULFILLED_ROLE]),
    ({}, demand(constraints=(Constraint("rack", "IS", "r1"),)), [Reason.UNFULFILLED_CONSTRAINT]),
    ({"domain": FAR}, demand(), [Reason.UNFULFILLED_CONSTRAINT]),
    (SOON, demand(), [Reason.UNFULFILLED_CONSTRAINT, Reason.AGENT_MAINTENANCE]),
    ({"gpus": 2}, demand(), [Reason.DECLINED_SCARCE_RESOURCES]),
])
def test_why_not(offered: dict[str, Any], wanted: Demand, found: list[Reason]) -> None:
    one = {**offer(0), **offered}
    one["resources"] = one["resources"] + [GPUS] * bool(one.pop("gpus", 0))
    matched = run([one], wanted, policy=SpreadPolicy(draining=60.0, home_region="home"))
    assert reasons(matched) == [found]
    assert matched.declines[0].reason.startswith("too little for /a: ")


@pytest.mark.parametrize(("offered", "wanted"), [
    ({"domain": FAR}, demand(constraints=(Constraint("@zone", "LIKE", ".*"),))),
    ({"gpus": 2}, demand(gpus=1)),
    ({"gpus": 2}, demand(may_waste_gpus=True)),
])
def test_who_asks_for_it_gets_it(offered: dict[str, Any], wanted: Demand) -> None:
    one = {**offer(0), **offered}
    one["resources"] = one["resources"] + [GPUS] * bool(one.pop("gpus", 0))
    assert placed(run([one], wanted, policy=SpreadPolicy(home_region="home")))


def mixed() -> Offer:
    """Two cpus for everybody and one that is reserved."""
    one = offer(0, cpus=2, role="web")
    one["resources"].append({"name": "cpus", "type": "SCALAR", "scalar": {"value": 1.0},
                             "reservations": [{"type": "STATIC", "role": "web"}], "allocation_info": {"role": "web"}})
    return one


@pytest.mark.parametrize(("roles", "cpus", "parts"), [
    (frozenset({"*"}), 2, [2.0]), (frozenset({"web", "*"}), 3, [1.0, 2.0]), (frozenset({"*"}), 2.5, None),
    (frozenset({"web"}), 1, None),  # the memory is everybody's
])
def test_only_resources_of_accepted_roles(roles: frozenset[str], cpus: float, parts: list[float] | None) -> None:
    matched = run([mixed()], demand(cpus=cpus, role="web", roles=roles))
    taken = [each.scalar for launch in matched.launches for placement in launch.placements
             for each in placement.taken.resources if each.name == "cpus"]
    assert taken == (parts or [])


def test_apps_of_one_shape_share_their_reasons() -> None:
    matched = run([offer(0, cpus=1)], demand("/a", cpus=8), demand("/b", cpus=8), demand("/c", cpus=9))
    assert matched.misfits["/a"] is matched.misfits["/b"]
    assert str(matched.misfits["/c"][0].shortages[0]) == "cpus: 9 needed, 1 offered"


RULES = st.lists(st.sampled_from([
    Constraint("hostname", "UNIQUE", None), Constraint("hostname", "MAX_PER", "2"), Constraint("rack", "GROUP_BY", "2"),
    Constraint("rack", "LIKE", "r[01]"), Constraint("rack", "CLUSTER", None)]), max_size=2, unique=True)
AGENTS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=5)
APPS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 3), RULES), min_size=1, max_size=3)


@given(AGENTS, APPS, st.integers(1, 4))
def test_as_if_each_looked_at_all(agents: list[tuple[int, int, int]], apps: list[tuple[int, int, list[Constraint]]],
                                  most: int) -> None:
    """The short cuts change nothing: each instance is where a look at every agent would have put it."""
    offers = [offer(number, cpus=cpus, attributes={"rack": f"r{rack}"})
              for number, (cpus, rack, _) in enumerate(agents)]
    used = {f"S{number}": {"cpus": before * 1000} for number, (_, _, before) in enumerate(agents)}
    demands = [demand(f"/{number}", count, cpus=cpus, mem=1, constraints=tuple(rules))
               for number, (count, cpus, rules) in enumerate(apps)]
    matched = run(offers, *demands, policy=SpreadPolicy(most_per_offer=most, used=used))

    free = {f"S{number}": cpus for number, (cpus, _, _) in enumerate(agents)}
    busy = {f"S{number}": before for number, (_, _, before) in enumerate(agents)}
    memory = Counter[str]()
    wanted: dict[str, str] = {}
    others = [Placed(each.constraints) for each in demands]
    held = [Counter[str]() for _ in demands]
    open_apps = {number: iter(each.task_ids) for number, each in enumerate(demands)}
    taken = Counter[str]()
    while open_apps:
        for number in list(open_apps):
            task_id = next(open_apps[number], None)
            cpus = apps[number][1]
            fits = [place for place in map(location, map(offer_of, offers)) if free[place.agent_id] >= cpus
                    and taken[place.agent_id] < most and others[number].accepts(place)]
            if task_id is None or not fits:
                del open_apps[number]
                continue
            best = min(fits, key=lambda place: (held[number][place.agent_id], share(place, free, busy, memory)))
            wanted[task_id] = best.agent_id
            free[best.agent_id] -= cpus
            busy[best.agent_id] += cpus
            memory[best.agent_id] += 1
            taken[best.agent_id] += 1
            held[number][best.agent_id] += 1
            others[number].add(best)
    assert placed(matched) == wanted


def share(place: Location, free: dict[str, int], busy: dict[str, int], memory: Counter[str]) -> float:
    agent = place.agent_id
    cpus = busy[agent] / (busy[agent] + free[agent]) if busy[agent] else 0.0
    return max(cpus, memory[agent] * 1000 / 4096_000)


@given(AGENTS, APPS)
def test_nothing_is_forgotten_and_every_misfit_has_a_reason(agents: list[tuple[int, int, int]],
                                                            apps: list[tuple[int, int, list[Constraint]]]) -> None:
    offers = [offer(number, cpus=cpus, attributes={"rack": f"r{rack}"})
              for number, (cpus, rack, _) in enumerate(agents)]
    demands = [demand(f"/{number}", count, cpus=cpus, ports=(0,), constraints=tuple(rules), overhead=EXECUTOR)
               for number, (count, cpus, rules) in enumerate(apps)]
    matched = run(offers, *demands)
    answered = [offer_id for launch in matched.launches for offer_id in launch.offer_ids]
    answered += [offer_id for decline in matched.declines for offer_id in decline.offer_ids]
    assert sorted(answered) == sorted(each["id"]["value"] for each in offers)
    done = Counter(task_id.split(".")[0] for task_id in placed(matched))
    assert set(matched.misfits) == {each.app_id for each in demands if done[each.app_id] < len(each.task_ids)}
    for misfits in matched.misfits.values():
        assert len(misfits) == len(agents)
        assert all(misfit.shortages for misfit in misfits)
    for launch in matched.launches:
        numbers = [each.taken.ports[0] for each in launch.placements]
        assert len(set(numbers)) == len(numbers)
