"""Two masters: one over real HTTP on loopback that does exactly what a test says, one in memory that is fast.

`ScriptedMaster` takes subscriptions and calls and hands them to the test; the test sends events, breaks connections,
answers with whatever status it likes. `MemoryMaster` is the port `scheduler.master.port.Master` without any network: it
offers agents, launches what is accepted and sends the updates of a task's life, so that a framework can be driven to
its limits.
"""
from __future__ import annotations

import base64
import contextlib
import http.server
import json
import queue
import random
import socket
import ssl
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scheduler.master.port import MasterEvents
from specs.forms.codec import read
from specs.forms.recordio import encode_record
from specs.forms.taskstatus import status_from_mapping
from specs.messages.offer import Offer
from specs.messages.status import TaskState, TaskStatus
from specs.messages.task import TaskInfo
from tests.patience import SLOW

WAIT = 30.0 * SLOW  # seconds for something that must come


def offer(agent: int = 0, *, cpus: float = 4, mem: float = 4096, ports: Sequence[tuple[int, int]] = ((31000, 32000),),
          offer_id: str | None = None, attributes: Mapping[str, str] | None = None,
          executors: Iterable[str] = (), role: str = "*", reserved: str | None = None) -> dict[str, Any]:
    """An Offer as a master sends it."""
    more: dict[str, Any] = {"allocation_info": {"role": role}}
    if reserved is not None:
        more["reservations"] = [{"type": "DYNAMIC", "role": reserved}]
    resources: list[dict[str, Any]] = [
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": cpus}, **more},
        {"name": "mem", "type": "SCALAR", "scalar": {"value": mem}, **more},
    ]
    if ports:
        ranges = [{"begin": begin, "end": end} for begin, end in ports]
        resources.append({"name": "ports", "type": "RANGES", "ranges": {"range": ranges}, **more})
    return {
        "id": {"value": offer_id or str(uuid.uuid4())}, "framework_id": {"value": "F1"},
        "agent_id": {"value": f"S{agent}"}, "hostname": f"host{agent}", "allocation_info": {"role": role},
        "resources": resources, "executor_ids": [{"value": executor} for executor in executors],
        "attributes": [{"name": name, "type": "TEXT", "text": {"value": value}}
                       for name, value in (attributes or {}).items()],
        "url": {"scheme": "http", "address": {"hostname": f"host{agent}", "ip": "127.0.0.1", "port": 5051},
                "path": "/slave(1)"},
    }


def offer_of(message: Mapping[str, Any]) -> Offer:
    """What a framework is told of it."""
    return read(Offer, message, strict=True)


def update(task_id: str, state: str, *, agent_id: str = "S0", with_uuid: bool = True, **more: Any) -> dict[str, Any]:
    """A TaskStatus as a master sends it."""
    status: dict[str, Any] = {"task_id": {"value": task_id}, "agent_id": {"value": agent_id}, "state": state,
                              "source": "SOURCE_EXECUTOR", "timestamp": 1.0, **more}
    if with_uuid:
        status["uuid"] = base64.b64encode(uuid.uuid4().bytes).decode()
    return status


def heard(task_id: str, state: str, **more: Any) -> TaskStatus:
    """What a framework is told of it; see `update`."""
    return status_from_mapping(update(task_id, state, **more))


class Subscription:
    """One SUBSCRIBE: what was sent, and the stream to answer on."""

    def __init__(self, request: dict[str, Any], headers: Mapping[str, str], connection: socket.socket) -> None:
        self.request = request
        self.headers = headers
        self.stream_id = str(uuid.uuid4())
        self.over = threading.Event()
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, *events: Mapping[str, Any]) -> None:
        """Each event as one chunk."""
        for event in events:
            self.send_bytes(encode_record(json.dumps(event).encode()))

    def send_bytes(self, data: bytes) -> None:
        """These bytes as one chunk, whatever they are."""
        with self._lock:
            self._connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def subscribed(self, framework_id: str = "F1", heartbeat: float = 15.0) -> None:
        """The event that every stream begins with."""
        self.send({"type": "SUBSCRIBED", "subscribed": {
            "framework_id": {"value": framework_id}, "heartbeat_interval_seconds": heartbeat,
            "master_info": {"id": "M1", "ip": 16777343, "port": 5050}}})

    def offers(self, *offers: Mapping[str, Any]) -> None:
        self.send({"type": "OFFERS", "offers": {"offers": list(offers)}})

    def update(self, status: Mapping[str, Any]) -> None:
        self.send({"type": "UPDATE", "update": {"status": status}})

    def end(self) -> None:
        """End the stream as HTTP does."""
        with contextlib.suppress(OSError):
            self._connection.sendall(b"0\r\n\r\n")
        self.close()

    def close(self) -> None:
        """Break the connection."""
        self.over.set()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)


Reply = tuple[int, Mapping[str, str], bytes]


class ScriptedMaster:
    """A context manager. `subscriptions` and `calls` are what arrived; `replies` what to say instead of 200 and 202."""

    def __init__(self, host: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None) -> None:
        self.subscriptions: queue.Queue[Subscription] = queue.Queue()
        self.calls: queue.Queue[dict[str, Any]] = queue.Queue()
        self.call_headers: list[dict[str, str]] = []
        self.subscribe_replies: list[Reply] = []  # for the next SUBSCRIBEs, first come first served; empty: 200
        self.call_replies: list[Reply | None] = []  # None: break the connection without an answer
        self._open: list[Subscription] = []
        self._connections: set[socket.socket] = set()
        handler = type("Handler", (_Handler,), {"master": self})
        server_class = type("Server", (http.server.ThreadingHTTPServer,), {
            "address_family": socket.AF_INET6 if ":" in host else socket.AF_INET, "daemon_threads": True,
            "handle_error": lambda *_: None})
        self._server: http.server.ThreadingHTTPServer = server_class((host, 0), handler)
        if tls is not None:  # each handshake is its own thread's: at the first read
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def address(self) -> str:
        host, port = self._server.server_address[:2]
        return f"[{host!s}]:{port}" if ":" in str(host) else f"{host!s}:{port}"

    def subscription(self) -> Subscription:
        """The next one; fails if none comes."""
        return self.subscriptions.get(timeout=WAIT)

    def call(self, kind: str | None = None) -> dict[str, Any]:
        """The next call, or the next one of this type; fails if none comes."""
        while True:
            call = self.calls.get(timeout=WAIT)
            if kind is None or call["type"] == kind:
                return call

    def __enter__(self) -> ScriptedMaster:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        for subscription in self._open:
            subscription.close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()

    def _take_subscription(self, subscription: Subscription) -> None:
        self._open.append(subscription)
        self.subscriptions.put(subscription)


class _Handler(http.server.BaseHTTPRequestHandler):
    master: ScriptedMaster
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.master._connections.add(self.connection)

    def finish(self) -> None:
        self.master._connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def do_GET(self) -> None:
        self._reply((404, {}, b""))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        call = json.loads(body)
        if call["type"] == "SUBSCRIBE":
            self._subscribe(call)
            return
        self.master.call_headers.append(dict(self.headers))
        reply: Reply | None = (202, {}, b"")
        if self.master.call_replies:
            reply = self.master.call_replies.pop(0)
        self.master.calls.put(call)
        if reply is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._reply(reply)

    def _subscribe(self, call: dict[str, Any]) -> None:
        if self.master.subscribe_replies:
            self._reply(self.master.subscribe_replies.pop(0))
            return
        subscription = Subscription(call, dict(self.headers), self.connection)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Mesos-Stream-Id", subscription.stream_id)
        self.end_headers()
        self.wfile.flush()
        self.master._take_subscription(subscription)
        subscription.over.wait()
        self.close_connection = True

    def _reply(self, reply: Reply) -> None:
        status, headers, body = reply
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class MemoryMaster:
    """A cluster of `agents` that never refuses, each with as much as `offer` says; every task lives through `life`.

    Events are given on the caller's thread, from within the call that causes them: the framework only queues them.
    """

    def __init__(self, agents: int, *, life: Sequence[str] = ("TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"),
                 **resources: Any) -> None:
        self.offered = [offer_of(offer(agent, **resources)) for agent in range(agents)]
        self.life = life
        self.acknowledged = 0
        self.launched = 0
        self.declined = 0
        self.suppressed = False
        self.killed: list[str] = []
        self.stopped: bool | None = None  # with failover or without
        self._events: MasterEvents
        self._uuids = random.getrandbits(64) << 32  # another master's updates are others

    def start(self, events: MasterEvents, framework_id: str | None = None) -> None:
        self._events = events
        events.subscribed("F1", "memory")
        events.offers(self.offered)

    def stop(self, *, failover: bool = False) -> None:
        self.stopped = failover

    def resubscribe(self) -> None:
        self._events.disconnected("asked for")
        self.suppressed = False  # who subscribes is offered to, as Mesos
        self._events.subscribed("F1", "memory")

    def accept(self, offer_ids: Sequence[str], tasks: Sequence[TaskInfo], refuse_seconds: float) -> None:
        self.launched += len(tasks)
        for task in tasks:
            for state in self.life:
                self.update(task.task_id, state, agent_id=task.agent_id, source="SOURCE_EXECUTOR")

    def decline(self, offer_ids: Sequence[str], refuse_seconds: float) -> None:
        self.declined += len(offer_ids)

    def kill(self, task_id: str, agent_id: str | None, grace: float | None) -> None:
        self.killed.append(task_id)
        self.update(task_id, "TASK_KILLED", agent_id=agent_id)

    def update(self, task_id: str, state: str, **more: Any) -> None:
        """Tell the framework a state of a task; `more` as in a TaskStatus."""
        self._events.update(TaskStatus(task_id, TaskState(state), uuid=self._uuid(), **more))

    def say(self, task_id: str, agent_id: str, state: str) -> None:
        """Something happens to a task from outside."""
        self.update(task_id, state, agent_id=agent_id, source="SOURCE_MASTER")

    def acknowledge(self, status: TaskStatus) -> None:
        self.acknowledged += 1

    def reconcile(self, tasks: Iterable[tuple[str, str | None]]) -> None:
        pass

    def suppress(self) -> None:
        self.suppressed = True

    def revive(self) -> None:
        self.suppressed = False
        self._events.offers([replace(each, id=str(uuid.uuid4())) for each in self.offered])

    def message(self, agent_id: str, executor_id: str, data: bytes) -> None:
        pass

    def _uuid(self) -> bytes:
        self._uuids += 1
        return self._uuids.to_bytes(16, "big")
