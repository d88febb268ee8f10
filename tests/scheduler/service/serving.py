"""A service in this process: on a master in memory whose tasks run until they are killed, with its API on loopback."""
from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from scheduler.api.access import Access
from scheduler.api.asking import Asking
from scheduler.api.handlers.deployments import Identity
from scheduler.api.server import Server
from scheduler.api.table import routes
from scheduler.apps.policy import policy
from scheduler.apps.target import Policy
from scheduler.config import Config
from scheduler.framework.framework import Framework
from scheduler.master.port import Master
from scheduler.service.completion import completed
from scheduler.service.launches import Launches
from scheduler.service.operations import Operations
from scheduler.service.service import Service
from scheduler.storage.sqlite import SqliteStorage
from scheduler.tasks.launching import CustomExecutor
from specs.marathon.app import App
from specs.marathon.definitions import Config as Definitions
from specs.messages.command import CommandInfo
from tests.fakes.master import MemoryMaster
from tests.fakes.sandboxes import FakeSandboxes

EXECUTOR = CustomExecutor(CommandInfo("mesos-docker-executor"))
PATIENCE = 60.0


class Serving:
    """`with Serving(path) as serving`; the same path again is the same service."""

    def __init__(self, path: Path, *, agents: int = 3, access: Access | None = None,
                 life: tuple[str, ...] = ("TASK_STARTING", "TASK_RUNNING"), prefix: str = "",
                 master: MemoryMaster | None = None, launches: Launches | None = None,
                 app_policy: Callable[[App], Policy] = policy, features: frozenset[str] = frozenset(),
                 at: int = 0, storage: Callable[[str], SqliteStorage] = SqliteStorage) -> None:
        """`at`: the port of its API; 0: a free one."""
        self.storage = storage
        self.path = path
        self.port = at
        self.master = master or MemoryMaster(agents, life=life)
        self.sandboxes = FakeSandboxes(path.with_name("sandboxes"))
        self.launches = launches or Launches(EXECUTOR, halved)
        self.app_policy = app_policy
        self.features = features
        self.access = access or Access(insecure=True)
        self.prefix = prefix
        self.tls: ssl.SSLContext | None = None
        self.headers: dict[str, str] = {}
        self.failure: BaseException | None = None
        self._built = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._offering = threading.Thread(target=self._offer, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._built.wait(PATIENCE)
        if self.failure is not None:
            raise self.failure
        self.port = self.server.start("127.0.0.1", self.port)
        self.wait(lambda: self.service.view.framework.master is not None)
        self._offering.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()
        self.framework.stop(failover=True)
        self._thread.join(PATIENCE)
        if self.failure is not None:
            raise self.failure

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None,
            ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, JSON (or text), and headers by their names in lower case."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        if self.tls is not None:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE,
                                                     context=ssl._create_unverified_context())
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, data, {"Content-Type": "application/json", **self.headers, **(headers or {})})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        found = {name.lower(): value for name, value in response.getheaders()}
        try:
            return response.status, json.loads(text), found
        except ValueError:
            return response.status, text, found

    def get(self, path: str) -> Any:
        status, body, _ = self.ask("GET", path)
        assert status == 200, body
        return body

    def change(self, method: str, path: str, body: Any = None) -> Any:
        """A change that is taken on, followed to the end of its deployment."""
        status, answer, headers = self.ask(method, path, body)
        assert status in (200, 201), answer
        self.wait(lambda: headers["marathon-deployment-id"] not in self.service.view.deployments)
        return answer

    def wait(self, fact: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not fact():
            assert time.monotonic() < deadline, "it did not come to it"
            time.sleep(0.005)

    def running(self, app_id: str) -> list[str]:
        """The ids of the tasks of an app that run."""
        return [each["id"] for each in self.get(f"/v2/apps{app_id}/tasks")["tasks"] if each["state"] == "TASK_RUNNING"]

    def fails(self, task_id: str) -> str:
        """A task fails; its message."""
        self.master.update(task_id, "TASK_FAILED", message="it fell")
        return "it fell"

    def are_gone(self, task_ids: set[str]) -> bool:
        return task_ids <= set(self.master.killed)

    def deployments(self) -> list[str]:
        return list(self.service.view.deployments)

    def subscribed(self) -> bool:
        return self.service.view.framework.master is not None

    def framework_id(self) -> str:
        return "F1"

    def _offer(self) -> None:
        """As an allocator does: what was declined comes back."""
        while self._thread.is_alive():
            if not self.master.suppressed:
                self.master.revive()
            time.sleep(0.05)

    def _run(self) -> None:
        try:
            with self.storage(str(self.path)) as storage:
                self._build(storage)
                self._built.set()
                self.framework.run()
        except BaseException as error:  # noqa: BLE001 - shown by whoever waits
            self.failure = error
            self._built.set()

    def _build(self, storage: SqliteStorage) -> None:
        definitions = Definitions(self.features)
        self.service = Service(storage, self.launches, self.app_policy)
        self.operations = Operations(self.service, lambda root, before: completed(root, before, definitions), time.time)
        asking = Asking(self.service, self.operations, time.time)
        config = Config(max_launches=1)
        self.framework = Framework(self.driver(config), config, self.service, storage=storage, work=self.service,
                                   contains=True)
        self.service.attach(self.framework)
        table = routes(asking, definitions, Identity("marathon", "*", "memory", 10000, 20000),
                       leader=self.url,
                       resubscribe=self.framework.resubscribe, loop=lambda: self.server.loop, agents=self.sandboxes,
                       insecure=self.access.insecure)
        self.server = Server(table, self.access, leader=self.url, prefix=self.prefix, tls=self.tls,
                             measured=self.service.telemetry.meters.answered)

    def driver(self, config: Config) -> Master:
        """How the framework reaches the master."""
        return self.master

    def url(self) -> str:
        return f"http{'' if self.tls is None else 's'}://127.0.0.1:{self.port}"


def halved(number: int) -> int:
    """Draws ports that are the same each time."""
    return number // 2


def app(name: str = "/web", **more: Any) -> dict[str, Any]:
    """A definition."""
    return {"id": name, "cmd": "sleep 1000", "cpus": 0.1, "mem": 32,
            "container": {"type": "DOCKER", "docker": {"image": "busybox:static"}}, **more}
