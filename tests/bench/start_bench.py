"""How long a custom executor takes from its start to SUBSCRIBE, and the interpreter's share of it. The drop-in has a
part of its own: drop_in_bench.py.

Started as an agent starts it: a new session, a replaced environment, a pipe on stdin. The moment of SUBSCRIBE is when
the agent has read it. Beside ours stands the same interpreter, started to do nothing.
"""
from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench import budgets
from tests.bench.agent import TimedAgent
from tests.bench.result import Row, Series
from tests.bench.settings import EXECUTOR, Settings


def bench(settings: Settings) -> Iterator[Row]:
    """Rows in ms."""
    custom = f"--docker_socket={settings.docker_socket}"
    module = [sys.executable, "-m", "executor"]
    ways = {"custom": [str(EXECUTOR), custom], "custom, python -m executor": [*module, custom]}
    for way, command in ways.items():
        ours: list[list[float]] = []
        bare: list[list[float]] = []
        for _ in range(settings.times(5, 2)):
            ours.append([_subscribe(command) * 1000 for _ in range(3)])
            bare.append([_bare() * 1000 for _ in range(3)])
        yield Row("start", f"process start → SUBSCRIBE, {way}", "ms", Series.of("ours", ours),
                  (Series.of("python that does nothing", bare),), (budgets.START_TO_SUBSCRIBE,))
    yield from _imports(settings)


def _imports(settings: Settings) -> Iterator[Row]:
    """What loading our modules costs, and which of them cost most; -X importtime itself slows them down somewhat."""
    readings = [_import_times("executor.program,executor.agent.driver,executor.supervision.supervisor")
                for _ in range(settings.times(5, 2))]
    yield Row("start", "imports before SUBSCRIBE", "ms",
              Series.of("executor", [[sum(own for own, _ in reading) / 1000] for reading in readings]),
              note=costliest(readings[-1]))
    sdk = [_import_times("executor.docker.runtime") for _ in range(settings.times(5, 2))]
    yield Row("start", "imports of the Docker SDK, on a worker meanwhile", "ms",
              Series.of("executor", [[sum(own for own, _ in reading) / 1000] for reading in sdk]),
              note=costliest(sdk[-1]))


def parse_import_times(text: str) -> list[tuple[int, str]]:
    """Microseconds that each module took by itself, and its name, from what `-X importtime` writes."""
    told = [line.split(":", 1)[1].split("|") for line in text.splitlines() if line.startswith("import time:")]
    return [(int(own), name.strip()) for own, _, name in told if own.strip().isdigit()]


def costliest(reading: Sequence[tuple[int, str]], count: int = 4) -> str:
    """The packages that take most of the time, each with its modules."""
    packages: dict[str, int] = {}
    for own, name in reading:
        packages[name.partition(".")[0]] = packages.get(name.partition(".")[0], 0) + own
    most = sorted(packages.items(), key=lambda package: -package[1])[:count]
    return f"{len(reading)} modules; " + ", ".join(f"{name} {own / 1000:.0f} ms" for name, own in most)


def _import_times(modules: str) -> list[tuple[int, str]]:
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", f"import {modules}"], check=True,
                          capture_output=True, text=True)
    return parse_import_times(done.stderr)


def _subscribe(command: Sequence[str]) -> float:
    agent = TimedAgent()
    with tempfile.TemporaryDirectory(prefix="mesos-docker-bench-") as folder, contextlib.closing(agent):
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, env=agent.environment(Path(folder)), text=True,
                                   start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        subscribed: float | None = None
        with contextlib.suppress(TimeoutError):
            subscribed = agent.wait_subscribed(10)
        process.kill()
        _, errors = process.communicate()
        if subscribed is None:
            raise RuntimeError(f"{command} does not subscribe: {errors[-1000:]}")
        return subscribed - began


def _bare() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-I", "-c", ""], check=True)
    return time.monotonic() - began
