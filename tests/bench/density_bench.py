"""What running containers cost while nothing happens: memory, threads, descriptors and CPU of the executor.

Beside it one `docker run` process per container, which is what Mesos's own docker executor keeps (together with an
executor process for each task, which is not counted here).
"""
from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

from tests.bench import budgets, docker_cli, processes, stats
from tests.bench.executor_process import RunningExecutor, running_executor
from tests.bench.raw_docker import RawDocker, remove_all
from tests.bench.result import Row, Series
from tests.bench.settings import LABEL, Settings
from tests.bench.tasks import task, task_id
from tests.bench.updates import RUNNING

LEVELS = (0, 1, 10, 100)
MIB = 1 << 20
KIB = 1 << 10
SLEEP = ("sleep", "1000")


def bench(settings: Settings) -> Iterator[Row]:
    """Rows for each number of running containers."""
    ours: dict[int, processes.Usage] = {}
    with running_executor(settings.docker_socket) as executor:
        for level, before in zip(LEVELS, (0, *LEVELS), strict=False):
            _grow(settings, executor, level - before)
            ours[level] = _settled(executor.pid)
        idle = _idle_cpu(executor.pid, windows=settings.times(8, 4))
        remove_all(settings.docker_socket)  # faster than a hundred kills, and just as true for what follows
    theirs = {level: _docker_run(settings, level) for level in (LEVELS[2:3] if settings.quick else LEVELS[1:])}
    yield from _memory(ours, theirs)
    yield Row("density", f"idle CPU, {LEVELS[-1]} running", "%", Series.of("executor", [idle]),
              budgets=(budgets.IDLE_CPU,), note="of one core, in windows of 1 s")


def _memory(ours: dict[int, processes.Usage], theirs: dict[int, processes.Usage]) -> Iterator[Row]:
    for level, usage in ours.items():
        beside = [(f"{level} × docker run", theirs[level])] if level in theirs else []
        for name in ("RSS", "PSS"):
            promised = (budgets.FIRST_TASK,) if (name, level) == ("PSS", 1) else ()
            yield Row("density", f"{name}, {level} running", "MiB", Series.single("executor", _mib(name, usage)),
                      tuple(Series.single(what, _mib(name, one)) for what, one in beside), promised,
                      note=f"{usage.threads} threads, {usage.descriptors} descriptors")
    running = [(float(level), usage.rss / KIB) for level, usage in ours.items() if level > 0]
    yield Row("density", "RSS for each further running task", "KiB", Series.single("executor", stats.slope(running)),
              budgets=(budgets.EACH_FURTHER_TASK,), note="slope over 1, 10 and 100")


def _mib(name: str, usage: processes.Usage) -> float:
    return (usage.rss if name == "RSS" else usage.pss) / MIB


def _grow(settings: Settings, executor: RunningExecutor, more: int) -> None:
    tasks = [task(SLEEP, image=settings.image, mem=16.0) for _ in range(more)]
    if tasks:
        executor.agent.launch(*tasks)
        executor.agent.wait([task_id(made) for made in tasks], RUNNING, timeout=180)


def _settled(process: int) -> processes.Usage:
    """After a moment in which buffers are freed and threads of a pool end."""
    time.sleep(1.0)
    return processes.usage(process)


def _idle_cpu(process: int, *, windows: int) -> list[float]:
    """Percent of one core in each window of a second."""
    shares = []
    for _ in range(windows):
        began, used = time.monotonic(), processes.cpu_seconds(process)
        time.sleep(1.0)
        shares.append(100 * (processes.cpu_seconds(process) - used) / (time.monotonic() - began))
    return shares


def _docker_run(settings: Settings, count: int) -> processes.Usage:
    """Of `count` attached `docker run` processes together, all with a running container."""
    started: list[subprocess.Popen[bytes]] = []
    docker = RawDocker(settings.docker_socket)
    try:
        for _ in range(count):
            started.append(docker_cli.attached(settings.docker_socket, settings.image, SLEEP))
            if len(started) % 8 == 0:  # all at once would take the engine longer
                _wait_running(docker, len(started))
        _wait_running(docker, count)
        return processes.total(process.pid for process in started)
    finally:
        remove_all(settings.docker_socket)
        for process in started:
            process.kill()
            process.wait()
        docker.close()


def _wait_running(docker: RawDocker, count: int) -> None:
    deadline = time.monotonic() + 120
    while len(docker.running(LABEL)) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} `docker run` did not start their containers in 120 s")
        time.sleep(0.1)
