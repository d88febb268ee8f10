"""An agent that speaks HTTP on loopback, and that a test can make misbehave: `ScriptedAgent`.

It does what a Mesos agent does with the executor API, as far as an executor can tell: path and token are checked, calls
are validated, updates are stored once per uuid and acknowledged, a second SUBSCRIBE ends the first stream, UPDATE
without a stream is 403. Everything that arrived is kept for the test to look at. As Mesos: slave.cpp, slave/http.cpp.

Misbehaviour is scripted per request with `Answer`s (`next_subscribes`, `next_calls`), and at any time with `cut`,
`go_away` and `come_back`.
"""
from __future__ import annotations

import contextlib
import http.server
import json
import socket
import socketserver
import ssl
import struct
import sys
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from specs.forms.recordio import encode_record
from specs.rules.executor_call import call_problem
from tests.patience import SLOW

Call = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """How one request is treated; the default is as an agent should."""

    status: int | None = None  # an answer of this status instead
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None  # these bytes instead of an answer
    stall: bool = False  # no answer, or nothing behind `raw`; the connection stays open
    cut: bool = False  # no answer, the connection is reset
    take: bool = False  # but before that, do with the call what an agent does


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came; header names in lower case."""

    call: Call
    path: str
    headers: Mapping[str, str]
    connection: int  # which of the agent's connections, counted from 1

    @property
    def kind(self) -> str:
        """The call's type."""
        return str(self.call.get("type"))


class ScriptedAgent:
    """Use as a context manager. `host` is an IP address, or the absolute path of a unix socket to make."""

    executor_id = "executor-1"
    agent_id = "agent-1"

    def __init__(self, host: str = "127.0.0.1", *, process_id: str = "slave(1)", token: str | None = None,
                 tls: ssl.SSLContext | None = None, acknowledge: bool = True) -> None:
        """`acknowledge`: whether updates are acknowledged as soon as they are stored.

        An empty `process_id` makes it the process's default actor, as a real agent is: its API then has no prefix.
        """
        self.framework_id = f"framework-{uuid.uuid4()}"  # containers are known by it
        self.host = host
        self.port = 0
        self.path = f"/{process_id}/api/v1/executor" if process_id else "/api/v1/executor"
        self.process_id = process_id
        self.token = token
        self.acknowledge = acknowledge
        self.received: list[Received] = []
        self.updates: dict[str, list[dict[str, Any]]] = {}  # statuses per task, each uuid once, as they came first
        self.duplicates = 0  # updates that came again
        self.faults: list[BaseException] = []  # of this fake; a test that uses it fails for them at the end
        self.next_subscribes: deque[Answer] = deque()
        self.next_calls: deque[Answer] = deque()
        self.connections = 0
        self.streams = 0  # SUBSCRIBE calls that were accepted
        self._tls = tls
        self._server: _Server | None = None
        self._stream: _Stream | None = None
        self._sockets: set[socket.socket] = set()
        self._seen: set[str] = set()
        self._change = threading.Condition(threading.RLock())

    def __enter__(self) -> ScriptedAgent:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()
        if self.faults:
            raise AssertionError("the scripted agent failed") from self.faults[0]

    # Being there.

    def come_back(self) -> None:
        """Listen, at the old port if there was one."""
        server = _Server(self)
        self._server = server
        if not self.host.startswith("/"):
            self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def go_away(self, *, hard: bool = True) -> None:
        """Stop listening and end every connection, as an agent that dies."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
        self.cut(hard=hard)
        with self._change:
            sockets = list(self._sockets)
        for each in sockets:
            _end(each, hard=hard)
        if self.host.startswith("/"):
            Path(self.host).unlink(missing_ok=True)

    def cut(self, *, hard: bool = True) -> bool:
        """End the stream, by a reset or (not hard) by its proper end; whether there was one."""
        with self._change:
            stream, self._stream = self._stream, None
        if stream is not None:
            stream.end(hard=hard)
        return stream is not None

    def cut_calls(self) -> None:
        """Reset every connection that is not the stream."""
        with self._change:
            sockets = [each for each in self._sockets if self._stream is None or each is not self._stream.socket]
        for each in sockets:
            _end(each, hard=True)

    def environment(self, **more: str) -> dict[str, str]:
        """What an agent puts into an executor's environment; `more` overrides."""
        authority = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        unix = self.host.startswith("/")
        authority = "127.0.0.1:5051" if unix else authority
        return {
            "LIBPROCESS_PORT": "0",
            "MESOS_FRAMEWORK_ID": self.framework_id,
            "MESOS_EXECUTOR_ID": self.executor_id,
            "MESOS_DIRECTORY": "/tmp",
            "MESOS_SLAVE_ID": self.agent_id,
            "MESOS_SLAVE_PID": f"{self.process_id}@{authority}",
            "MESOS_AGENT_ENDPOINT": authority,
            "MESOS_CHECKPOINT": "1",
            "MESOS_HTTP_COMMAND_EXECUTOR": "0",
            "MESOS_DOCKER_PROTOCOL": "v1",  # not of an agent: the drop-in would speak v0
            "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs",
            "MESOS_RECOVERY_TIMEOUT": "15mins",
            "MESOS_SUBSCRIPTION_BACKOFF_MAX": "20ms",
            **({"MESOS_DOMAIN_SOCKET": self.host} if unix else {}),
            **({"MESOS_EXECUTOR_AUTHENTICATION_TOKEN": self.token} if self.token else {}),
            **({"LIBPROCESS_SSL_ENABLED": "true"} if self._tls else {}),
            **more,
        }

    # Saying something.

    def event(self, kind: str, **content: Any) -> int:
        """Send an event; the number of the stream that took it, 0 if there is none."""
        return self.raw_event(json.dumps({"type": kind, **content}).encode())

    def raw_event(self, record: bytes) -> int:
        """Send any bytes as a record; as `event`."""
        with self._change:
            stream = self._stream
        return stream.number if stream is not None and stream.send(record) else 0

    def launch(self, task_id: str, **more: Any) -> int:
        """LAUNCH of a task with this id."""
        return self.event("LAUNCH", launch={"task": {
            "name": task_id, "task_id": {"value": task_id}, "agent_id": {"value": self.agent_id}, **more}})

    def kill(self, task_id: str, grace_seconds: float | None = None) -> int:
        """KILL, with a kill_policy if there is a grace."""
        policy = {} if grace_seconds is None else {
            "kill_policy": {"grace_period": {"nanoseconds": int(grace_seconds * 1e9)}}}
        return self.event("KILL", kill={"task_id": {"value": task_id}, **policy})

    def acknowledge_update(self, status: Mapping[str, Any]) -> int:
        """ACKNOWLEDGED for a status as it came."""
        return self.event("ACKNOWLEDGED", acknowledged={"task_id": status["task_id"], "uuid": status["uuid"]})

    # Looking at what came.

    def calls(self, kind: str) -> list[Received]:
        """The requests of one type, in order."""
        with self._change:
            return [each for each in self.received if each.kind == kind]

    def states(self, task_id: str) -> list[str]:
        """The states stored for a task, in order."""
        with self._change:
            return [status["state"] for status in self.updates.get(task_id, [])]

    @property
    def subscribed(self) -> bool:
        """Whether there is a stream."""
        with self._change:
            return self._stream is not None

    def missing(self, sent: Mapping[str, int]) -> list[str]:
        """Of the tasks that were launched on these streams, those that the executor never got.

        As an agent finds them when an executor subscribes again: no update, and not in unacknowledged_tasks.
        """
        with self._change:
            if self._stream is None:
                return []
            known = {task["task_id"]["value"] for task in self._stream.call["subscribe"]["unacknowledged_tasks"]}
            return [task_id for task_id, number in sent.items()
                    if number < self._stream.number and task_id not in known and task_id not in self.updates]

    def wait_for(self, predicate: Callable[[], object], timeout: float = 30.0 * SLOW) -> None:
        """Wait until this holds, asked after everything that comes; AssertionError after `timeout` seconds."""
        with self._change:
            if not self._change.wait_for(predicate, timeout):
                raise AssertionError(f"waited {timeout} s; received {[each.kind for each in self.received]}")

    def wait_subscribed(self, times: int = 1) -> None:
        """Wait until SUBSCRIBE was accepted and, counting all of them, has come at least so often."""
        self.wait_for(lambda: self.subscribed and len(self.calls("SUBSCRIBE")) >= times)

    # What the server's threads do.

    def _opened(self, connection: socket.socket) -> int:
        with self._change:
            self._sockets.add(connection)
            self.connections += 1
            return self.connections

    def _closed(self, connection: socket.socket) -> None:
        with self._change:
            self._sockets.discard(connection)
            if self._stream is not None and self._stream.socket is connection:
                self._stream = None
            self._change.notify_all()

    def _arrived(self, received: Received) -> tuple[Answer, list[dict[str, Any]]]:
        """How to answer, and which statuses to acknowledge. One call after the other, as in an agent's actor."""
        with self._change:
            self.received.append(received)
            script = self.next_subscribes if received.kind == "SUBSCRIBE" else self.next_calls
            answer = script.popleft() if script else self._judged(received)
            statuses = _statuses(received.call) if answer.take or answer == Answer() else []
            for status in statuses:
                self._store(status)
            self._change.notify_all()
            return answer, statuses

    def _judged(self, received: Received) -> Answer:
        if received.path != self.path:
            return Answer(status=404)
        if self.token and received.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(status=401)
        problem = call_problem(received.call)
        if problem:
            return Answer(status=400, body=f"Failed to validate Executor::Call: {problem}")
        if received.kind not in {"SUBSCRIBE", "HEARTBEAT"} and self._stream is None:
            return Answer(status=403, body="Executor is not subscribed")
        return Answer()

    def _store(self, status: dict[str, Any]) -> None:
        if status["uuid"] in self._seen:
            self.duplicates += 1
        else:
            self._seen.add(status["uuid"])
            self.updates.setdefault(status["task_id"]["value"], []).append(status)

    def _acknowledge(self, statuses: list[dict[str, Any]]) -> None:
        if self.acknowledge:
            for status in statuses:
                self.acknowledge_update(status)

    def _subscribe(self, handler: _Handler, call: Call, statuses: list[dict[str, Any]]) -> None:
        with self._change:
            self.streams += 1
            stream = _Stream(handler, self.streams, call)
        stream.start()
        with self._change:
            before, self._stream = self._stream, stream
        if before is not None:
            before.end(hard=False)
        stream.send(json.dumps({"type": "SUBSCRIBED", "subscribed": {
            "executor_info": {"executor_id": call["executor_id"], "framework_id": call["framework_id"]},
            "framework_info": {"id": call["framework_id"], "name": "scripted", "user": "root"},
            "agent_info": {"id": {"value": self.agent_id}, "hostname": "localhost"},
            "container_id": {"value": "container-1"},
        }}).encode())
        self._acknowledge(statuses)
        with self._change:
            self._change.notify_all()
        stream.ended.wait()


class _Stream:
    """The answer to one SUBSCRIBE."""

    def __init__(self, handler: _Handler, number: int, call: Call) -> None:
        self.number = number
        self.call = call
        self.socket = handler.connection
        self.ended = threading.Event()
        self._handler = handler
        self._lock = threading.Lock()

    def start(self) -> None:
        self._handler.send_response(200)
        self._handler.send_header("Content-Type", "application/json")
        self._handler.send_header("Transfer-Encoding", "chunked")
        self._handler.end_headers()

    def send(self, record: bytes) -> bool:
        framed = encode_record(record)
        with self._lock, contextlib.suppress(OSError, ValueError):
            if not self.ended.is_set():
                self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(framed), framed))
                return True
        return False

    def end(self, *, hard: bool) -> None:
        if not hard:
            with self._lock, contextlib.suppress(OSError, ValueError):
                self._handler.wfile.write(b"0\r\n\r\n")
        _end(self.socket, hard=hard)
        self.ended.set()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = False  # it fails on a unix socket

    @property
    def agent(self) -> ScriptedAgent:
        return cast("_Server", self.server).agent

    def setup(self) -> None:
        super().setup()
        self.number = self.agent._opened(self.connection)

    def finish(self) -> None:
        self.agent._closed(self.connection)
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received = Received(json.loads(body), self.path, {k.lower(): v for k, v in self.headers.items()}, self.number)
        answer, statuses = self.agent._arrived(received)
        normal = answer == Answer()
        if answer.raw is not None:
            self.wfile.write(answer.raw)
            self.close_connection = True
        if answer.stall:
            self._until_closed()
        elif answer.cut:
            _end(self.connection, hard=True)
            self.close_connection = True
        elif answer.raw is not None:
            pass
        elif normal and received.kind == "SUBSCRIBE":
            self.agent._subscribe(self, received.call, statuses)
            self.close_connection = True
        else:
            self._plain(answer.status or 202, answer)
            self.agent._acknowledge(statuses)

    def _plain(self, status: int, answer: Answer) -> None:
        body = answer.body.encode()
        self.send_response(status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _until_closed(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            while self.connection.recv(4096):
                pass

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, agent: ScriptedAgent) -> None:
        self.agent = agent
        unix = agent.host.startswith("/")
        self.address_family = socket.AF_UNIX if unix else socket.AF_INET6 if ":" in agent.host else socket.AF_INET
        super().__init__(cast("tuple[str, int]", agent.host if unix else (agent.host, agent.port)), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """On the connection's own thread: a slow TLS handshake must not stop the others."""
        if self.agent._tls is None:
            super().finish_request(request, client_address)
        else:
            with self.agent._tls.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close without a farewell, so that a reset is one."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections break, that is what this agent is for; anything else is a fault of the fake."""
        fault = sys.exception()
        if fault is not None and not isinstance(fault, OSError | ValueError):
            self.agent.faults.append(fault)


def _statuses(call: Call) -> list[dict[str, Any]]:
    """The updates that a call carries."""
    if call.get("type") == "UPDATE":
        return [call["update"]["status"]]
    if call.get("type") == "SUBSCRIBE":
        return [update["status"] for update in call["subscribe"]["unacknowledged_updates"]]
    return []


def _end(connection: socket.socket, *, hard: bool) -> None:
    """Wake the connection's thread, which closes it; with `hard` that sends a reset."""
    with contextlib.suppress(OSError):
        if hard and connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.shutdown(socket.SHUT_RD)
        else:
            connection.shutdown(socket.SHUT_RDWR)
