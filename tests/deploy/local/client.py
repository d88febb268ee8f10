"""A small scheduler for tests, on http.client: one event stream read by a thread, calls made by the
test.
"""
from __future__ import annotations

import contextlib
import http.client
import json
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from deploy.cli.credentials import header
from specs.forms import Json
from specs.forms.wire import decode
from specs.network.credential import Credential
from tests.patience import SLOW

HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
PATIENCE = 30.0 * SLOW  # seconds; the machine is shared


def get(address: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Status and body of a GET, the body parsed if it is JSON."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        body = response.read()
        return response.status, json.loads(body) if response.getheader(
            "Content-Type") == "application/json" else body
    finally:
        connection.close()


def post(address: str, path: str, body: Any,
         headers: dict[str, str] | None = None) -> tuple[int, str]:
    """Status and body of a POST of JSON."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request("POST", path,
                           body=body if isinstance(body, str | bytes) else json.dumps(body),
                           headers=HEADERS if headers is None else headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def operator_call(address: str, name: str, kind: str, content_type: str) -> Json:
    """The answer to an operator call without content, of a "master" or "agent"."""
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    connection.request("POST", "/api/v1", body=json.dumps({"type": name, name.lower(): {}}),
                       headers={
        "Content-Type": "application/json", "Accept": content_type})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    assert response.status == 200, body
    answer: Any = json.loads(body) if content_type == "application/json" else decode(
        f"mesos.v1.{kind}.Response", body)
    assert answer["type"] == name
    result: Json = answer
    return result


class Scheduler:
    """A v1 scheduler."""

    def __init__(self, address: str, credential: Credential | None = None, **info: Any) -> None:
        self.address = address
        self.headers = {**HEADERS, **header(credential)}
        self.info: Json = {"user": "root", "name": "test", "roles": ["*"],
                           "capabilities": [{"type": "MULTI_ROLE"}], **info}
        self.framework_id: str | None = None
        self.stream_id = ""
        self._events: queue.Queue[Json] = queue.Queue()
        self._kept: list[Json] = []
        self._acknowledged: set[str] = set()
        self._connection: http.client.HTTPConnection | None = None
        self._response: http.client.HTTPResponse | None = None

    def subscribe(self) -> Json:
        """SUBSCRIBE; the SUBSCRIBED event."""
        call: Json = {"type": "SUBSCRIBE", "subscribe": {"framework_info": self.info}}
        if self.framework_id is not None:
            call["framework_id"] = {"value": self.framework_id}
            call["subscribe"] = {"framework_info": {**self.info,
                                                    "id": {"value": self.framework_id}}}
        self._connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        self._connection.request("POST", "/api/v1/scheduler", body=json.dumps(call),
                                 headers=self.headers)
        response = self._connection.getresponse()
        assert response.status == 200, response.read()
        self._response = response
        self.stream_id = response.getheader("Mesos-Stream-Id", "")
        threading.Thread(target=self._read, args=(response,), daemon=True).start()
        event = self._next()
        assert event["type"] == "SUBSCRIBED", event
        self.framework_id = event["subscribed"]["framework_id"]["value"]
        return event

    def _next(self) -> Json:
        return self._events.get(timeout=PATIENCE)

    def _read(self, response: http.client.HTTPResponse) -> None:
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException, AttributeError):
            while line := response.readline():
                self._events.put(json.loads(response.read(int(line))))
        response.close()
        if self._connection is not None:
            self._connection.close()
        self._events.put({"type": "CLOSED"})

    def disconnect(self) -> None:
        """As a scheduler that dies."""
        if self._connection is not None and self._connection.sock is not None:
            self._connection.sock.shutdown(2)
            self.expect("CLOSED")
            self._connection.close()

    def expect(self, kind: str, fits: Callable[[Json], bool] = lambda _: True) -> Json:
        """The first event of that kind that fits; others are kept for later."""
        for event in self._kept:
            if event["type"] == kind and fits(event):
                self._kept.remove(event)
                return event
        deadline = time.monotonic() + PATIENCE
        while True:
            event = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            if event["type"] == kind and fits(event):
                return event
            self._kept.append(event)

    def call(self, kind: str, **content: Any) -> tuple[int, str]:
        call: Json = {"type": kind, "framework_id": {"value": self.framework_id}}
        if content:
            call[kind.lower()] = content
        return post(self.address, "/api/v1/scheduler", call,
                    {**self.headers, "Mesos-Stream-Id": self.stream_id})

    def offer(self, agent_id: str | None = None, cpus: float = 0.2) -> Json:
        """An offer with enough cpus; others are declined."""
        def fits(offer: Json) -> bool:
            have = sum(item["scalar"]["value"] for item in offer["resources"]
                       if item["name"] == "cpus")
            return have >= cpus and agent_id in {None, offer["agent_id"]["value"]}

        while True:
            offers = self.expect("OFFERS")["offers"]["offers"]
            found = [offer for offer in offers if fits(offer)]
            others = [offer["id"] for offer in offers if offer not in found[:1]]
            if others:
                self.call("DECLINE", offer_ids=others, filters={"refuse_seconds": 0})
            if found:
                result: Json = found[0]
                return result

    def launch(self, offer: Json, *tasks: Json) -> None:
        status, body = self.call("ACCEPT", offer_ids=[offer["id"]], filters={"refuse_seconds": 0},
                                 operations=[
            {"type": "LAUNCH", "launch": {"task_infos": list(tasks)}}])
        assert status == 202, body

    def update(self, task_id: str, state: str | None = None, *, acknowledge: bool = True) -> Json:
        """The next update of a task, or the next in that state; acknowledged (those before it
        always) unless told otherwise. One that is sent again after we acknowledged it was told
        before."""
        while True:
            event = self.expect("UPDATE", lambda item: item["update"]["status"]["task_id"][
                "value"] == task_id)
            status: Json = event["update"]["status"]
            again = status.get("uuid") in self._acknowledged
            found = state in {None, status["state"]} and not again
            if "uuid" in status and (acknowledge or not found):
                self.acknowledge(status)
            if found:
                return status

    def acknowledge(self, status: Json) -> None:
        self._acknowledged.add(status["uuid"])
        self.call("ACKNOWLEDGE", agent_id=status["agent_id"], task_id=status["task_id"],
                  uuid=status["uuid"])


def wait_for(condition: Callable[[], object]) -> None:
    """Until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def scalar(name: str, value: float) -> Json:
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}}


def command_task(task_id: str, offer: Json, command: str, **more: Any) -> Json:
    return {"name": task_id, "task_id": {"value": task_id}, "agent_id": offer["agent_id"],
            "resources": [scalar("cpus", 0.1), scalar("mem", 32)], "command": {"value": command},
            **more}


def executor_task(task_id: str, offer: Json, command: str, **more: Any) -> Json:
    """A task of a custom executor `e` that is this shell command."""
    executor = {"type": "CUSTOM", "executor_id": {"value": "e"}, "command": {"value": command},
                "resources": [scalar("cpus", 0.1), scalar("mem", 32)]}
    return {"name": task_id, "task_id": {"value": task_id}, "agent_id": offer["agent_id"],
            "resources": [scalar("cpus", 0.1), scalar("mem", 32)], "executor": executor, **more}
