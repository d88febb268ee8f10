"""Whether those who look in are in the way: a container is killed → the service tells it on its stream of events,
alone, and while 50 follow output that grows and 10 commands run in containers.

All of it is real: `serve` with its embedded Mesos, our executor, Docker.
"""
from __future__ import annotations

import contextlib
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from deploy.client.service import Service
from tests import engine
from tests.bench.result import Row, Series
from tests.bench.settings import Settings
from tests.e2e.served import PROGRAM, Served, app, serving

FOLLOWERS = 50
EXECS = 10
WRITES = "while :; do echo $((i=i+1)); sleep 0.1; done"
PATIENCE = 60.0


def bench(settings: Settings) -> Iterator[Row]:
    """A row in ms."""
    with tempfile.TemporaryDirectory(prefix="bench-looking-") as folder, serving(Path(folder)) as served:
        served.ask("POST", "/v2/apps", app("/writes", instances=5, cmd=WRITES))
        served.ask("POST", "/v2/apps", app("/ends", cmd="exec sleep 1000", backoffSeconds=0))
        served.until(lambda: len(served.containers()) == 6, "six containers")
        alone, looked_at = [], []
        for _ in range(settings.times(3, 2)):
            alone.append([_end(served) for _ in range(settings.times(10, 5))])
            with _lookers(served):
                looked_at.append([_end(served) for _ in range(settings.times(10, 5))])
        yield Row("looking", f"container killed → status_update_event, {FOLLOWERS} followers of output, {EXECS} execs",
                  "ms", Series.of("with them", looked_at), (Series.of("without", alone),))


def _service(served: Served) -> Service:
    return Service(served.url, f"Bearer {served.token()}")


def _end(served: Served) -> float:
    """Milliseconds."""
    served.until(lambda: _running(served) is not None, "the app that ends")
    victim = _running(served)
    [container] = engine.containers(framework_id=served.framework(), task_id=str(victim))
    told = threading.Event()
    at: list[float] = []
    with _service(served).events(types="status_update_event") as stream:
        def listen() -> None:
            for event in stream:
                if event.get("taskId") == victim:
                    at.append(time.monotonic())
                    told.set()
                    return

        threading.Thread(target=listen, daemon=True).start()
        time.sleep(0.3)
        with engine.real_docker() as docker:
            began = time.monotonic()
            docker.containers.kill(container.id, "SIGKILL")
        if not told.wait(PATIENCE):
            raise RuntimeError("the end of the container was not told")
    return 1000 * (at[0] - began)


def _running(served: Served) -> str | None:
    found = served.ask("GET", "/api/v1/instances?app=/ends")[1]
    return next((each["taskId"] for each in found if each["state"] == "TASK_RUNNING"), None)


@contextlib.contextmanager
def _lookers(served: Served) -> Iterator[None]:
    """Followers and commands, until the end of the block."""
    instances = [each["id"] for each in served.ask("GET", "/api/v1/instances?app=/writes")[1]]
    over = threading.Event()

    def follow(number: int) -> None:
        path = f"/api/v1/instances/{instances[number % len(instances)]}/logs"
        with contextlib.suppress(Exception), _service(served).response(path, {"follow": "1", "tail": "0"}) as response:
            for _ in response:
                if over.is_set():
                    return

    threads = [threading.Thread(target=follow, args=(number,), daemon=True) for number in range(FOLLOWERS)]
    commands = [subprocess.Popen([PROGRAM, "exec", instances[number % len(instances)], "--", "sh", "-c", WRITES],
                                 stdout=subprocess.DEVNULL, env=served.environment) for number in range(EXECS)]
    for each in threads:
        each.start()
    time.sleep(5)  # until all are there
    try:
        yield
    finally:
        over.set()
        for command in commands:
            command.kill()
            command.wait(PATIENCE)
        for each in threads:
            each.join(PATIENCE)
