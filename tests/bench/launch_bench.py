"""How long a launch takes: LAUNCH → TASK_RUNNING at the executor, accept → TASK_RUNNING at the scheduler.

Beside it, in turn with it: the same create body sent raw to the engine, and `docker run --detach` of the CLI. Each
container sleeps and is killed and removed before the next is timed, so that one is started on a quiet engine. With
`--master` only accept → TASK_RUNNING is measured; the floor then needs this machine's Docker to be the cluster's.
"""
from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench import budgets, docker_cli
from tests.bench.docker_tap import DockerTap
from tests.bench.executor_process import running_executor
from tests.bench.framework import TimedFramework
from tests.bench.raw_docker import RawDocker, create_start, payload, repeat
from tests.bench.result import Row, Series
from tests.bench.settings import Settings
from tests.bench.tasks import TASK_LABEL, task, task_id
from tests.bench.updates import RUNNING, Stage

NETWORKS = ("host", "none", "bridge")
SLEEP = ("sleep", "1000")
SENT = "LAUNCH → TASK_RUNNING"
SEEN = "accept → TASK_RUNNING seen by the framework"


def bench(settings: Settings) -> Iterator[Row]:
    """Rows in ms."""
    if settings.master is not None:
        yield from _on_cluster(settings, settings.master, dict.fromkeys(NETWORKS))
        return
    bodies, calls = what_is_asked(settings, NETWORKS)
    yield Row("launch", "Docker calls per launch", "", Series.single("executor", len(calls)), note=" ".join(calls))
    with running_executor(settings.docker_socket) as executor:
        for network, body in bodies.items():
            yield _compare(settings, executor.agent, network, body, SENT, settings.times(8, 2))
    from deploy.local import LocalMesos

    with tempfile.TemporaryDirectory(prefix="mesos-docker-bench-") as folder, LocalMesos(work_dir=folder) as mesos:
        yield from _on_cluster(settings, mesos.address, bodies)


def what_is_asked(settings: Settings, networks: Sequence[str]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The create body that the executor makes of our task for each network; and its calls for a container up to
    TASK_RUNNING, which are the same for all."""
    docker = RawDocker(settings.docker_socket)
    bodies: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="mesos-docker-bench-") as folder:
        tap = DockerTap(settings.docker_socket, Path(folder, "docker.sock"))
        with running_executor(tap.path) as executor:
            for network in networks:
                made = task(SLEEP, image=settings.image, network=network)
                executor.agent.launch(made)
                executor.agent.wait([task_id(made)], RUNNING)
                asked = tap.requests()
                container = docker.listed(f"{TASK_LABEL}={task_id(made)}")[0]
                executor.agent.kill(task_id(made))
                executor.agent.wait([task_id(made)])
                bodies[network] = _without_folders(tap.create_body(task_id(made)))
        tap.close()
    docker.close()
    calls = ["create", *(request.path.partition("?")[0].rpartition("/")[2] for request in asked
                         if container in request.path)]
    return bodies, sorted(calls)


def _without_folders(body: dict[str, Any]) -> dict[str, Any]:
    """Bind mounts of the sandbox lead to /tmp instead: the executor that made the body is gone, and its folder too."""
    host = dict(body.get("HostConfig") or {})
    if host.get("Binds"):
        host["Binds"] = [f"/tmp:{bind.split(':', 1)[1]}" for bind in host["Binds"]]
    return {**body, "HostConfig": host}


def _on_cluster(settings: Settings, master: str, bodies: Mapping[str, dict[str, Any] | None]) -> Iterator[Row]:
    framework = TimedFramework(master, settings)
    try:
        for network, body in bodies.items():
            plain = payload(settings.image, SLEEP, network=network)
            yield _compare(settings, framework, network, body or plain, SEEN, settings.times(3, 1))
    finally:
        framework.close()


def _compare(
    settings: Settings, stage: Stage, network: str, body: Mapping[str, Any], what: str, rounds: int,
) -> Row:
    docker = RawDocker(settings.docker_socket)
    sides: list[Callable[[], float]] = [
        lambda: _ours(settings, stage, network, docker),
        lambda: _floor(docker, body),
        lambda: _cli(settings, docker, network),
    ]
    for side in sides:  # once unmeasured: page caches, connections, lazy imports
        side()
    found = [list(repeat(settings.times(4, 3), sides)) for _ in range(rounds)]
    docker.close()
    ours, floor, cli = ([[values[side] * 1000 for values in measured] for measured in found] for side in range(3))
    return Row("launch", f"{what}, network {network}", "ms", Series.of(_name(stage), ours),
               (Series.of("raw create+start", floor), Series.of("docker run -d", cli)),
               (budgets.LAUNCH_OVER_RAW,) if what == SENT else ())


def _name(stage: Stage) -> str:
    return "our executor" if stage.custom else "Mesos's docker executor"


def _ours(settings: Settings, stage: Stage, network: str, docker: RawDocker) -> float:
    made = task(SLEEP, image=settings.image, network=network, custom=stage.custom)
    launched = stage.launch(made)
    running = stage.wait([task_id(made)], RUNNING)[task_id(made)]
    stage.kill(task_id(made))
    stage.wait([task_id(made)])
    for container in docker.listed(f"{TASK_LABEL}={task_id(made)}"):
        docker.remove(container)
    return running.at - launched


def _floor(docker: RawDocker, body: Mapping[str, Any]) -> float:
    seconds, container = create_start(docker, body)
    docker.remove(container)
    return seconds


def _cli(settings: Settings, docker: RawDocker, network: str) -> float:
    seconds, container = docker_cli.detached(settings.docker_socket, settings.image, SLEEP, network=network)
    docker.remove(container)
    return seconds
