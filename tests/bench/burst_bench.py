"""A hundred short tasks at once: how many end per second, and how long after the LAUNCH each has ended.

Beside it the raw API at its best parallelism: first a sweep finds how many containers at once the engine serves
fastest, then bursts of ours and of the raw side take turns.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.bench import budgets, stats
from tests.bench.launch_bench import what_is_asked
from tests.bench.raw_docker import TASKS_AT_ONCE, lives, payload, remove_all
from tests.bench.result import Row, Series
from tests.bench.settings import LABEL, Settings
from tests.bench.stages import stage
from tests.bench.tasks import task, task_id
from tests.bench.updates import Stage

SHORT = ("true",)
COUNT = 100


def bench(settings: Settings) -> Iterator[Row]:
    """Containers/s against parallelism, then the burst itself."""
    body = payload(settings.image, SHORT) if settings.master else what_is_asked(settings, "host")[0]
    body = {**body, "Cmd": list(SHORT)}
    rates: dict[int, list[list[float]]] = {}
    sweep = settings.times(32, 16)
    levels = (2, 4, 8) if settings.quick else TASKS_AT_ONCE
    for level in levels:
        rates[level] = [[sweep / lives(settings.docker_socket, body, sweep, level)[0]]]
    best = max(rates, key=lambda level: stats.median(rates[level][0]))
    for level, rate in rates.items():
        yield Row("burst", f"raw API, {level} at once", "/s", Series.of("raw API", rate), parallelism=level,
                  note="the best" if level == best else "")
    with stage(settings) as (place, name):
        yield from _bursts(settings, place, name, body, best)


def _bursts(settings: Settings, place: Stage, name: str, body: Mapping[str, Any], best: int) -> Iterator[Row]:
    ours: list[list[float]] = []
    floor: list[list[float]] = []
    for number in range(settings.times(3, 1)):
        for side in ((0, 1) if number % 2 == 0 else (1, 0)):
            if side == 0:
                ours.append(_burst(settings, place))
                remove_all(settings.docker_socket, LABEL)
            else:
                floor.append(lives(settings.docker_socket, body, COUNT, best)[1])
    raw = f"raw API, {best} at once"
    yield Row("burst", f"{COUNT} short tasks: rate", "/s", Series.of(name, [[COUNT / max(ends)] for ends in ours]),
              (Series.of(raw, [[COUNT / max(ends)] for ends in floor]),), (budgets.BURST_OVER_RAW,))
    yield Row("burst", f"{COUNT} short tasks: time to terminal", "s", Series.of(name, ours), (Series.of(raw, floor),))


def _burst(settings: Settings, place: Stage) -> list[float]:
    """Seconds from the LAUNCH to each task's terminal update."""
    tasks = [task(SHORT, image=settings.image, custom=place.custom, mem=16.0) for _ in range(COUNT)]
    launched = place.launch(*tasks)
    ends = place.wait([task_id(made) for made in tasks], timeout=180)
    failed = [end.status.get("message") for end in ends.values() if end.state != "TASK_FINISHED"]
    if failed:
        raise RuntimeError(f"{len(failed)} of {COUNT} tasks did not finish: {failed[0]}")
    return [end.at - launched for end in ends.values()]
