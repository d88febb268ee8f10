"""A framework that does nothing but look at its watch: accepts offers, acknowledges updates, notes when they came.

It speaks the scheduler API v1 with the standard library, so the same code measures the embedded Mesos and any other,
and with `custom` false the cluster's own docker executor. The moment of an ACCEPT is just before it is written; the
moment of an UPDATE is when it has been read, before it is parsed.
"""
from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from specs.forms.recordio import RecordDecoder
from tests.bench.settings import Settings
from tests.bench.updates import TERMINAL, Update, Updates

PATH = "/api/v1/scheduler"
_EXECUTOR_NEEDS = {"cpus": 0.1, "mem": 64.0}


class TimedFramework:
    """Registers at once; raises OSError or RuntimeError if that fails. `close` tears it down, with all its tasks."""

    def __init__(self, master: str, settings: Settings, timeout: float = 60.0) -> None:
        self.custom = settings.executor == "custom"
        self._executor = settings.executor_command
        self._updates = Updates()
        self._offers: dict[str, dict[str, Any]] = {}
        self._changed = threading.Condition()
        self._timeout = timeout
        self._agents: dict[str, str] = {}  # task → agent, for KILL
        self._framework = ""
        self._headers: dict[str, str] = {"Content-Type": "application/json", "Accept": "application/json"}
        self._stream, self._events = self._subscribe(master)
        self._calls, self._acknowledgements = (self._connection(self._master) for _ in range(2))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        with self._changed:
            if not self._changed.wait_for(lambda: bool(self._framework), timeout):
                raise RuntimeError(f"{master} did not say SUBSCRIBED in {timeout} s")

    # What the benchmark does with it.

    def launch(self, *tasks: dict[str, Any]) -> float:
        """Accept offers with these tasks, as many in each as fit; the steady clock before the first ACCEPT.

        Where the cluster has no room for all of them, the last wait here until the first have ended.
        """
        left, began = list(tasks), 0.0
        while left:
            offer, fitting = self._take(left)
            for task in fitting:
                task["agent_id"] = offer["agent_id"]
                self._agents[task["task_id"]["value"]] = offer["agent_id"]["value"]
            launched = [self._with_executor(task) for task in fitting]
            began = began or time.monotonic()
            self._call(self._calls, {"type": "ACCEPT", "accept": {
                "offer_ids": [offer["id"]], "filters": {"refuse_seconds": 0.0},
                "operations": [{"type": "LAUNCH", "launch": {"task_infos": launched}}],
            }})
            left = left[len(fitting):]
        return began

    def kill(self, task: str) -> float:
        """KILL with the task's own grace; the steady clock just before."""
        now = time.monotonic()
        self._call(self._calls, {"type": "KILL", "kill": {
            "task_id": {"value": task}, "agent_id": {"value": self._agents[task]}}})
        return now

    def wait(self, tasks: Iterable[str], states: Iterable[str] = TERMINAL, timeout: float = 60.0) -> dict[str, Update]:
        """See `Updates.wait`."""
        return self._updates.wait(tasks, states, timeout)

    def close(self) -> None:
        """TEARDOWN, and the end of all connections."""
        with contextlib.suppress(OSError, RuntimeError, http.client.HTTPException):
            self._call(self._calls, {"type": "TEARDOWN"})
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        for connection in (self._stream, self._calls, self._acknowledgements):
            connection.close()

    # The framework's side.

    def _connection(self, master: str) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(master, timeout=self._timeout)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _subscribe(self, master: str) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        info = {"user": "root", "name": "mesos-docker-bench", "failover_timeout": 0.0}
        body = json.dumps({"type": "SUBSCRIBE", "subscribe": {"framework_info": info}})
        for _ in range(5):
            connection = self._connection(master)
            self._socket = connection.sock
            connection.request("POST", PATH, body, self._headers)
            response = connection.getresponse()
            if response.status == 307:
                master = urlsplit(response.getheader("Location", "")).netloc
                connection.close()
                continue
            if response.status != 200:
                raise RuntimeError(f"{master} answered {response.status}: {response.read().decode(errors='replace')}")
            self._master = master
            self._headers["Mesos-Stream-Id"] = response.getheader("Mesos-Stream-Id", "")
            self._socket.settimeout(None)
            return connection, response
        raise RuntimeError(f"{master} redirects for ever")

    def _read(self) -> None:
        records = RecordDecoder()
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            while data := self._events.read1(1 << 16):
                steady, wall = time.monotonic(), time.time()
                for record in records.feed(data):
                    self._handle(json.loads(record), steady, wall)

    def _handle(self, event: Mapping[str, Any], steady: float, wall: float) -> None:
        if event["type"] == "UPDATE":
            status = event["update"]["status"]
            self._updates.add(Update.of(status, steady, wall))
            if "uuid" in status:
                self._call(self._acknowledgements, {"type": "ACKNOWLEDGE", "acknowledge": {
                    "agent_id": status["agent_id"], "task_id": status["task_id"], "uuid": status["uuid"]}})
            return
        with self._changed:
            if event["type"] == "SUBSCRIBED":
                self._framework = event["subscribed"]["framework_id"]["value"]
            elif event["type"] == "OFFERS":
                self._offers.update((offer["id"]["value"], offer) for offer in event["offers"]["offers"])
            elif event["type"] == "RESCIND":
                self._offers.pop(event["rescind"]["offer_id"]["value"], None)
            self._changed.notify_all()

    def _call(self, connection: http.client.HTTPConnection, call: Mapping[str, Any]) -> None:
        body = json.dumps({"framework_id": {"value": self._framework}, **call})
        connection.request("POST", PATH, body, self._headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != 202:
            raise RuntimeError(f"{call['type']}: {response.status} {answer.decode(errors='replace')}")

    def _take(self, tasks: list[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """An offer, and the tasks from the front that fit into it; the offer with most room if several are there."""
        with self._changed:
            if not self._changed.wait_for(
                    lambda: any(self._fitting(offer, tasks) for offer in self._offers.values()), self._timeout):
                raise RuntimeError(f"no offer has room for a task in {self._timeout} s; offers: {len(self._offers)}")
            best = max(self._offers.values(), key=lambda offer: self._fitting(offer, tasks))
            return self._offers.pop(best["id"]["value"]), tasks[:self._fitting(best, tasks)]

    def _fitting(self, offer: Mapping[str, Any], tasks: list[dict[str, Any]]) -> int:
        room = {name: _total(offer["resources"], name) - (needed if self.custom else 0.0)
                for name, needed in _EXECUTOR_NEEDS.items()}
        for number, task in enumerate(tasks):
            for name in room:
                room[name] -= _total(task["resources"], name)
            if min(room.values()) < -1e-6:
                return number
        return len(tasks)

    def _with_executor(self, task: dict[str, Any]) -> dict[str, Any]:
        if not self.custom:
            return task
        resources = [{"name": name, "type": "SCALAR", "scalar": {"value": value}}
                     for name, value in _EXECUTOR_NEEDS.items()]
        return {**task, "executor": {
            "type": "CUSTOM", "executor_id": {"value": "bench"}, "framework_id": {"value": self._framework},
            "command": {"value": f"exec {self._executor}", "shell": True}, "resources": resources,
        }}


def _total(resources: Iterable[Mapping[str, Any]], name: str) -> float:
    return sum(float(resource["scalar"]["value"]) for resource in resources
               if resource["name"] == name and resource["type"] == "SCALAR")
