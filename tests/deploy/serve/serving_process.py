"""`mesos-docker serve` as a process, on a scripted master whose tasks run until they are told otherwise."""
from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.fakes.master import ScriptedMaster, Subscription, offer, update
from tests.patience import SLOW

PROGRAM = str(Path(sys.executable).parent / "mesos-docker")
PATIENCE = 30.0 * SLOW


class Cluster:
    """What the master knows: it offers two agents, and says of each task that it runs once it is launched."""

    def __init__(self) -> None:
        self.master = ScriptedMaster()
        self.tasks: dict[str, str] = {}  # those that run, and their agents
        self.launched: list[str] = []
        self.acknowledged: list[str] = []  # uuids
        self._over = threading.Event()
        self._subscription: Subscription | None = None
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._answer, self._offer)]

    def __enter__(self) -> Self:
        self.master.__enter__()
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join(PATIENCE)
        self.master.__exit__(*exc)

    def say(self, task: str, state: str, agent: str = "S0", **more: Any) -> str:
        """A task is in this state; the uuid of the update."""
        status = update(task, state, agent_id=self.tasks.get(task, agent), **more)
        if self._subscription is not None:
            with contextlib.suppress(OSError):
                self._subscription.update(status)
        return str(status.get("uuid"))

    def _offer(self) -> None:
        while not self._over.wait(0.1):
            with contextlib.suppress(queue.Empty):
                self._subscription = self.master.subscriptions.get_nowait()
                self._subscription.subscribed()
            if self._subscription is not None:
                with contextlib.suppress(OSError):
                    self._subscription.offers(offer(0), offer(1))

    def _answer(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(queue.Empty):
                self._took(self.master.calls.get(timeout=0.1))

    def _took(self, call: Mapping[str, Any]) -> None:
        for operation in call.get("accept", {}).get("operations", ()):
            for task in operation["launch"]["task_infos"]:
                task_id, agent = task["task_id"]["value"], task["agent_id"]["value"]
                self.launched.append(task_id)
                self.tasks[task_id] = agent
                self.say(task_id, "TASK_RUNNING")
        if call["type"] == "ACKNOWLEDGE":
            self.acknowledged.append(call["acknowledge"]["uuid"])
        if call["type"] == "KILL":
            task_id = call["kill"]["task_id"]["value"]
            self.say(task_id, "TASK_KILLED")
            self.tasks.pop(task_id, None)
        for task in call.get("reconcile", {}).get("tasks", ()):
            task_id = task["task_id"]["value"]
            self.say(task_id, "TASK_RUNNING" if task_id in self.tasks else "TASK_LOST", with_uuid=False,
                     reason="REASON_RECONCILIATION")


class ServeProcess:
    """One `serve` on a state. `before`: words before the command, such as `unshare`."""

    def __init__(self, cluster: Cluster, state: Path, *, before: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [*before, PROGRAM, "serve", "--master", cluster.master.address, "--state", f"sqlite:{state}",
             "--listen", "127.0.0.1:0", "--insecure"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "XDG_RUNTIME_DIR": str(state.parent)})
        self.errors: list[str] = []
        assert self.process.stdout is not None
        self._reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader.start()
        words = self.process.stdout.readline().split()
        assert words[:1] == ["Serving"], "".join(self.errors)
        self.address = words[1].removeprefix("http://")
        self.until(lambda: self.ask("GET", "/readyz")[0] == 200, "ready")

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        connection.request(method, path, None if body is None else json.dumps(body),
                           {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text

    def until(self, fact: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not fact():
            assert time.monotonic() < deadline, f"{what} did not happen: {''.join(self.errors)}"
            time.sleep(0.05)

    def end(self, number: int = signal.SIGTERM) -> int:
        """The exit status."""
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(self.process.stderr)
