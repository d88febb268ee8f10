"""Resource arithmetic: Mesos's texts, and the laws that a sum has."""
from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs.errors import SpecError
from specs.messages.resource import DiskInfo, Persistence, Range, ReservationInfo, Resource, RevocableInfo, SharedInfo
from specs.resources.parsed import parse_resources
from specs.resources.printed import print_resource
from specs.resources.ranges import coalesce, count, fixed, floating, subtract_ranges
from specs.resources.rules import overlap, resource_problem, revocable_problem
from specs.resources.sums import Resources

ranges = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)).map(lambda t: Range(t[0], t[0] + t[1])), max_size=5)
scalars = st.integers(1, 5000).map(lambda n: n / 1000)
resources = st.lists(st.one_of(
    st.tuples(st.sampled_from(["cpus", "mem"]), scalars, st.sampled_from([None, "a"])).map(
        lambda t: Resource(t[0], "SCALAR", scalar=t[1], role=t[2])),
    ranges.map(lambda r: Resource("ports", "RANGES", ranges=coalesce(r))),
), max_size=6)


def numbers(items: tuple[Range, ...] | list[Range]) -> set[int]:
    return {n for item in items for n in range(item.begin, item.end + 1)}


@given(ranges, ranges)
def test_ranges_are_sets_of_integers(left: list[Range], right: list[Range]) -> None:
    assert numbers(coalesce(left)) == numbers(left)
    assert count(left) == len(numbers(left))
    assert numbers(subtract_ranges(left, right)) == numbers(left) - numbers(right)
    joined = coalesce(left)
    assert all(a.end + 1 < b.begin for a, b in itertools.pairwise(joined))


@given(resources, resources)
def test_what_was_added_can_be_taken_away(left: list[Resource], right: list[Resource]) -> None:
    total = Resources(left) + right
    assert total.contains(left)
    assert total.contains(right)
    if not overlap(left, right):
        assert total - right == Resources(left)
        assert total - left - right == Resources()
    assert Resources(left) + right == Resources(right) + left


@given(st.lists(scalars, min_size=1, max_size=30))
def test_scalars_add_up_in_thousandths(values: list[float]) -> None:
    total = Resources(Resource("cpus", "SCALAR", scalar=value) for value in values)
    assert total.cpus == pytest.approx(sum(values), abs=1e-9)
    for value in values:
        total = total - [Resource("cpus", "SCALAR", scalar=value)]
    assert not total


def test_texts_are_those_of_mesos() -> None:
    offer = parse_resources("ports:[31000-31099];cpus:4;mem:4096;disk(web):10;zones:{a,b}").allocated("*")
    assert str(offer) == ("ports(allocated: *):[31000-31099]; cpus(allocated: *):4; mem(allocated: *):4096; "
                          "disk(allocated: *)(reservations: [(STATIC,web)]):10; zones(allocated: *):{a, b}")
    assert str(Resources()) == "{}"
    assert str(offer - parse_resources("ports:[31000-31099]").allocated("*")).startswith("zones(")
    assert print_resource(Resource("cpus", "SCALAR", scalar=1.23456, revocable=RevocableInfo())) == "cpus{REV}:1.235"


def test_what_is_told_apart_is_not_added() -> None:
    kept = Resource("cpus", "SCALAR", scalar=1, reservations=(ReservationInfo("DYNAMIC", "a", "p"),))
    free = Resource("cpus", "SCALAR", scalar=1)
    total = Resources([kept, free])
    assert len(list(total)) == 2
    assert total.cpus == 2
    assert not total.contains([replace(free, scalar=2)])
    assert revocable_problem(Resources([free, replace(free, revocable=RevocableInfo())]))


def test_a_shared_volume_is_counted() -> None:
    volume = Resource("disk", "SCALAR", scalar=8, disk=DiskInfo(persistence=Persistence("v")), shared=SharedInfo())
    twice = Resources([volume, volume])
    assert str(twice) == "disk[v]<SHARED>:8<2>"
    assert twice.disk == 8 << 20
    assert (twice - [volume]).contains([volume])
    assert not twice - [volume, volume]
    assert not (twice - [volume]).contains([volume, volume])


@pytest.mark.parametrize(("text", "problem"), [
    ("cpus", "Bad value for resources, missing or extra ':' in cpus"),
    ("cpus:x", "Bad type for resource cpus value x type TEXT"), ("p:[1-", "Mismatched brackets"),
    ("p:[1]", 'Expecting one or more "ranges"'), ("p:[a-b]", "Expecting non-negative integers in 'a'"),
    ("c:1;c:{a}", "Resources with the same name ('c') but different types are not allowed"),
    ("c(r:1", "mismatched parentheses")])
def test_wrong_texts(text: str, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_resources(text)
    assert problem in caught.value.problem


@pytest.mark.parametrize(("resource", "problem"), [
    (Resource("a", "TEXT"), "Unsupported resource type"), (Resource("a", "SET", set=("x", "x")), "duplicated elements"),
    (Resource("a", "SCALAR", scalar=0.0001), "value <= 0"),
    (Resource("a", "SCALAR", scalar=1, shared=SharedInfo()), "shared"),
    (Resource("a", "SCALAR", scalar=1, disk=DiskInfo()), "DiskInfo should not be set for a resource"),
    (Resource("a", "SCALAR", scalar=1, role="a b"), "Role component 'a b' is invalid"),
    (Resource("a", "SCALAR", scalar=1, reservations=(ReservationInfo("STATIC", "*"),)), 'role "*" cannot be reserved'),
    (Resource("a", "SCALAR", scalar=1, reservations=(ReservationInfo("STATIC", "a"), ReservationInfo("DYNAMIC", "b"))),
     "role 'b' is not a refinement of 'a'"),
    (Resource("a", "SCALAR", scalar=1, role="b", reservations=(ReservationInfo("STATIC", "a"),)), "does not match"),
])
def test_malformed_resources(resource: Resource, problem: str) -> None:
    assert problem in (resource_problem(resource) or "")


@pytest.mark.parametrize("value", [2.0**53, 1e300, 1.797693134862316e+305, 1.7976931348623157e+308])
def test_scalars_beyond_all_agents_are_numbers_like_others(value: float) -> None:
    assert floating(fixed(value)) == value
    assert fixed(-value) == -fixed(value)


def test_resources_as_json() -> None:
    text = """[{"name": "cpus", "type": "SCALAR", "scalar": {"value": 2}, "role": "db"},
               {"name": "disk", "type": "SCALAR", "scalar": {"value": 8}, "reservations": [
                   {"type": "DYNAMIC", "role": "db"}], "disk": {"persistence": {"id": "v"}}}]"""
    assert str(parse_resources(text)) == "cpus(reservations: [(STATIC,db)]):2; disk(reservations: [(DYNAMIC,db)])[v]:8"


@pytest.mark.parametrize(("text", "error"), [
    ("[1]", "[0]: must be an object, found the number 1"),
    ('[{"name": "cpus", "type": "SCALAR", "scalar": {"value": -1}}]', "Invalid scalar resource: value <= 0"),
    ('[{"name": "cpus"}]', "[0].type: is required"),
    ("[", "is not JSON: Expecting value at line 1 column 2"),
])
def test_json_that_is_no_resources(text: str, error: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_resources(text)
    assert str(caught.value) == error
