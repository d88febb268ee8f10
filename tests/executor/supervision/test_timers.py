"""Many clocks in one loop."""
from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from executor.supervision.timers import LONGEST_WAIT, Timers


def test_they_ring_in_order_and_once() -> None:
    timers: Timers[str] = Timers()
    timers.start("late", 3.0)
    timers.start("early", 1.0)
    timers.start("never", 2.0)
    timers.cancel("never")
    assert timers.next() == 1.0
    assert list(timers.due(5.0)) == ["early", "late"]
    assert timers.next() is None


def test_started_again_it_rings_at_the_new_time_only() -> None:
    timers: Timers[str] = Timers()
    timers.start("a", 1.0)
    timers.start("a", 2.0)
    assert list(timers.due(1.5)) == []
    assert list(timers.due(2.5)) == ["a"]


def test_keep_earlier() -> None:
    timers: Timers[str] = Timers()
    timers.start("a", 2.0)
    timers.start("a", 3.0, keep_earlier=True)
    assert timers.next() == 2.0
    timers.start("a", 1.0, keep_earlier=True)
    assert timers.next() == 1.0


def test_what_rings_may_cancel_and_start_others() -> None:
    timers: Timers[str] = Timers()
    for name, at in (("a", 1.0), ("b", 2.0)):
        timers.start(name, at)
    rung = []
    for name in timers.due(9.0):
        rung.append(name)
        if name == "a":
            timers.cancel("b")
            timers.start("c", 3.0)
    assert rung == ["a", "c"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 20), st.sampled_from(["start", "cancel", "keep"]))))
def test_against_a_plain_dict(steps: list[tuple[int, int, str]]) -> None:
    timers: Timers[int] = Timers()
    plain: dict[int, int] = {}
    for key, at, what in steps:
        if what == "cancel":
            timers.cancel(key)
            plain.pop(key, None)
        else:
            timers.start(key, at, keep_earlier=what == "keep")
            plain[key] = min(at, plain.get(key, at)) if what == "keep" else at
    assert timers.next() == min(plain.values(), default=None)
    assert sorted(timers.due(100.0)) == sorted(plain)


def test_what_no_lock_can_wait_for_is_waited_for_in_parts() -> None:
    timers: Timers[str] = Timers()
    assert timers.wait(0.0) is None
    timers.start("in 292 years", 9.3e9)
    assert timers.wait(0.0) == LONGEST_WAIT
    timers.start("never", math.inf)
    timers.start("now", math.nan)
    assert timers.wait(0.0) == 0.0
    assert list(timers.due(0.0)) == ["now"]


def test_cancelled_ones_do_not_pile_up() -> None:
    timers: Timers[int] = Timers()
    for number in range(10_000):
        timers.start(number, 1e9 + number)
        timers.cancel(number - 3)
    assert len(timers._heap) < 200
    assert list(timers.due(2e9)) == [9997, 9998, 9999]
