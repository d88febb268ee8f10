"""What is measured of a `serve` process into which people look: how long an end takes to be told, and how long a line
that a task writes takes to be at who follows it. Times are milliseconds, of one clock.
"""
from __future__ import annotations

import contextlib
import os
import queue
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from deploy.client.service import Service
from executor.settings.labels import TASK
from tests import engine
from tests.bench.raw_docker import Exits
from tests.e2e.served import PROGRAM, Served, app

PATIENCE = 60.0
SETTLE = 3.0  # seconds after those who look in have come: starting them is no looking in
PAUSE = (0.4, 0.9)  # seconds between two lines, so that they meet a reader's rounds anywhere
WRITES = "while :; do echo $((i=i+1)); sleep 0.25; done"  # what is followed
STREAMS = "while :; do date; sleep 1; done"  # what a command writes that somebody looks at
ECHOES = "mkfifo /mnt/mesos/sandbox/in; exec cat 0<>/mnt/mesos/sandbox/in"  # what it is told, without another process
PLAIN = {"container": {"type": "DOCKER", "docker": {"image": "busybox:static"}}, "networks": [{"mode": "host"}]}
APPS = (app("/writes", instances=5, cmd=WRITES, **PLAIN), app("/echoes", cmd=ECHOES, **PLAIN),
        app("/ends", cmd="exec sleep 10000", backoffSeconds=0, **PLAIN))  # an engine tidies up a bridge first


def started(served: Served) -> None:
    """All that is looked at runs."""
    for each in APPS:
        served.ask("POST", "/v2/apps", each)
    served.until(lambda: len(served.containers()) == 7 and all(
        each["state"] == "TASK_RUNNING" for each in served.ask("GET", "/api/v1/instances")[1]), "seven containers")


@contextlib.contextmanager
def lookers(served: Served, followers: int, execs: int) -> Iterator[None]:
    """So many follow output, and so many commands run, until the end of the block."""
    instances = [each["id"] for each in served.ask("GET", "/api/v1/instances?app=/writes")[1]]
    environment = {**served.environment, "MESOS_DOCKER_TOKEN": served.token()}
    command = [sys.executable, "-m", "tests.bench.looking.followers", served.url, str(followers), *instances]
    with contextlib.ExitStack() as stack:
        processes = [_process(stack, command, environment)]
        processes += [_process(stack, ["nice", "-n", "19", PROGRAM, "exec", instances[number % len(instances)], "--",
                                       "sh", "-c", STREAMS], environment) for number in range(execs)]
        for each in processes:
            if not each.stdout or not each.stdout.readline():
                raise RuntimeError(f"{each.args!r} has ended")
        time.sleep(SETTLE)
        yield
        if ended := [each.args for each in processes if each.poll() is not None]:
            raise RuntimeError(f"{ended} ended")


def _process(stack: contextlib.ExitStack, command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    found = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                                 env=environment))
    stack.callback(found.kill)
    return found


class Ends:
    """Containers are killed, and their ends are told, first by the engine and then by the service."""

    def __init__(self, served: Served, docker_socket: str) -> None:
        self._served = served
        self._exits = Exits(docker_socket, TASK)
        self._told: dict[str, float] = {}
        self._change = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def measured(self) -> tuple[float, float]:
        """From the kill, and from when the engine answers who has read its `die` event and asks, until the service's
        status_update_event is read.
        """
        self._served.until(lambda: self._running() is not None, "the app that ends")
        task = str(self._running())
        [container] = engine.containers(framework_id=self._served.framework(), task_id=task)
        time.sleep(random.uniform(*PAUSE))
        with engine.real_docker() as docker:
            began = time.time()
            docker.containers.kill(container.id, "SIGKILL")
        with self._change:
            if not self._change.wait_for(lambda: task in self._told, PATIENCE):
                raise RuntimeError("the end of the container was not told")
            told = self._told[task]
        return 1000 * (told - began), 1000 * (told - self._exits.wait([task])[task].known)

    def close(self) -> None:
        """Listen no more to the engine."""
        self._exits.close()

    def _running(self) -> str | None:
        found = self._served.ask("GET", "/api/v1/instances?app=/ends")[1]
        return next((each["taskId"] for each in found if each["state"] == "TASK_RUNNING"), None)

    def _listen(self) -> None:
        service = Service(self._served.url, f"Bearer {self._served.token()}")
        with service.events(types="status_update_event") as stream:
            for event in stream:
                if event.get("taskStatus") in ("TASK_FAILED", "TASK_FINISHED"):
                    with self._change:
                        self._told.setdefault(event["taskId"], time.time())
                        self._change.notify_all()


class Lines:
    """A task that writes what it is told, and somebody who follows it by `mesos-docker logs -f`."""

    def __init__(self, served: Served) -> None:
        [one] = served.ask("GET", "/api/v1/instances?app=/echoes")[1]
        [self._pipe] = Path(f"{served.state}.mesos").glob(f"**/runs/latest/tasks/{one['taskId']}/in")
        self._read: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        self._process = subprocess.Popen([PROGRAM, "logs", "-f", one["id"], "--tail", "0"], stdout=subprocess.PIPE,
                                         env=served.environment)
        threading.Thread(target=self._listen, daemon=True).start()
        self._number = 0
        while self._read.empty():  # it follows what is written from when it is there
            self._write("hello\n")
            time.sleep(0.5)

    def measured(self) -> float:
        """From the write until the line is read."""
        time.sleep(random.uniform(*PAUSE))
        self._number += 1
        line = f"line {self._number}\n"
        began = self._write(line)
        while True:
            at, found = self._read.get(timeout=PATIENCE)
            if found == line.encode():
                return 1000 * (at - began)

    def close(self) -> None:
        """Follow no more."""
        self._process.kill()
        self._process.wait()

    def _write(self, line: str) -> float:
        descriptor = os.open(self._pipe, os.O_WRONLY)
        began = time.time()
        os.write(descriptor, line.encode())
        os.close(descriptor)
        return began

    def _listen(self) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                self._read.put((time.time(), line))
