"""The line between the executor of a command and its agent: one thread reads events, one sends
updates.

Updates go out in their order. One that the agent does not take now (503: its disk is full) is sent
again, and those behind it wait; one that finds no agent goes with the next SUBSCRIBE.

As Mesos: executor/executor.cpp.
"""
from __future__ import annotations

import base64
import contextlib
import http.client
import json
import queue
import threading
import time
import uuid
from typing import Any

Json = dict[str, Any]

AGAIN = 0.5  # seconds between tries


class AgentConnection:
    """Calls to the agent, and its events, which go into an inbox. ("TAKEN", uuid) says that an
    update has arrived, or will go with the next SUBSCRIBE."""

    def __init__(self, environment: dict[str, str], inbox: queue.Queue[tuple[str, Any]]) -> None:
        self._endpoint = environment["MESOS_AGENT_ENDPOINT"]
        self._path = f"/{environment['MESOS_SLAVE_PID'].partition('@')[0]}/api/v1/executor"
        self._ids = {"framework_id": {"value": environment["MESOS_FRAMEWORK_ID"]},
                     "executor_id": {"value": environment["MESOS_EXECUTOR_ID"]}}
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        token = environment.get("MESOS_EXECUTOR_AUTHENTICATION_TOKEN")
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._patience = 900.0 if environment.get("MESOS_CHECKPOINT") == "1" else 0.0
        self._inbox = inbox
        self._outgoing: queue.Queue[Json] = queue.Queue()
        self._lock = threading.Lock()
        self._unacknowledged: dict[str, Json] = {}  # updates by uuid
        self._tasks: dict[str, Json] = {}  # TaskInfos of which no update was acknowledged

    def start(self) -> None:
        threading.Thread(target=self._listen, name="events", daemon=True).start()
        threading.Thread(target=self._send, name="updates", daemon=True).start()

    def update(self, status: Json) -> str:
        """Have an update sent; its uuid."""
        name = base64.b64encode(uuid.uuid4().bytes).decode("ascii")
        status = {**status, "uuid": name, "timestamp": time.time(), "source": "SOURCE_EXECUTOR",
                  "executor_id": self._ids["executor_id"]}
        with self._lock:
            self._unacknowledged[name] = status
        self._outgoing.put(status)
        return name

    def _listen(self) -> None:
        """Subscribe, and put events into the inbox; subscribe again after a break, if the framework
        checkpoints.
        """
        deadline = time.monotonic() + 30.0
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                self._read_events()
                deadline = time.monotonic() + self._patience
            if time.monotonic() > deadline:
                self._inbox.put(("SHUTDOWN", None))
                return
            time.sleep(AGAIN)

    def _read_events(self) -> None:
        with self._lock:
            content = {"unacknowledged_updates": [{"status": item}
                                                  for item in self._unacknowledged.values()],
                       "unacknowledged_tasks": list(self._tasks.values())}
        connection = http.client.HTTPConnection(self._endpoint)
        try:
            response = self._post(connection, {"type": "SUBSCRIBE", "subscribe": content})
            if response.status != 200:
                raise OSError(response.status)
            while line := response.readline():
                event = json.loads(response.read(int(line)))
                self._remember(event)
                self._inbox.put((event["type"], event))
        finally:
            connection.close()

    def _remember(self, event: Json) -> None:
        with self._lock:
            if event["type"] == "LAUNCH":
                task = event["launch"]["task"]
                self._tasks[task["task_id"]["value"]] = task
            elif event["type"] == "ACKNOWLEDGED":
                self._unacknowledged.pop(event["acknowledged"]["uuid"], None)
                self._tasks.pop(event["acknowledged"]["task_id"]["value"], None)

    def _send(self) -> None:
        while True:
            status = self._outgoing.get()
            while not self._taken(status):
                time.sleep(AGAIN)
            self._inbox.put(("TAKEN", status["uuid"]))

    def _taken(self, status: Json) -> bool:
        with self._lock:
            if status["uuid"] not in self._unacknowledged:  # it went with a SUBSCRIBE
                return True
        connection = http.client.HTTPConnection(self._endpoint, timeout=10)
        try:
            response = self._post(connection, {"type": "UPDATE", "update": {"status": status}})
            response.read()
        except (OSError, http.client.HTTPException):
            return True
        finally:
            connection.close()
        return response.status != http.client.SERVICE_UNAVAILABLE

    def _post(self, connection: http.client.HTTPConnection, call: Json) -> http.client.HTTPResponse:
        connection.request("POST", self._path, json.dumps({**self._ids, **call}), self._headers)
        return connection.getresponse()
