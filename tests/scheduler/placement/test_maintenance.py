"""When an agent is left alone because of its maintenance."""
from __future__ import annotations

import pytest

from scheduler.placement.maintenance import is_available
from specs.messages.offer import Offer, Unavailability

START, LENGTH = 1000.0, 60.0


def offer(start: float | None = START, duration: float | None = LENGTH) -> Offer:
    long = None if duration is None else int(duration * 1e9)
    return Offer("O", "F", "S", "h", unavailability=None if start is None else Unavailability(int(start * 1e9), long))


@pytest.mark.parametrize(("now", "available"), [
    (939.0, True), (940.0, True), (941.0, False), (1000.0, False), (1060.0, False), (1060.1, True),
])
def test_from_the_draining_time_to_the_end(now: float, available: bool) -> None:
    assert is_available(offer(), now, draining=60.0) is available


def test_without_an_end_it_does_not_come_back() -> None:
    assert is_available(offer(duration=None), 999.0)
    assert not is_available(offer(duration=None), 1e9)


def test_without_a_window_it_is_there() -> None:
    assert is_available(offer(start=None), 0.0)
    assert is_available(offer(start=None), 1e9)
