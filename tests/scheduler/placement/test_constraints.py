"""The seven operators: against definitions written down again, one offer and one list of instances at a time."""
from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.placement.constraints import GroupBy, Placed
from scheduler.placement.location import Location
from specs.marathon.app import Constraint


def agent(rack: str | None = None, hostname: str = "h") -> Location:
    return Location("S", hostname, attributes=() if rack is None else (("rack", rack),))


def rack(operator: str, value: str | None = None) -> Constraint:
    return Constraint("rack", operator, value)


def asked_again(constraint: Constraint, placed: list[Location], offered: Location, group_by: GroupBy,
                instances: int) -> bool:
    """The operators' definitions, without counting anything in advance."""
    mine = offered.value("rack")
    others = [each.value("rack") for each in placed]
    value = constraint.value or ""
    if mine is None:
        return constraint.operator == "UNLIKE"
    groups = Counter(others)
    match constraint.operator:
        case "UNIQUE":
            return all(other != mine for other in others)
        case "CLUSTER":
            return mine == value if value else (not others or others[0] == mine)
        case "MAX_PER":
            return groups[mine] < int(value)
        case "GROUP_BY" if group_by is GroupBy.CLASSIC:
            return mine not in groups or (len(groups) >= int(value or 0) and groups[mine] == min(groups.values()))
        case "GROUP_BY":
            share, rest = divmod(instances, int(value))
            spent = sum(max(0, size - share) for size in groups.values())
            if mine in groups:
                return groups[mine] < share or (groups[mine] == share and rest > spent)
            return len(groups) < int(value)
    raise AssertionError(constraint)


RACKS = st.sampled_from(["r1", "r2", "r3", None]).map(agent)
COUNTING = st.one_of(
    st.just(rack("UNIQUE")), st.sampled_from([None, "r1", "r2"]).map(lambda value: rack("CLUSTER", value)),
    st.integers(0, 3).map(lambda n: rack("MAX_PER", str(n))), st.integers(1, 4).map(lambda n: rack("GROUP_BY", str(n))))


@given(COUNTING, st.lists(RACKS, max_size=8), RACKS, st.sampled_from(GroupBy), st.integers(1, 9))
def test_counts_mean_what_lists_mean(constraint: Constraint, placed: list[Location], offered: Location,
                                     group_by: GroupBy, instances: int) -> None:
    counted = Placed([constraint], placed, instances=instances, group_by=group_by)
    wanted = asked_again(constraint, placed, offered, group_by, instances)
    assert counted.accepts(offered) is wanted
    assert (counted.broken(offered) == ()) is wanted


@given(COUNTING, st.lists(RACKS, max_size=6), RACKS, RACKS)
def test_who_is_removed_was_never_there(constraint: Constraint, placed: list[Location], gone: Location,
                                        offered: Location) -> None:
    counted = Placed([constraint], placed)
    counted.add(gone)
    counted.remove(gone)
    assert counted.accepts(offered) is Placed([constraint], placed).accepts(offered)


@given(st.integers(1, 4), st.integers(1, 25), st.randoms(use_true_random=False))
def test_group_by_spreads_evenly_over_what_is_offered(racks: int, instances: int, random: Random) -> None:
    """With as many racks as there are, offered again and again, all are placed, and no two racks differ by two."""
    counted = Placed([rack("GROUP_BY", str(racks))])
    sizes = Counter({f"r{number}": 0 for number in range(racks)})
    for _ in range(instances):
        taken = next(name for name in random.sample(sorted(sizes), racks) if counted.accepts(agent(name)))
        counted.add(agent(taken))
        sizes[taken] += 1
    assert max(sizes.values()) - min(sizes.values()) <= 1


def test_group_by_is_stuck_with_one_rack() -> None:
    counted = Placed([rack("GROUP_BY", "2")], [agent("r1")])
    assert not counted.accepts(agent("r1"))
    assert Placed([rack("GROUP_BY")], [agent("r1")]).accepts(agent("r1"))


def test_without_n_the_unreleased_group_by_is_the_classic_one() -> None:
    """There it divides by zero."""
    counted = Placed([rack("GROUP_BY")], [agent("r1"), agent("r2")], group_by=GroupBy.MASTER)
    assert counted.accepts(agent("r1"))


@pytest.mark.parametrize(("value", "groups"), [("inf", False), ("+1", True), ("-3", True), ("x", True),
                                               ("99999999999", True)])
def test_the_n_of_group_by_is_lenient(value: str, groups: bool) -> None:
    assert Placed([rack("GROUP_BY", value)], [agent("r1")]).accepts(agent("r1")) is groups


@pytest.mark.parametrize(("operator", "value", "found", "wanted"), [
    ("LIKE", "r[1-3]", "r2", True), ("LIKE", "r", "r2", False), ("LIKE", "", "r2", False), ("LIKE", None, "r2", False),
    ("UNLIKE", "r[1-3]", "r2", False), ("UNLIKE", "r[1-3]", "r7", True), ("UNLIKE", "x", None, True),
    ("UNLIKE", "", "r2", False),
    ("IS", "1.0", "1", True), ("IS", "1.0005", "1", True), ("IS", "1.00051", "1", False), ("IS", "-1.0", "-1", False),
    ("IS", "r2", "r2", True), ("IS", "r2", None, False),
])
def test_values(operator: str, value: str | None, found: str | None, wanted: bool) -> None:
    assert Placed([rack(operator, value)]).accepts(agent(found)) is wanted


@pytest.mark.parametrize(("constraint", "placed", "offered", "wanted", "found"), [
    (rack("UNIQUE"), [agent("r1")], agent("r1"), "UNIQUE", "r1, where 1 are"),
    (rack("MAX_PER", "1"), [agent("r1")], agent("r1"), "MAX_PER 1", "r1, where 1 are"),
    (rack("CLUSTER"), [agent("r1")], agent("r2"), "CLUSTER, which is r1 by now", "r2"),
    (rack("LIKE", "x"), [], agent("r2"), "LIKE x", "r2"),
    (rack("IS", "x"), [], agent(), "x", "none"),
])
def test_what_people_read(constraint: Constraint, placed: list[Location], offered: Location, wanted: str,
                          found: str) -> None:
    broken, = Placed([constraint], placed).broken(offered)
    assert (broken.constraint, broken.wanted, broken.found) == (constraint, wanted, found)


def test_all_constraints_must_hold() -> None:
    counted = Placed([Constraint("hostname", "UNIQUE", None), rack("IS", "r1")], [agent("r1", "h1")])
    assert counted.accepts(agent("r1", "h2"))
    assert [each.constraint.operator for each in counted.broken(agent("r2", "h1"))] == ["UNIQUE", "IS"]
