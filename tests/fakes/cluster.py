"""A small cluster behind a scripted master: tasks live as the test says, without agents, executors or Docker."""
from __future__ import annotations

import queue
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Any

from tests.fakes.master import ScriptedMaster, Subscription, offer, update

Life = Callable[[dict[str, Any]], Sequence[tuple[str, str | None]]]  # TaskInfo → states with messages


def finishes(_task: dict[str, Any]) -> Sequence[tuple[str, str | None]]:
    """The usual life."""
    return (("TASK_STARTING", None), ("TASK_RUNNING", None), ("TASK_FINISHED", "Container exited with status 0"))


def runs(_task: dict[str, Any]) -> Sequence[tuple[str, str | None]]:
    """Until it is killed."""
    return (("TASK_STARTING", None), ("TASK_RUNNING", None))


class FakeCluster:
    """A context manager; `launched` and `killed` are what arrived, `calls` the types of all calls."""

    def __init__(self, life: Life = finishes, offers: Sequence[dict[str, Any]] | None = None, *,
                 host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self.master = ScriptedMaster(host, tls=tls)
        self.life = life
        self.offered = [offer()] if offers is None else list(offers)
        self.launched: list[dict[str, Any]] = []
        self.killed: list[str] = []
        self.calls: list[str] = []
        self.frameworks: list[dict[str, Any]] = []  # FrameworkInfo of each subscription
        self.running = threading.Event()  # once a task has been told to run
        self._over = threading.Event()
        self._subscription: Subscription | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def address(self) -> str:
        return self.master.address

    def __enter__(self) -> FakeCluster:
        self.master.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.master.__exit__()

    def break_connection(self) -> None:
        """As a network does it; the framework may come back."""
        assert self._subscription is not None
        self._subscription.close()

    def _run(self) -> None:
        while not self._over.is_set():
            self._take_subscription()
            try:
                call = self.master.calls.get(timeout=0.02)
            except queue.Empty:
                continue
            self.calls.append(call["type"])
            if self._subscription is not None:
                self._answer(call, self._subscription)

    def _take_subscription(self) -> None:
        try:
            self._subscription = self.master.subscriptions.get_nowait()
        except queue.Empty:
            return
        self.frameworks.append(self._subscription.request["subscribe"]["framework_info"])
        self._subscription.subscribed()
        self._subscription.offers(*self.offered)

    def _answer(self, call: dict[str, Any], subscription: Subscription) -> None:
        if call["type"] == "ACCEPT":
            for operation in call["accept"]["operations"]:
                for task in operation["launch"]["task_infos"]:
                    self._launch(task, subscription)
        elif call["type"] == "KILL":
            task_id = call["kill"]["task_id"]["value"]
            self.killed.append(task_id)
            subscription.update(update(task_id, "TASK_KILLED", message="Container exited with status 137"))
        elif call["type"] == "TEARDOWN":
            subscription.end()

    def _launch(self, task: dict[str, Any], subscription: Subscription) -> None:
        self.launched.append(task)
        for state, message in self.life(task):
            status = update(task["task_id"]["value"], state, agent_id=task["agent_id"]["value"])
            subscription.update(status if message is None else {**status, "message": message})
            if state == "TASK_RUNNING":
                self.running.set()
