"""A hundred short tasks at once: how many end per second, and how long after the LAUNCH each has ended.

Beside it the raw API at its best parallelism: first a sweep finds how many containers at once the engine serves
fastest, ours and raw in turn, both removing what has ended while they go on; then bursts of both take turns, in which
the raw side removes nothing before the end. On another cluster there is no sweep of ours: there the
pace of offers would be what is measured.
"""
from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.bench import budgets, stats
from tests.bench.launch_bench import what_is_asked
from tests.bench.raw_docker import RawDocker, lives, payload, remove_all
from tests.bench.result import Row, Series
from tests.bench.settings import Settings
from tests.bench.stages import stage
from tests.bench.tasks import task, task_id
from tests.bench.updates import Stage

SHORT = ("true",)
COUNT = 100
AT_ONCE = (1, 2, 4, 8, 16)
AT_ONCE_QUICK = (2, 8)


def bench(settings: Settings) -> Iterator[Row]:
    """Containers/s against parallelism, then the burst itself."""
    body = payload(settings.image, SHORT) if settings.master else what_is_asked(settings, ["host"])[0]["host"]
    body = {**body, "Cmd": list(SHORT)}
    rates: dict[int, float] = {}
    with stage(settings) as (place, name):
        for level in AT_ONCE_QUICK if settings.quick else AT_ONCE:
            row = _sweep(settings, place, name, body, level)
            rates[level] = stats.median((row.beside or (row.ours,))[0].values)
            yield row
        best = max(rates, key=lambda level: rates[level])
        yield from _bursts(settings, place, name, body, best)


def _sweep(settings: Settings, place: Stage, name: str, body: Mapping[str, Any], level: int) -> Row:
    count = max(settings.times(24, 16), 2 * level)
    raw = Series.single("raw API", count / _raw(settings, body, count, level))
    what = f"short tasks, {level} at once"
    if settings.master is not None:
        return Row("burst", what, "/s", raw, parallelism=level)
    ours = Series.single(name, count / _at_once(settings, place, count, level))
    remove_all(settings.docker_socket)
    return Row("burst", what, "/s", ours, (raw,), parallelism=level)


def _raw(settings: Settings, body: Mapping[str, Any], count: int, level: int) -> float:
    return lives(lambda: RawDocker(settings.docker_socket), body, count, level, sustained=True)[0]


def _at_once(settings: Settings, place: Stage, count: int, level: int) -> float:
    """Seconds for `count` tasks of which `level` are always under way."""
    began = time.monotonic()

    def life(_: int) -> float:
        made = task(SHORT, image=settings.image, custom=place.custom, mem=16.0)
        place.launch(made)
        return place.wait([task_id(made)])[task_id(made)].at

    with ThreadPoolExecutor(level) as pool:
        return max(pool.map(life, range(count))) - began


def _bursts(settings: Settings, place: Stage, name: str, body: Mapping[str, Any], best: int) -> Iterator[Row]:
    ours: list[list[float]] = []
    floor: list[list[float]] = []
    for number in range(settings.times(3, 1)):
        for side in ((0, 1) if number % 2 == 0 else (1, 0)):
            if side == 0:
                ours.append(_burst(settings, place))
                remove_all(settings.docker_socket)
            else:
                floor.append(lives(lambda: RawDocker(settings.docker_socket), body, COUNT, best)[1])
    raw = f"raw API, {best} at once"
    yield Row("burst", f"{COUNT} short tasks: rate", "/s", Series.of(name, [[COUNT / max(ends)] for ends in ours]),
              (Series.of(raw, [[COUNT / max(ends)] for ends in floor]),),
              (budgets.BURST_OVER_RAW,) if settings.master is None else ())
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
