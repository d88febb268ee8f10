"""Many clocks in one loop."""
from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from executor.life.effects import Timer
from executor.supervision.timers import LONGEST_WAIT, CheckClock, Clock, Idle, TaskClock, Timers

EARLY, LATE, NEVER = TaskClock("a", Timer.GRACE), TaskClock("b", Timer.GRACE), CheckClock("a", health=True)
CLOCKS: tuple[Clock, ...] = (*(TaskClock(task, timer) for task in "ab" for timer in (Timer.STEP, Timer.DRAIN)),
                             CheckClock("a", health=True), CheckClock("a", health=False), Idle())


class Scene:
    """Timers, and a time that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers = Timers(lambda: self.now)

    def rung(self, now: float) -> list[Clock]:
        self.now = now
        return list(self.timers.due())


def test_they_ring_in_order_and_once() -> None:
    scene = Scene()
    scene.timers.start(LATE, 3.0)
    scene.timers.start(EARLY, 1.0)
    scene.timers.start(NEVER, 2.0)
    scene.timers.cancel(NEVER)
    assert scene.timers.wait() == 1.0
    assert scene.rung(5.0) == [EARLY, LATE]
    assert scene.timers.wait() is None


def test_seconds_count_from_the_start() -> None:
    scene = Scene()
    scene.now = 10.0
    scene.timers.start(EARLY, 1.0)
    assert scene.rung(10.5) == []
    assert scene.rung(11.0) == [EARLY]


def test_started_again_it_rings_at_the_new_time_only() -> None:
    scene = Scene()
    scene.timers.start(EARLY, 1.0)
    scene.timers.start(EARLY, 2.0)
    assert scene.rung(1.5) == []
    assert scene.rung(2.5) == [EARLY]


def test_keep_earlier() -> None:
    scene = Scene()
    scene.timers.start(EARLY, 2.0)
    scene.timers.start(EARLY, 3.0, keep_earlier=True)
    assert scene.timers.wait() == 2.0
    scene.timers.start(EARLY, 1.0, keep_earlier=True)
    assert scene.timers.wait() == 1.0


def test_what_rings_may_cancel_and_start_others() -> None:
    scene = Scene()
    scene.timers.start(EARLY, 1.0)
    scene.timers.start(LATE, 2.0)
    scene.now = 9.0
    rung = []
    for clock in scene.timers.due():
        rung.append(clock)
        if clock == EARLY:
            scene.timers.cancel(LATE)
            scene.timers.start(Idle(), -1.0)
    assert rung == [EARLY, Idle()]


def test_a_task_that_is_forgotten_has_no_clocks() -> None:
    scene = Scene()
    for clock in (EARLY, NEVER, LATE):
        scene.timers.start(clock, 1.0)
    scene.timers.forget("a")
    scene.timers.forget("nobody")
    assert scene.rung(2.0) == [LATE]


@given(st.lists(st.tuples(st.sampled_from(CLOCKS), st.integers(0, 20),
                          st.sampled_from(["start", "cancel", "keep", "forget"]))))
def test_against_a_plain_dict(steps: list[tuple[Clock, int, str]]) -> None:
    scene = Scene()
    plain: dict[Clock, int] = {}
    for clock, seconds, what in steps:
        if what == "cancel":
            scene.timers.cancel(clock)
            plain.pop(clock, None)
        elif what == "forget":
            scene.timers.forget(clock.task_id)
            plain = {each: at for each, at in plain.items() if each.task_id != clock.task_id}
        else:
            scene.timers.start(clock, seconds, keep_earlier=what == "keep")
            plain[clock] = min(seconds, plain.get(clock, seconds)) if what == "keep" else seconds
    assert scene.timers.wait() == min(plain.values(), default=None)
    assert sorted(scene.rung(100.0), key=repr) == sorted(plain, key=repr)


def test_what_no_lock_can_wait_for_is_waited_for_in_parts() -> None:
    scene = Scene()
    assert scene.timers.wait() is None
    scene.timers.start(LATE, 9.3e9)  # 292 years
    assert scene.timers.wait() == LONGEST_WAIT
    scene.timers.start(NEVER, math.inf)
    scene.timers.start(EARLY, math.nan)
    assert scene.timers.wait() == 0.0
    assert scene.rung(0.0) == [EARLY]


def test_cancelled_ones_do_not_pile_up() -> None:
    scene = Scene()
    for number in range(10_000):
        scene.timers.start(TaskClock(str(number), Timer.STEP), 1e9 + number)
        scene.timers.start(CheckClock(str(number), health=True), 1e9)
        scene.timers.cancel(TaskClock(str(number - 3), Timer.STEP))
        scene.timers.forget(str(number - 3))
    assert len(scene.timers._heap) < 300
    assert len(scene.rung(2e9)) == 6
    assert not scene.timers._running
