"""Whether those who look in are in the way, and how soon they see what is written: by turns alone, and while 50 follow
output that grows and 10 commands run in containers.

All of it is real: `serve` with its embedded Mesos, our executor, Docker, `logs -f` and `exec`. Those who look in would
be on other machines, so here they are behind everybody else (`followers`), and what they look at writes all the time,
whether somebody looks or not.
"""
from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import budgets
from tests.bench.looking.measures import Ends, Lines, lookers, started
from tests.bench.result import Row, Series
from tests.bench.settings import Settings
from tests.e2e.served import serving

FOLLOWERS = 50
EXECS = 10

Rounds = list[list[float]]


def bench(settings: Settings) -> Iterator[Row]:
    """Rows in ms."""
    with tempfile.TemporaryDirectory(prefix="bench-looking-") as folder, serving(Path(folder)) as served:
        started(served)
        ends, lines = Ends(served, settings.docker_socket), Lines(served)
        alone, looked_at = Found(), Found()
        for _ in range(settings.times(4, 2)):
            alone.measure(ends, lines, settings.times(10, 5))
            with lookers(served, FOLLOWERS, EXECS):
                looked_at.measure(ends, lines, settings.times(10, 5))
        ends.close()
        lines.close()
    who = f"{FOLLOWERS} followers of output, {EXECS} execs"
    yield Row("looking", f"container killed → status_update_event, {who}", "ms",
              Series.of("with them", looked_at.killed), (Series.of("without", alone.killed),), (budgets.LOOKED_AT,))
    yield Row("looking", f"the engine says how it ended → status_update_event, {who}", "ms",
              Series.of("with them", looked_at.known), (Series.of("without", alone.known),))
    yield Row("looking", f"a task writes a line → `logs -f` has written it, {who}", "ms",
              Series.of("with them", looked_at.lines), (Series.of("without", alone.lines),),
              (budgets.LINE_FOLLOWED,))


class Found:
    """Milliseconds, by rounds."""

    def __init__(self) -> None:
        self.killed: Rounds = []
        self.known: Rounds = []
        self.lines: Rounds = []

    def measure(self, ends: Ends, lines: Lines, count: int) -> None:
        """One round."""
        told = [ends.measured() for _ in range(count)]
        self.killed.append([killed for killed, _ in told])
        self.known.append([known for _, known in told])
        self.lines.append([lines.measured() for _ in range(count)])
