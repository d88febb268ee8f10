"""What keeps running: `serve` on the demo's Mesos, an app of three instances, an upgrade, and a
container that is lost.

All of it by the API that everybody uses. A client asks the app's endpoints the whole time, one try
for each request and on a new connection; none may fail during the upgrade. Its own count of
requests is what the demo shows.
"""
from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from deploy.cli.problems import Problem
from deploy.cli.signals import cleaned_up, unbroken
from deploy.client.service import Service, service
from deploy.demo.tasks import APP, app
from deploy.run.clusters import Embedded
from executor.docker.mesos_docker import Docker

REQUESTS = 200
PATIENCE = 90.0  # seconds for a deployment, for a replacement, and for `serve` to come and to go
ENTRY = "import deploy.cli.entry as entry; entry.main()"


@contextlib.contextmanager
def served(found: Embedded, folder: Path) -> Iterator[Service]:
    """A service on this Mesos with its state in `folder`. Raises Problem."""
    state = folder / "service.sqlite"
    command = [sys.executable, "-c", ENTRY, "serve", "--name", "mesos-docker-demo", "--master",
               found.master, "--state", f"sqlite:{state}", "--listen", "127.0.0.1:0"]
    environment = dict(os.environ)
    if found.known is not None:
        command += ["--principal", found.known.credential.principal]
        environment["MESOS_SECRET"] = found.known.credential.secret
    running: list[subprocess.Popen[str]] = []
    with cleaned_up(lambda: _end(running)):
        with unbroken(), (folder / "service.log").open("w") as log:
            running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True,
                                            env=environment, start_new_session=True))
        words = running[0].stdout.readline().split() if running[0].stdout else []
        if len(words) != 2:
            raise Problem(
                f"serve did not start: {(folder / 'service.log').read_text().strip()[-500:]}")
        answering = service(words[1], str(state.with_name(state.name + ".token")), None)
        _wait(lambda: answering.ask("GET", "/readyz").is_fine, "the service is not ready")
        yield answering


def _end(running: list[subprocess.Popen[str]]) -> None:
    for process in running:
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


class KeptService:
    """The show. `wrong` collects what was not as it should be."""

    def __init__(self, found: Service, docker: Docker, image: str,
                 say: Callable[[str], None]) -> None:
        self._service = found
        self._docker = docker
        self._image = image
        self._say = say
        self.framework_id = str(found.get("/v2/info")["frameworkId"])
        self.wrong: list[str] = []

    def run(self) -> None:
        """Deploy, upgrade under requests, lose a container, delete. Raises Problem where it cannot
        go on.
        """
        self._say(f"framework {self.framework_id} at {self._service.url}")
        self._deploy("1")
        self._say(f"three instances of {APP} serve version 1 at {', '.join(self._endpoints())}")
        self._upgrade()
        self._lose_one()
        self._change("DELETE", f"/v2/apps{APP}", None)
        _wait(lambda: not self._containers(), f"containers of {APP} remain")
        self._say(f"deleted {APP}: its containers are gone")

    def _upgrade(self) -> None:
        client = Client(self._endpoints)
        with client:
            _wait(lambda: client.answers >= REQUESTS // 4, "nobody answers")
            self._deploy("2")
            _wait(lambda: client.answers >= REQUESTS and "2" in client.versions, "nobody answers")
        self._say(
            f"upgraded to version 2 meanwhile: {client.answers + len(client.failures)} requests, "
                  f"{len(client.failures)} failed")
        self.wrong += client.failures[:3]
        if client.versions != {"1", "2"}:
            self.wrong.append(f"the answers were of the versions {sorted(client.versions)}")

    def _lose_one(self) -> None:
        before = self._running()
        victim = min(before)
        [container] = self._docker.containers.ls({"mesos-docker.task-id": victim})
        self._docker.containers.kill(container.id, "SIGKILL")
        self._say(f"killed a container from outside, the one of {victim}")
        _wait(lambda: victim not in self._running() and len(self._running()) == 3,
              f"{victim} was not replaced")
        ended = next(each for each in self._service.get(f"/api/v1/history{APP}")
                     if each["taskId"] == victim)
        [new] = self._running() - before
        self._say(f"{ended['state']} (exit code {ended['exitCode']}); {new} replaces it")

    def _deploy(self, version: str) -> None:
        self._change("PUT", f"/v2/apps{APP}", app(self._image, version))

    def _change(self, method: str, path: str, body: Any) -> None:
        answer = self._service.ask(method, path, body)
        if not answer.is_fine:
            raise Problem(f"{method} {path}: {answer.body}")
        wanted = answer.body["deploymentId"]
        _wait(lambda: wanted not in [each["id"] for each in self._service.get("/v2/deployments")],
              f"{method} {path} does not come to its end")

    def _tasks(self) -> list[dict[str, Any]]:
        answer = self._service.ask("GET", f"/v2/apps{APP}/tasks")
        return [each for each in answer.body["tasks"]
                if each["state"] == "TASK_RUNNING"
                and any(check["alive"] for check in each["healthCheckResults"])]

    def _running(self) -> set[str]:
        return {each["id"] for each in self._tasks()}

    def _endpoints(self) -> list[str]:
        return [f"{each['host']}:{each['ports'][0]}" for each in self._tasks()]

    def _containers(self) -> list[str]:
        return [each.name for each in self._docker.containers.ls(
            {"mesos-docker.framework-id": self.framework_id})]


class Client:
    """Asks all endpoints that the API tells, one after the other, on a thread of its own within a
    `with` block.
    """

    def __init__(self, endpoints: Callable[[], list[str]]) -> None:
        self._endpoints = endpoints
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="client", daemon=True)
        self.answers = 0
        self.failures: list[str] = []
        self.versions: set[str] = set()

    def __enter__(self) -> Client:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(PATIENCE)

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                found = self._endpoints()
            except Problem as problem:
                self.failures.append(str(problem))
                return
            for each in found:
                self._request(each)
            time.sleep(0.02)  # the machine is for the service, too

    def _request(self, endpoint: str) -> None:
        connection = http.client.HTTPConnection(endpoint, timeout=10)
        try:
            connection.request("GET", "/")
            response = connection.getresponse()
            text = response.read().decode(errors="replace").strip()
            if response.status != 200:
                self.failures.append(f"{endpoint}: {response.status}")
                return
            self.answers += 1
            self.versions.add(text)
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"{endpoint}: {error!r}")
        finally:
            connection.close()


def _wait(fact: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not fact():
        if time.monotonic() > deadline:
            raise Problem(f"{otherwise} after {PATIENCE:g} s")
        time.sleep(0.05)
