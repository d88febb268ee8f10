"""Who goes when an app with GROUP_BY shrinks."""
from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from scheduler.placement.balance import chosen_to_end
from scheduler.placement.location import Location
from specs.marathon.app import Constraint

BY_RACK = Constraint("rack", "GROUP_BY", None)
BY_COLOR = Constraint("color", "GROUP_BY", None)
Instances = list[tuple[str, Location | None]]


def instances(*places: tuple[str, str] | None) -> Instances:
    """Each on an agent of this rack and this color, or on none."""
    return [(str(number), None if place is None else
             Location("S", "h", attributes=(("rack", place[0]), ("color", place[1]))))
            for number, place in enumerate(places)]


def left(placed: Instances, chosen: list[str], field: str) -> list[int]:
    """How many are left by value of the field; values that nobody is left of count 0."""
    counts = Counter({place.value(field) if place else None: 0 for _, place in placed})
    counts.update(place.value(field) if place else None for each, place in placed if each not in chosen)
    return sorted(counts.values())


def test_the_fuller_rack_gives() -> None:
    placed = instances(*[("r1", "blue")] * 20, *[("r2", "blue")] * 10)
    chosen = chosen_to_end([BY_RACK], placed, 10)
    assert chosen == [str(number) for number in range(10)]


def test_two_constraints_stay_even() -> None:
    placed = instances(*([(rack, color) for rack in ("r1", "r2") for color in ("blue", "green")] * 10))
    chosen = chosen_to_end([BY_RACK, BY_COLOR], placed, 20)
    assert len(chosen) == 20
    assert left(placed, chosen, "rack") == left(placed, chosen, "color") == [10, 10]


def test_without_group_by_nobody_is_chosen_unless_all_go() -> None:
    placed = instances(("r1", "blue"), ("r2", "blue"))
    assert chosen_to_end([Constraint("rack", "UNIQUE", None)], placed, 1) == []
    assert chosen_to_end([], placed, 2) == ["0", "1"]


def test_those_without_an_agent_are_a_group() -> None:
    placed = instances(None, None, None, ("r1", "blue"))
    assert chosen_to_end([BY_RACK], placed, 2) == ["0", "1"]


PLACES = st.lists(st.one_of(st.none(), st.tuples(st.sampled_from(["r1", "r2", "r3"]), st.sampled_from(["b", "g"]))),
                  min_size=1, max_size=20)


@given(PLACES, st.data(), st.sampled_from([[BY_RACK], [BY_RACK, BY_COLOR]]))
def test_never_less_even_than_before(places: list[tuple[str, str] | None], data: st.DataObject,
                                     rules: list[Constraint]) -> None:
    placed = instances(*places)
    count = data.draw(st.integers(0, len(placed) - 1))
    chosen = chosen_to_end(rules, placed, count)
    assert len(set(chosen)) == len(chosen) <= count
    for rule in rules:
        before, after = left(placed, [], rule.field), left(placed, chosen, rule.field)
        assert after[-1] - after[0] <= max(1, before[-1] - before[0])
    if len(rules) == 1:
        assert len(chosen) == count  # with one constraint the fullest group can always give
