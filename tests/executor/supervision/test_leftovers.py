"""What could not be removed is tried again."""
from __future__ import annotations

import queue
import time

from executor.supervision.blocking.leftovers import Leftovers


def test_all_of_them_once_after_a_while() -> None:
    removed = queue.SimpleQueue[str]()
    leftovers = Leftovers(removed.put, pause=0.05)
    for name in ("a", "b", "a"):
        leftovers.add(name)
    assert {removed.get(timeout=30), removed.get(timeout=30)} == {"a", "b"}
    leftovers.add("c")
    assert removed.get(timeout=30) == "c"
    assert removed.empty()


def test_at_once_when_the_engine_is_back() -> None:
    removed = queue.SimpleQueue[str]()
    leftovers = Leftovers(removed.put, pause=600.0)
    leftovers.add("a")
    leftovers.again()
    leftovers.again()
    assert removed.get(timeout=30) == "a"
    assert removed.empty()


def test_what_may_come_late_is_asked_for_again_although_there_is_none_yet() -> None:
    removed: queue.SimpleQueue[str] = queue.SimpleQueue()
    leftovers = Leftovers(removed.put, pause=0.02)
    leftovers.add("late", lasting=0.5)
    leftovers.add("late")  # another try has failed meanwhile
    assert [removed.get(timeout=30) for _ in range(5)] == ["late"] * 5
    assert leftovers
    deadline = time.monotonic() + 30
    while leftovers and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not leftovers
