"""A mass loss: recognised, slowed, and lifted by people."""
from __future__ import annotations

import pytest

from scheduler.tasks.losses import Losses, lifted, lost, next_permit, permits, used


@pytest.mark.parametrize(("lots", "instances", "slowed"), [
    ([(0, 20)], 100, False), ([(0, 21)], 100, True), ([(0, 15), (30, 6)], 100, True), ([(0, 15), (61, 6)], 100, False),
    ([(0, 2)], 2, False), ([(0, 3)], 3, True), ([(0, 1), (59, 1), (59.5, 1)], 5, True)])
def test_recognised(lots: list[tuple[float, int]], instances: int, slowed: bool) -> None:
    losses = Losses()
    for at, count in lots:
        losses = lost(losses, count, instances, at)
    assert losses.is_slowed == slowed
    assert (permits(losses, 1000.0) is None) == (not slowed)


@pytest.mark.parametrize(("instances", "per_minute"), [(10, 6), (1000, 50), (10_000, 500)])
def test_slowed(instances: int, per_minute: int) -> None:
    losses, given_up, now = lost(Losses(), instances, instances, 0.0), 0, 0.0
    while now < 60.0:
        now = next_permit(losses, now)
        count = permits(losses, now)
        assert count is not None
        assert count > 0
        losses = used(losses, count)
        given_up += count
    assert given_up == pytest.approx(per_minute + 2, abs=1)


def test_people_end_it_and_nobody_else() -> None:
    losses = lost(Losses(), 50, 100, 0.0)
    assert permits(losses, 1e9) is not None
    losses = lost(losses, 1, 100, 1e9)
    assert losses.is_slowed
    assert permits(lifted(), 1e6) is None
    assert used(Losses(), 5) == Losses()
    assert next_permit(Losses(), 7.0) == 7.0
