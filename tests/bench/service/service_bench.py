"""The service with thousands of instances: a `serve` process on a simulated cluster (see `cluster`)."""
from __future__ import annotations

import random
import time
from collections.abc import Iterator

from scheduler.placement.matching import Overhead
from scheduler.placement.needs import Need, thousandths
from scheduler.placement.spread import Demand, SpreadPolicy, spread
from specs.marathon.app import Constraint
from tests.bench import budgets
from tests.bench.result import Row, Series
from tests.bench.service.measures import FLIPS, STREAMS, UPDATES, Found, measured
from tests.bench.settings import Settings
from tests.fakes.master import offer, offer_of

AGENTS = 1000
SIZE = 10_000
GROWTH = (1_000, 3_000, 10_000, 30_000, 100_000)
CONSTRAINTS: dict[str, tuple[Constraint, ...]] = {
    "none": (), "UNIQUE": (Constraint("hostname", "UNIQUE"),), "CLUSTER": (Constraint("rack", "CLUSTER", "r1"),),
    "GROUP_BY": (Constraint("rack", "GROUP_BY", "20"),), "LIKE": (Constraint("rack", "LIKE", "r1?[0-9]"),),
    "UNLIKE": (Constraint("rack", "UNLIKE", "r1"),), "MAX_PER": (Constraint("rack", "MAX_PER", "50"),),
    "IS": (Constraint("rack", "IS", "r1"),)}


def bench(settings: Settings) -> Iterator[Row]:
    """Rows of part "service"."""
    yield from _matching(settings)
    agents, sizes = (100, GROWTH[:1]) if settings.quick else (AGENTS, GROWTH)
    for size in sizes:
        rounds = settings.times(100, 20) * SIZE // max(SIZE, size)  # the larger ones take long
        looked = measured(agents, size, rounds, floor=size <= SIZE)
        yield from _rows(looked, f"{size:,} instances of {size // 10:,} apps on {agents:,} agents", size)


def _rows(found: Found, what: str, size: int) -> Iterator[Row]:
    """Budgets are for the size that design.md names."""
    promised = size == SIZE
    floor = () if found.floor is None else (Series.single("a scripted scheduler", found.floor),)
    yield Row("service", f"{what}: from the request to all running", "s", Series.single("ours", found.all_running),
              floor, (budgets.SERVICE_OVER_SCRIPTED,) if promised else (), scale=size,
              note=f"offers every 1 s, running after 100 ms; the first ACCEPT after {found.first_accept:.1f} s")
    for path, times in found.lists.items():
        limits = (budgets.LIST_OF_APPS,) if promised and path == "/v2/apps" else ()
        yield Row("service", f"{what}: GET {path}", "ms", Series.of("ours", [[1000 * each for each in times]]),
                  budgets=limits, scale=size, note=f"{UPDATES:g} updates/s meanwhile")
    yield Row("service", f"{what}: memory of an instance", "KiB", Series.single("ours", found.bytes_each / 1024),
              budgets=(budgets.EACH_INSTANCE,) if promised else (), scale=size, note="with its part of its app")
    yield Row("service", f"{what}: start after a kill -9 until the first ACCEPT", "s",
              Series.single("ours", found.restart), budgets=(budgets.SERVICE_RESTART,) if promised else (), scale=size)
    yield Row("service", f"{what}: an update's way from the master to {STREAMS} streams", "ms",
              Series.of("ours", [[1000 * each for each in found.lags]]), scale=size, note=f"{FLIPS} updates")


def _matching(settings: Settings) -> Iterator[Row]:
    """Offers matched with an app of a hundred instances, by its constraint."""
    agents = settings.times(AGENTS, 100)
    offers = [offer_of(offer(number, attributes={"rack": f"r{number % 20}"})) for number in range(agents)]
    need = Need({"cpus": thousandths(0.1), "mem": thousandths(32)}, (0,), frozenset({"*"}))
    below = random.Random(1).randrange
    for name, constraints in CONSTRAINTS.items():
        demand = Demand("/a", tuple(f"a.{number}" for number in range(100)), need, "*", constraints, (), 100,
                        Overhead("mesos-docker", {"cpus": 100, "mem": 32_000}))
        rates = []
        for _ in range(settings.times(10, 3)):
            began = time.perf_counter()
            spread(offers, [demand], SpreadPolicy(), now=0.0, below=below)
            rates.append(agents / (time.perf_counter() - began))
        yield Row("service", f"offers of {agents:,} agents matched with 100 instances, constraint {name}", "/s",
                  Series.of("ours", [rates]))
