"""Which images go when their store is too large."""
from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.node.collection import Marks, StoredImage, superfluous

NOW = 1_000_000.0
MARKS = Marks(high=100, low=50, grace=3600.0)


def image(name: str, own: int, hours: float, *used_by: str) -> StoredImage:
    return StoredImage(name, (name,), own + 5, own, NOW - hours * 3600, used_by)


@pytest.mark.parametrize(("images", "size", "gone"), [
    ([], 200, []),
    ([image("a", 60, 9)], 100, []),  # not above the high mark
    ([image("a", 60, 9)], 101, ["a"]),
    ([image("a", 60, 9), image("b", 60, 10)], 110, ["b"]),  # that is enough
    ([image("a", 60, 9), image("b", 60, 10)], 120, ["b", "a"]),
    ([image("a", 60, 9), image("b", 60, 10, "container")], 500, ["a"]),
    ([image("a", 60, 0.5)], 500, []),  # it has just come
    ([replace(image("a", 60, 9), since=None)], 500, []),  # nobody knows
    ([image("a", 0, 9), image("b", 60, 8)], 101, ["a", "b"]),  # what it shares may be freed with the next
])
def test_what_goes(images: list[StoredImage], size: int, gone: list[str]) -> None:
    assert [each.id for each in superfluous(images, size, MARKS, NOW)] == gone


IMAGES = st.lists(st.builds(image, st.text("abcdef", min_size=1, max_size=3), st.integers(0, 60),
                            st.floats(0, 5)), max_size=8, unique_by=lambda each: each.id)


@given(IMAGES, st.sets(st.integers(0, 7)), st.integers(0, 400), st.integers(0, 200), st.integers(0, 200))
def test_never_what_is_used_or_new_and_no_more_than_needed(
        images: list[StoredImage], used: set[int], size: int, one: int, other: int) -> None:
    held = [StoredImage(each.id, each.names, each.size, each.own, each.since, ("c",) if place in used else ())
            for place, each in enumerate(images)]
    marks = Marks(max(one, other), min(one, other), 3600.0)
    gone = superfluous(held, size, marks, NOW)
    assert not any(each.used_by or NOW - (each.since or NOW) < marks.grace for each in gone)
    if size <= marks.high:
        assert not gone
    if gone:
        assert size - sum(each.own for each in gone[:-1]) > marks.low  # each of them was needed
    left = [each for each in held if each not in gone and not each.used_by
            and NOW - (each.since or NOW) >= marks.grace]
    assert not left or size <= marks.high or size - sum(each.own for each in gone) <= marks.low
