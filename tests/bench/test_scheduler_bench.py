"""The scheduler's benchmark measures what it says, on small numbers."""
from __future__ import annotations

from tests.bench import scheduler_bench


def test_rates_are_of_whole_lives() -> None:
    assert scheduler_bench.launch_rate(20, agents=3) > 0
    assert scheduler_bench.update_rate(20) > 0
    assert len(scheduler_bench.offer_rate(5, 3)) == 3
    assert min(scheduler_bench.offer_rate(5, 3)) > 0


def test_rates_over_http_are_of_a_real_driver_and_a_master_that_waits_for_every_acknowledgement() -> None:
    assert min(scheduler_bench.http_rates(20, agents=3).values()) > 0
