"""Offers × tasks: everything that is taken was offered, nothing is taken twice, every refusal has its reason."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.placement import matching
from scheduler.placement.matching import Decline, Launch, Match, Overhead, Wish
from scheduler.placement.needs import Need
from scheduler.placement.pools import agent_address, pools
from specs.marathon.app import Constraint
from specs.messages.offer import URL, Address
from specs.messages.resource import AllocationInfo, ReservationInfo, Resource
from tests.fakes.master import offer, offer_of

OVERHEAD = Overhead("E", {"cpus": 100, "mem": 64_000})


def wish(task_id: str = "t", *, cpus: float = 1.0, mem: float = 128.0, ports: tuple[int, ...] = (), any_ports: int = 0,
         constraints: tuple[Constraint, ...] = (), overhead: Overhead | None = None) -> Wish:
    need = Need({"cpus": round(cpus * 1000), "mem": round(mem * 1000)}, (*ports, *[0] * any_ports))
    return Wish(task_id, need, constraints, overhead)


def match(offers: Sequence[dict[str, Any]], wishes: Sequence[Wish]) -> Match:
    return matching.match(list(map(offer_of, offers)), wishes)


def placed(matched: Match) -> dict[str, str]:
    """Task id → agent id."""
    return {placement.task_id: launch.agent_id for launch in matched.launches for placement in launch.placements}


def scalars(resources: Iterable[Resource]) -> dict[str, float]:
    found: dict[str, float] = {}
    for resource in resources:
        if resource.scalar is not None:
            found[resource.name] = found.get(resource.name, 0) + resource.scalar
    return found


def ports(resources: Iterable[Resource]) -> list[int]:
    return [port for resource in resources for each in resource.ranges or ()
            for port in range(each.begin, each.end + 1)]


def test_several_tasks_share_an_offer_and_big_ones_go_on() -> None:
    offers = [offer(0, cpus=2), offer(1, cpus=4)]
    matched = match(offers, [wish("a"), wish("b", cpus=3), wish("c"), wish("d")])
    assert placed(matched) == {"a": "S0", "c": "S0", "b": "S1", "d": "S1"}
    assert [launch.offer_ids for launch in matched.launches] == [(o["id"]["value"],) for o in offers]
    assert matched.declines == ()


def test_several_offers_of_an_agent_serve_one_task() -> None:
    offers = [offer(0, cpus=1, offer_id="O1", ports=()), offer(0, cpus=1, offer_id="O2", ports=())]
    matched = match(offers, [wish(cpus=2)])
    launch, = matched.launches
    assert launch.offer_ids == ("O1", "O2")
    assert scalars(launch.placements[0].taken.resources) == {"cpus": 2.0, "mem": 128.0}


def test_what_is_taken_keeps_its_form() -> None:
    matched = match([offer(0, reserved="web", role="web")], [wish(ports=(31005,))])
    for resource in matched.launches[0].placements[0].taken.resources:
        assert resource.reservations == (ReservationInfo("DYNAMIC", "web"),)
        assert resource.allocation_info == AllocationInfo("web")
    assert ports(matched.launches[0].placements[0].taken.resources) == [31005]


def test_a_task_that_needs_nothing_still_names_its_resources() -> None:
    """A master refuses one without any: "Task uses no resources"; of what no agent has, nothing can be named."""
    nothing = Wish("t", Need({"cpus": 0, "mem": 0, "gpus": 0}))
    matched = match([offer(0, cpus=1)], [nothing, wish("u", cpus=1)])
    taken = {each.task_id: each.taken.resources for each in matched.launches[0].placements}
    assert scalars(taken["t"]) == {"cpus": 0.0, "mem": 0.0}
    assert all(resource.allocation_info == AllocationInfo("*") for resource in taken["t"])
    assert scalars(taken["u"])["cpus"] == 1.0


def test_reserved_resources_are_used_first() -> None:
    mixed = offer(0, cpus=4, role="web")
    mixed["resources"].append({"name": "cpus", "type": "SCALAR", "scalar": {"value": 1.5},
                               "reservations": [{"type": "STATIC", "role": "web"}]})
    taken = match([mixed], [wish(cpus=2)]).launches[0].placements[0].taken.resources
    assert [(r.scalar, bool(r.reservations)) for r in taken if r.name == "cpus"] == [
        (1.5, True), (0.5, False)]


def test_offers_for_different_roles_are_not_mixed() -> None:
    matched = match([offer(0, cpus=1, role="a"), offer(0, cpus=1, role="b")], [wish(cpus=2)])
    assert matched.launches == ()
    assert len(matched.declines) == 2


def test_ports_come_out_of_the_offer() -> None:
    one = offer(0, ports=((8080, 8080), (31000, 31002)))
    matched = match([one], [wish("a", cpus=0.1, ports=(8080,)), wish("b", cpus=0.1, any_ports=2),
                            wish("c", cpus=0.1, ports=(8080,)), wish("d", cpus=0.1, any_ports=2)])
    taken = {p.task_id: p.taken for p in matched.launches[0].placements}
    assert ports(taken["a"].resources) == [8080]
    assert taken["b"].ports == (31000, 31001)
    assert [str(reason) for reason in matched.misfits["c"][0].shortages] == ["ports: 8080 needed, 31002 offered"]
    assert [str(r) for r in matched.misfits["d"][0].shortages] == ["ports: 2 of any number needed, 31002 offered"]


def test_the_executor_is_paid_once_per_agent() -> None:
    matched = match([offer(0, cpus=2.1)], [wish("a", overhead=OVERHEAD), wish("b", overhead=OVERHEAD)])
    first, second = matched.launches[0].placements
    assert first.executor is not None
    assert scalars(first.executor) == {"cpus": 0.1, "mem": 64.0}
    assert second.executor is None


def test_an_executor_that_runs_there_costs_nothing() -> None:
    matched = match([offer(0, cpus=1, executors=["E"])], [wish(overhead=OVERHEAD)])
    assert matched.launches[0].placements[0].executor is None


def test_an_executor_that_does_not_fit_is_part_of_the_shortage() -> None:
    matched = match([offer(0, cpus=1)], [wish(overhead=OVERHEAD)])
    assert [str(reason) for reason in matched.misfits["t"][0].shortages] == ["cpus: 1.1 needed, 1 offered"]


@pytest.mark.parametrize(("constraint", "found"), [
    (("rack", "r1"), True), (("hostname", "host0"), True), (("rack", "r2"), False), (("zone", "z1"), False),
    (("zone", ""), False), (("hostname", "host1"), False),
])
def test_constraints_and_a_missing_attribute_satisfies_none(constraint: tuple[str, str], found: bool) -> None:
    field, value = constraint
    matched = match([offer(0, attributes={"rack": "r1"})], [wish(constraints=(Constraint(field, "IS", value),))])
    assert bool(matched.launches) is found
    if not found:
        shortage, = matched.misfits["t"][0].shortages
        assert (shortage.resource, shortage.needed) == (f"attribute {field}", value)


def test_a_decline_says_why() -> None:
    matched = match([offer(0, cpus=1)], [wish("big", cpus=8), wish("huge", cpus=16)])
    assert matched.declines[0].reason == "too little for big (and 1 more): cpus: 8 needed, 1 offered"
    assert match([offer(0)], []).declines[0].reason == "no task waits"


def test_resources_that_a_task_must_ask_for_are_left_alone() -> None:
    odd = offer(0, cpus=1, ports=())
    odd["resources"] += [
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 8}, "revocable": {}},
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 8}, "shared": {}},
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 8}, "provider_id": {"value": "P"}},
        {"name": "disk", "type": "SCALAR", "scalar": {"value": 8}, "disk": {"persistence": {"id": "x"}}},
        {"name": "disk", "type": "SCALAR", "scalar": {"value": 8}, "disk": {"source": {"type": "PATH"}}},
    ]
    pool, = pools([offer_of(odd)])
    assert {name: entry.total for name, entry in pool.scalars.items()} == {"cpus": 1000, "mem": 4_096_000}


def test_addresses() -> None:
    found = offer_of(offer(0))
    assert agent_address(found) == "127.0.0.1:5051"
    assert agent_address(replace(found, url=URL("http", Address(5, ip="::1")))) == "[::1]:5"
    assert agent_address(replace(found, url=None)) == ""


amounts = st.integers(0, 40).map(lambda n: n / 10)
wishes = st.lists(st.builds(
    lambda cpus, ports, any_ports, overhead: (cpus, ports, any_ports, overhead),
    amounts, st.sets(st.integers(1, 12), max_size=2), st.integers(0, 2), st.booleans()), max_size=12)
agents = st.lists(st.tuples(st.integers(0, 3), amounts, st.lists(st.integers(1, 12), max_size=3)), max_size=6)


@given(agents, wishes)
def test_nothing_is_taken_that_was_not_offered(offered: Any, wanted: Any) -> None:
    """Over all launches: sums within the agent's, ports within its ranges and each only once, no offer forgotten."""
    used: set[tuple[int, int]] = set()  # agents do not offer a port twice
    offers = []
    for agent, cpus, numbers in offered:
        fresh = sorted({n for n in numbers if (agent, n) not in used})
        used.update((agent, n) for n in fresh)
        offers.append(offer(agent, cpus=cpus, mem=1000, ports=[(n, n) for n in fresh]))
    asked = [wish(f"t{i}", cpus=cpus, mem=10, ports=tuple(sorted(fixed)), any_ports=count,
                  overhead=OVERHEAD if shared else None) for i, (cpus, fixed, count, shared) in enumerate(wanted)]
    matched = match(offers, asked)

    there = [o["id"]["value"] for o in offers]
    answered: list[Launch | Decline] = [*matched.launches, *matched.declines]
    gone = [offer_id for each in answered for offer_id in each.offer_ids]
    assert sorted(gone) == sorted(there)
    assert sorted([*placed(matched), *matched.misfits]) == sorted(w.task_id for w in asked)
    for launch in matched.launches:
        own = [r for o in map(offer_of, offers) if o.id in launch.offer_ids for r in o.resources]
        taken = [r for p in launch.placements for r in (*p.taken.resources, *(p.executor or ()))]
        have, took = scalars(own), scalars(taken)
        assert all(took[name] <= have[name] + 1e-9 for name in took)
        assert len(ports(taken)) == len(set(ports(taken)))
        assert set(ports(taken)) <= set(ports(own))
    by_id = {w.task_id: w for w in asked}
    for launch in matched.launches:
        for placement in launch.placements:
            need = by_id[placement.task_id].need
            assert scalars(placement.taken.resources).get("cpus", 0) == pytest.approx(need.scalars["cpus"] / 1000)
            assert len(ports(placement.taken.resources)) == len(need.ports)
    for misfits in matched.misfits.values():
        assert all(misfit.shortages for misfit in misfits)
