"""What could not be removed is tried again."""
from __future__ import annotations

import queue

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
