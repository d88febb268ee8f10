"""Our Docker runtime alone, over the same calls made raw on the socket: one life, many at once, and what it holds.

A life is create, start, wait for the exit, remove. The difference to the floor is what the SDK, typed errors and
deadlines cost.
"""
from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from executor.docker.runtime import DockerRuntime
from tests.bench import docker_follower, stats
from tests.bench.raw_docker import Engine, RawDocker, lives, payload, remove_all, repeat
from tests.bench.result import Row, Series
from tests.bench.settings import Settings

AT_ONCE = (1, 2, 4, 8, 16)
AT_ONCE_QUICK = (8,)
FOLLOWED = (0, 10, 100)
FOLLOWED_QUICK = (0, 10)


class RuntimeEngine:
    """The runtime with the verbs that the raw side has; `wait` is not in its port, executors wait for events."""

    def __init__(self, runtime: DockerRuntime) -> None:
        self._containers = runtime.containers

    def create(self, payload: Mapping[str, Any], name: str) -> str:
        """The new container's id."""
        return self._containers.create(payload, name)

    def start(self, container: str) -> None:
        """Returns when it runs."""
        self._containers.start(container)

    def wait(self, container: str) -> int:
        """Returns the exit code when it has ended."""
        return self._containers.wait(container, 120)

    def remove(self, container: str) -> None:
        """By force, with its volumes."""
        self._containers.remove(container)

    def close(self) -> None:
        """The runtime is shared; it is closed by who made it."""


def bench(settings: Settings) -> Iterator[Row]:
    """Rows of part "docker"."""
    runtime = DockerRuntime(settings.docker_socket)
    ours = RuntimeEngine(runtime)
    yield _life(settings, ours)
    body = payload(settings.image, ["true"])
    for level in AT_ONCE_QUICK if settings.quick else AT_ONCE:
        makers: list[Callable[[], Engine]] = [lambda: ours, lambda: RawDocker(settings.docker_socket)]
        sides = [partial(_rate, make, body, level) for make in makers]
        rates = list(repeat(settings.times(2, 1), sides))
        yield Row("docker", f"lives, {level} at once", "/s", Series.of("runtime", [[rate[0]] for rate in rates]),
                  (Series.of("raw API", [[rate[1]] for rate in rates]),), parallelism=level)
    runtime.engine.close()
    yield from _followers(settings)


def _rate(make: Callable[[], Engine], body: Mapping[str, Any], level: int) -> float:
    count = max(16, 2 * level)
    return count / lives(make, body, count, level)[0]


def _life(settings: Settings, ours: Engine) -> Row:
    raw = RawDocker(settings.docker_socket)
    body = payload(settings.image, ["true"])
    sides = [partial(_seconds, engine, body) for engine in (ours, raw)]
    for side in sides:
        side()
    rounds = [list(repeat(settings.times(6, 4), sides)) for _ in range(settings.times(4, 2))]
    raw.close()
    mine, floor = ([[values[side] * 1000 for values in measured] for measured in rounds] for side in range(2))
    return Row("docker", "create, start, exit, remove", "ms", Series.of("runtime", mine),
               (Series.of("raw API", floor),))


def _seconds(engine: Engine, body: Mapping[str, Any]) -> float:
    began = time.perf_counter()
    container = engine.create(body, f"bench-{uuid.uuid4()}")
    engine.start(container)
    engine.wait(container)
    engine.remove(container)
    return time.perf_counter() - began


def _followers(settings: Settings) -> Iterator[Row]:
    """Memory of a process that follows the output of so many running containers."""
    body = payload(settings.image, ["sleep", "1000"])
    running: list[str] = []
    sizes: list[tuple[float, float]] = []
    for level in FOLLOWED_QUICK if settings.quick else FOLLOWED:
        with ThreadPoolExecutor(8) as pool:
            running += pool.map(lambda _: _started(settings, body), range(level - len(running)))
        used = _follow(settings, running)
        sizes.append((float(level), used["rss"] / 1024))
        yield Row("docker", f"RSS, {level} containers followed", "MiB", Series.single("runtime", used["rss"] / 2**20),
                  note=f"{used['threads']} threads, {used['descriptors']} descriptors")
    yield Row("docker", "RSS for each further container followed", "KiB", Series.single("runtime", stats.slope(sizes)))
    remove_all(settings.docker_socket)


def _started(settings: Settings, body: Mapping[str, Any]) -> str:
    docker = RawDocker(settings.docker_socket)
    container = docker.create(body)
    docker.start(container)
    docker.close()
    return container


def _follow(settings: Settings, containers: list[str]) -> dict[str, int]:
    done = subprocess.run([sys.executable, "-m", docker_follower.__name__, settings.docker_socket, *containers],
                          check=True, capture_output=True, text=True)
    told: dict[str, int] = json.loads(done.stdout)
    return told
