"""Values survive being stored."""
from __future__ import annotations

import enum
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.storage.plain import plain, tag, valued
from specs.marathon.app import App, AppSecret, UnreachableStrategy
from specs.marathon.container import AppImage, Container, ExternalVolume, HostVolume, PersistentVolume, SecretVolume


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Leaf:
    name: str
    size: float = 1.0


@dataclass(frozen=True, slots=True)
class Thing:
    colour: Colour
    leaves: tuple[Leaf, ...] = ()
    pairs: tuple[tuple[str, int], ...] = ()
    by_name: Mapping[str, Leaf] = field(default_factory=dict)
    other: Leaf | None = Leaf("none")
    count: int | None = None


leaves = st.builds(Leaf, name=st.text(max_size=5), size=st.floats(allow_nan=False))
things = st.builds(
    Thing, colour=st.sampled_from(Colour), leaves=st.lists(leaves, max_size=3).map(tuple),
    pairs=st.lists(st.tuples(st.text(max_size=3), st.integers()), max_size=3).map(tuple),
    by_name=st.dictionaries(st.text(max_size=3), leaves, max_size=3), other=st.none() | leaves,
    count=st.none() | st.integers())


@given(things)
def test_a_value_comes_back(thing: Thing) -> None:
    assert valued(Thing, json.loads(json.dumps(plain(thing)))) == thing


def test_a_part_may_be_a_value_already() -> None:
    leaf = Leaf("x", 2.0)
    thing = valued(Thing, {"colour": "red", "leaves": [leaf, {"name": "y"}], "other": leaf})
    assert thing == Thing(Colour.RED, (leaf, Leaf("y")), other=leaf)
    assert thing.other is leaf


def test_what_is_as_usual_is_left_out() -> None:
    assert plain(Thing(Colour.RED)) == {"colour": "red"}
    assert plain(Thing(Colour.RED, other=None)) == {"colour": "red", "other": None}
    assert math.isinf(valued(Leaf, json.loads(json.dumps(plain(Leaf("x", math.inf))))).size)


tag(HostVolume, PersistentVolume, ExternalVolume, SecretVolume)


def test_an_app_comes_back_with_all_kinds_of_volumes() -> None:
    app = App("/a", env={"A": "1", "B": AppSecret("s")}, unreachable_strategy=None, container=Container(
        docker=AppImage("busybox"), volumes=(
            HostVolume("/h", "/host"), PersistentVolume("data", 10), ExternalVolume("/e", "v", "dvdi", {"a": "b"}),
            SecretVolume("/s", "secret"))))
    assert valued(App, json.loads(json.dumps(plain(app)))) == app
    with_strategy = App("/a", unreachable_strategy=UnreachableStrategy(5, 10))
    assert valued(App, json.loads(json.dumps(plain(with_strategy)))) == with_strategy


@pytest.mark.parametrize("stored", [{}, {"colour": "green"}, {"colour": "red", "unheard": 1}, {"colour": "red",
                                                                                                 "leaves": [{}]}])
def test_what_is_no_value_raises(stored: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        valued(Thing, stored)


def test_a_tag_is_stored_with_its_class() -> None:
    @dataclass(frozen=True)
    class Tagged:
        text: str

    tag(Tagged)
    assert plain(Tagged("x")) == {"is": "Tagged", "text": "x"}
