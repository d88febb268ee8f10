"""Resources that are more than amounts: only what is exactly that is taken, everything else waits and says why."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.placement.matching import Match, Overhead, Wish, match
from scheduler.placement.needs import Need
from scheduler.tasks.launching import need
from specs.errors import SpecError
from specs.forms.codec import read
from specs.forms.taskinfo import task_from_mapping
from specs.messages.offer import Offer
from specs.messages.resource import Resource
from specs.resources.sums import Resources
from tests.fakes.master import offer, offer_of

Json = dict[str, Any]

DB: Json = {"reservations": [{"type": "DYNAMIC", "role": "db", "principal": "me"}]}
STATIC: Json = {"reservations": [{"type": "STATIC", "role": "db"}]}
LABELS: Json = {"labels": {"labels": [{"key": "a", "value": "b"}]}}
LABELLED: Json = {"reservations": [{"type": "DYNAMIC", "role": "db", **LABELS}]}
VOLUME: Json = {"volume": {"mode": "RW", "container_path": "data"}}


def scalar(name: str, value: float, **more: Any) -> Json:
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}, **more}


def volume(value: float = 64, volume_id: str = "pv1", **more: Any) -> Json:
    return scalar("disk", value, **DB, disk={"persistence": {"id": volume_id, "principal": "me"}, **VOLUME}, **more)


def source(value: float, kind: str, **more: Any) -> Json:
    return scalar("disk", value, disk={"source": {"type": kind, **more}})


def task(*resources: Json) -> Wish:
    info = task_from_mapping({"name": "t", "task_id": {"value": "t"}, "resources": list(resources)}, strict=True,
                             without_agent=True)
    return Wish("t", need(info))


def offered(*resources: Json, role: str = "db") -> Offer:
    allocated = [{"allocation_info": {"role": role}, **each} for each in resources]
    return offer_of({**offer(0, cpus=4, role=role, ports=()), "resources": allocated})


def placed(wish: Wish, *resources: Json, role: str = "db") -> tuple[Resource, ...]:
    launches = match([offered(*resources, role=role)], [wish]).launches
    return launches[0].placements[0].taken.resources if launches else ()


PLENTY = (scalar("cpus", 4), scalar("mem", 4096), scalar("disk", 9999))
KINDS: dict[str, tuple[Json, Json, list[Json]]] = {  # what is wanted, what fits, and what looks like it
    "persistent volume": (volume(), volume(), [
        volume(volume_id="pv2"), volume(32), scalar("disk", 64), scalar("disk", 64, **DB),
        volume(shared={}), {**volume(), **STATIC}, source(64, "MOUNT", mount={"root": "/m"})]),
    "static reservation": (scalar("cpus", 2, **STATIC), scalar("cpus", 2, **STATIC), [
        scalar("cpus", 2), scalar("cpus", 2, **DB), scalar("cpus", 1, **STATIC),
        scalar("cpus", 2, reservations=[{"type": "STATIC", "role": "eng"}])]),
    "static reservation in the older form": (scalar("cpus", 2, role="db"), scalar("cpus", 2, **STATIC), [
        scalar("cpus", 2), scalar("cpus", 2, **DB)]),
    "dynamic reservation with labels": (scalar("mem", 64, **LABELLED), scalar("mem", 64, **LABELLED), [
        scalar("mem", 64, **DB), scalar("mem", 64)]),
    "any PATH disk": (source(10, "PATH"), source(20, "PATH", path={"root": "/p"}), [
        source(20, "MOUNT", mount={"root": "/p"}), scalar("disk", 20), volume()]),
    "this PATH disk": (source(10, "PATH", path={"root": "/p"}), source(20, "PATH", path={"root": "/p"}), [
        source(20, "PATH", path={"root": "/q"})]),
    "MOUNT disk": (source(10, "MOUNT"), source(20, "MOUNT", mount={"root": "/m"}), [
        source(20, "PATH", path={"root": "/m"}), source(5, "MOUNT", mount={"root": "/m"})]),
    "disk of a profile": (source(10, "MOUNT", profile="fast"), source(10, "MOUNT", profile="fast", id="x"), [
        source(10, "MOUNT", profile="slow", id="x")]),
    "revocable": (scalar("cpus", 1, revocable={}), scalar("cpus", 1, revocable={}), [scalar("cpus", 1)]),
    "not revocable": (scalar("cpus", 1), scalar("cpus", 1), [scalar("cpus", 1, revocable={})]),
    "shared": (volume(shared={}), volume(shared={}), [volume()]),
    "provider": (scalar("gpus", 1, provider_id={"value": "P"}), scalar("gpus", 1, provider_id={"value": "P"}), [
        scalar("gpus", 1), scalar("gpus", 1, provider_id={"value": "Q"})]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_exactly_that(kind: str) -> None:
    wanted, right, _ = KINDS[kind]
    taken, = placed(task(wanted), right)
    assert replace(taken, scalar=None, allocation_info=None) == replace(read(Resource, right, strict=True), scalar=None)
    assert taken.allocation_info is not None


@pytest.mark.parametrize(("kind", "wrong"), [(kind, wrong) for kind, (_, _, more) in KINDS.items() for wrong in more])
def test_and_nothing_that_looks_like_it(kind: str, wrong: Json) -> None:
    wanted = task(KINDS[kind][0])
    others = [each for each in PLENTY if kind != "not revocable" and "reservations" not in wrong]
    matched = match([offered(wrong, *others)], [wanted])
    assert not matched.launches
    shortage, *_ = matched.misfits["t"][0].shortages
    assert str(shortage)


def test_why_it_waits() -> None:
    matched = match([offered(*PLENTY)], [task(volume())])
    assert [str(each) for each in matched.misfits["t"][0].shortages] == [
        "disk(reservations: [(DYNAMIC,db,me)])[pv1:data]: 64 needed, none (but disk:9999) offered"]


def test_it_is_mounted_where_the_task_wants_it() -> None:
    made = {**volume(), "disk": {"persistence": {"id": "pv1"}, "volume": {"mode": "RO", "container_path": "old"}}}
    taken, = placed(task(volume()), made)
    assert taken.disk is not None
    assert taken.disk.volume is not None
    assert (taken.disk.volume.container_path, taken.disk.volume.mode) == ("data", "RW")


@pytest.mark.parametrize(("wanted", "right"), [
    (volume(32), volume(64)), (source(10, "MOUNT"), source(20, "MOUNT", mount={"root": "/m"}))])
def test_what_cannot_be_divided_is_taken_whole_and_once(wanted: Json, right: Json) -> None:
    two = [Wish(name, task(wanted).need) for name in "ab"]
    matched = match([offered(right)], two)
    placement, = matched.launches[0].placements
    assert placement.taken.resources[0].scalar == right["scalar"]["value"]
    assert list(matched.misfits) == ["b"]


def test_a_shared_volume_is_for_several() -> None:
    two = [Wish(name, task(volume(shared={})).need) for name in "ab"]
    assert len(match([offered(volume(shared={}))], two).launches[0].placements) == 2


def test_amounts_leave_to_exact_needs_what_only_fits_them() -> None:
    """Of 1 reserved cpu and 1 that is not, a task of both takes both; amounts would begin with the reserved one."""
    both = task(scalar("cpus", 1), scalar("cpus", 1, **STATIC))
    assert len(placed(both, scalar("cpus", 1, **STATIC), scalar("cpus", 1))) == 2
    assert not placed(both, scalar("cpus", 1.5, **STATIC))
    assert len(placed(both, scalar("cpus", 2, **STATIC))) == 2  # what is reserved for us is good for amounts, too


def test_the_executor_is_paid_beside_it() -> None:
    wish = replace(task(scalar("cpus", 1, **STATIC)), overhead=Overhead("E", {"cpus": 100}))
    assert match([offered(scalar("cpus", 1, **STATIC), scalar("cpus", 0.1))], [wish]).launches
    assert not match([offered(scalar("cpus", 1, **STATIC), scalar("cpus", 0.05))], [wish]).launches


def ports(begin: int, end: int, **more: Any) -> Json:
    return {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": begin, "end": end}]}, **more}


def test_reserved_ports() -> None:
    wanted = task(ports(80, 81, **STATIC))
    taken, = placed(wanted, ports(1, 79), ports(80, 90, **STATIC))
    assert taken.reservations
    matched = match([offered(ports(1, 100))], [wanted])
    assert [str(each) for each in matched.misfits["t"][0].shortages] == [
        "ports(reservations: [(STATIC,db)]): 80, 81 needed, none (but ports:[1-100]) offered"]


def test_the_role_of_an_allocation() -> None:
    wanted = task(scalar("cpus", 1, allocation_info={"role": "db"}))
    assert placed(wanted, scalar("cpus", 1))
    matched = match([offered(scalar("cpus", 1), role="web")], [wanted])
    assert [str(each) for each in matched.misfits["t"][0].shortages] == ["role: db needed, web offered"]
    with pytest.raises(SpecError, match="are for one role, found a, b"):
        task(*(scalar("cpus", 1, allocation_info={"role": role}) for role in "ab"))


def test_needs_of_one_shape_are_looked_for_once_and_others_are_not() -> None:
    shapes = {Need(exact=task(each).need.exact).shape for each in (volume(), volume(volume_id="pv2"), volume(32))}
    assert len(shapes) == 3
    assert task(volume()).need.shape == task(volume()).need.shape


RESOURCES = st.lists(st.sampled_from([
    scalar("cpus", 1), scalar("cpus", 2, **STATIC), scalar("cpus", 1, **DB), scalar("cpus", 1, revocable={}), volume(8),
    volume(8, "pv2"), volume(8, "pv3", shared={}), source(8, "PATH", path={"root": "/p"}), scalar("disk", 8),
    source(8, "MOUNT", mount={"root": "/m"}), ports(1, 3), ports(4, 6, **STATIC)]), max_size=6, unique_by=str)


@given(RESOURCES, st.lists(RESOURCES.filter(bool), max_size=5))
def test_what_is_taken_was_offered_and_is_what_was_asked_for(here: list[Json], wanted: list[list[Json]]) -> None:
    """As Mesos counts it: all that is taken together was offered, and what a task gets holds what it asked for."""
    wishes = [replace(task(*resources), task_id=f"t{number}") for number, resources in enumerate(wanted)]
    matched: Match = match([offered(*here)], wishes)
    there = Resources(offered(*here).resources)
    placements = [each for launch in matched.launches for each in launch.placements]
    shared = [one for each in placements for one in each.taken.resources if one.shared is not None]
    assert there.contains(one for each in placements for one in each.taken.resources if one.shared is None)
    assert all(there.contains([one]) for one in shared)
    for each in placements:
        asked = [read(Resource, one, strict=True) for one in wanted[int(each.task_id[1:])]]
        got = Resources(replace(one, allocation_info=None) for one in each.taken.resources)
        assert got.contains(one for one in asked if one.reservations or one.disk or one.revocable)
        assert (got.cpus or 0) == sum(one.scalar or 0 for one in asked if one.name == "cpus")
    assert len(placements) + len(matched.misfits) == len(wishes)
