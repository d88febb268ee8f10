"""How long an exit takes to be told: the engine's FinishedAt → the terminal update is here, with other tasks running.

FinishedAt and our wall clock are the same machine's. Between the two lies the engine's own part, which nobody can
shorten who relies on its events: beside our figure stands the moment at which a bare reader of `/events` has read the
`die` event of the same exit.
"""
from __future__ import annotations

from collections.abc import Iterator

from tests.bench import budgets
from tests.bench.raw_docker import Exits
from tests.bench.result import Row, Series
from tests.bench.settings import Settings
from tests.bench.stages import stage
from tests.bench.tasks import TASK_LABEL, task, task_id
from tests.bench.updates import RUNNING, Stage

OTHERS = (1, 10, 50)


def bench(settings: Settings) -> Iterator[Row]:
    """Rows in ms."""
    with stage(settings) as (place, name):
        exits = Exits(settings.docker_socket, TASK_LABEL)
        sleepers: list[str] = []
        for others in OTHERS:
            fresh = [task(["sleep", "1000"], image=settings.image, custom=place.custom)
                     for _ in range(others - 1 - len(sleepers))]  # the one that ends is running too
            if fresh:
                place.launch(*fresh)
                sleepers += [task_id(made) for made in fresh]
                place.wait(sleepers, RUNNING, timeout=120)
            rounds = [[measured for _ in range(settings.times(6, 3)) if (measured := _exit(settings, place, exits))]
                      for _ in range(settings.times(4, 2))]
            yield from _rows(settings, name, others, rounds)
        for sleeper in sleepers:
            place.kill(sleeper)
        place.wait(sleepers, timeout=120)
        exits.close()


def _rows(settings: Settings, name: str, others: int, rounds: list[list[tuple[float, float]]]) -> Iterator[Row]:
    if not any(rounds):
        raise RuntimeError("no exit was seen on this machine's Docker: is the cluster on another machine?")
    told, floor = ([[values[side] * 1000 for values in measured] for measured in rounds] for side in range(2))
    seen = "" if settings.master is None else " seen by the framework"  # there the agent's and master's part is in it
    yield Row("exit", f"container exit → terminal update{seen}, {others} running", "ms", Series.of(name, told),
              (Series.of("die event read", floor),))
    ours = [[(update - event) * 1000 for update, event in measured] for measured in rounds]
    promised = (budgets.EXIT_P50, budgets.EXIT_P99) if settings.master is None and others == OTHERS[-1] else ()
    yield Row("exit", f"die event read → terminal update{seen}, {others} running", "ms", Series.of(name, ours),
              budgets=promised)


def _exit(settings: Settings, place: Stage, exits: Exits) -> tuple[float, float] | None:
    """Seconds from FinishedAt to the update, and to the `die` event; None if FinishedAt could not be had."""
    made = task(["sleep", "0.4"], image=settings.image, custom=place.custom)
    name = task_id(made)
    place.launch(made)
    place.wait([name], RUNNING)
    update = place.wait([name])[name]
    ended = exits.wait([name], timeout=5).get(name)
    return None if ended is None else (update.wall - ended.finished, ended.told - ended.finished)
