"""An agent that speaks libprocess on loopback, and that a test can make misbehave: `V0Agent`.

It does what a Mesos agent does with a v0 executor: RegisterExecutor is answered by a link to the executor and
ExecutorRegistered, ReregisterExecutor by ExecutorReregistered, an update is stored once per uuid and acknowledged.
Every request and every answer is kept for the test to look at, in Mesos's own form. As Mesos: slave.cpp, libprocess.

It reads requests with a parser of its own, so that it proves the executor's.
"""
from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specs.forms import wire
from specs.network.pid import Pid, parse_pid
from tests.fakes.shared_tls import SharedTlsSocket
from tests.patience import SLOW

PACKAGE = "mesos.internal."
Fields = dict[str, Any]
Dialled = socket.socket | SharedTlsSocket


@dataclass(frozen=True, slots=True)
class Said:
    """One message as it came; `headers` in their order and spelling, `chunks` the lengths of the body's."""

    name: str
    message: Fields
    path: str
    headers: tuple[tuple[str, str], ...]
    chunks: tuple[int, ...]
    connection: int  # which of the agent's connections, counted from 1

    @property
    def sender(self) -> str:
        return dict(self.headers)["Libprocess-From"]


class V0Agent:
    """Use as a context manager."""

    def __init__(self, host: str = "127.0.0.1", *, acknowledge: bool = True, register: bool = True,
                 checkpoint: bool = True, tls: ssl.SSLContext | None = None,
                 client_tls: ssl.SSLContext | None = None) -> None:
        """`acknowledge`: at once, when stored. `register`: whether a registration is answered."""
        self.host, self.port = host, 0
        self.acknowledge, self.register, self.checkpoint = acknowledge, register, checkpoint
        self.agent_id = f"agent-{uuid.uuid4()}"
        self.framework_id = f"framework-{uuid.uuid4()}"
        self.executor_id = "t"
        self.executor: Pid | None = None
        self.received: list[Said] = []
        self.answers: list[bytes] = []  # what the executor answered to our messages, each head whole
        self.updates: list[Fields] = []  # statuses, each uuid once, in the order in which they came first
        self.connections = 0
        self.faults: list[BaseException] = []
        self._tls, self._client_tls = tls, client_tls
        self._change = threading.Condition(threading.RLock())
        self._listener: socket.socket | None = None
        self._sockets: set[Dialled] = set()
        self._link: Dialled | None = None
        self._seen: set[str] = set()

    def __enter__(self) -> V0Agent:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.die()
        if self.faults:
            raise AssertionError("the scripted agent failed") from self.faults[0]

    # Being there.

    def come_back(self, *, port: int | None = None) -> None:
        """Listen, at the old port if there was one."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port if port is None else port))
        listener.listen()
        self._listener, self.port = listener, listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def die(self) -> None:
        """As by SIGKILL: every socket is closed by the kernel."""
        with self._change:
            dying, self._sockets = self._sockets, set()
            listener, self._listener, self._link = self._listener, None, None
        for each in ([listener] if listener else []) + list(dying):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    @property
    def pid(self) -> Pid:
        return parse_pid(f"slave(1)@{self._netloc}")

    @property
    def _netloc(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def environment(self, sandbox: str | Path = "/tmp", **more: str) -> dict[str, str]:
        """What the agent puts into the environment of its executor."""
        return {"LIBPROCESS_IP": self.host, "LIBPROCESS_PORT": "0", "MESOS_AGENT_ENDPOINT": self._netloc,
                "MESOS_CHECKPOINT": "1" if self.checkpoint else "0", "MESOS_DIRECTORY": str(sandbox),
                "MESOS_SANDBOX": str(sandbox), "MESOS_EXECUTOR_ID": self.executor_id,
                "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "3secs", "MESOS_FRAMEWORK_ID": self.framework_id,
                "MESOS_HTTP_COMMAND_EXECUTOR": "0", "MESOS_RECOVERY_TIMEOUT": "15mins",
                "MESOS_SLAVE_ID": self.agent_id, "MESOS_SLAVE_PID": str(self.pid),
                "MESOS_SUBSCRIPTION_BACKOFF_MAX": "2secs", "MESOS_DOCKER_PROTOCOL": "v0",
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **more}

    # What it says.

    def say(self, name: str, message: Mapping[str, Any], **how: Any) -> None:
        """A message over the link to the executor, which is made if there is none."""
        self.send(self.request(name, wire.encode(PACKAGE + name, message), **how))

    def request(self, name: str, body: bytes, *, sender: str | None = None, actor: str | None = None) -> bytes:
        """As libprocess writes it."""
        assert self.executor is not None
        claimed = str(self.pid) if sender is None else sender
        head = (f"POST /{actor or self.executor.id}/{PACKAGE}{name} HTTP/1.1\r\nUser-Agent: libprocess/{claimed}\r\n"
                f"Libprocess-From: {claimed}\r\nConnection: Keep-Alive\r\nHost: {self.executor.address}\r\n")
        if not body:
            return f"{head}\r\n".encode()
        chunk = f"{len(body):x}\r\n".encode() + body
        return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk + b"\r\n0\r\n\r\n"

    def send(self, data: bytes) -> None:
        """These bytes over the link."""
        with self._change:
            if self._link is None:
                self._link = self.dial()
            self._link.sendall(data)

    def dial(self) -> Dialled:
        """A connection of its own to the executor, whose answers are read."""
        assert self.executor is not None
        plain = socket.create_connection((self.executor.address.host, self.executor.address.port), 30)
        connected: Dialled = plain if self._client_tls is None else SharedTlsSocket(self._client_tls.wrap_socket(plain))
        with self._change:
            self._sockets.add(connected)
        threading.Thread(target=self._read_answers, args=(connected,), daemon=True).start()
        return connected

    def registered(self) -> None:
        self.say("ExecutorRegisteredMessage", {
            "executor_info": {"executor_id": self._id(self.executor_id), "framework_id": self._id(self.framework_id),
                              "command": {"value": "mesos-executor"}},
            "framework_id": self._id(self.framework_id), "framework_info": self._framework(),
            "slave_id": self._id(self.agent_id), "slave_info": self._info()})

    def reregistered(self) -> None:
        self.say("ExecutorReregisteredMessage", {"slave_id": self._id(self.agent_id), "slave_info": self._info()})

    def reconnect(self, **how: Any) -> None:
        self.say("ReconnectExecutorMessage", {"slave_id": self._id(self.agent_id)}, **how)

    def run(self, task_id: str, *, framework: str | None = None, **fields: Any) -> None:
        task = {"name": task_id, "task_id": self._id(task_id), "agent_id": self._id(self.agent_id), **fields}
        framework_info = self._framework() if framework is None else {**self._framework(), "id": self._id(framework)}
        self.say("RunTaskMessage", {"framework": framework_info, "pid": "@0.0.0.0:0", "task": task})

    def kill(self, task_id: str, grace: float | None = None) -> None:
        policy = {} if grace is None else {
            "kill_policy": {"grace_period": {"nanoseconds": int(grace * 1e9)}}}
        self.say("KillTaskMessage", {"framework_id": self._id(self.framework_id), "task_id": self._id(task_id),
                                     **policy})

    def acknowledge_update(self, status: Fields, **how: Any) -> None:
        self.say("StatusUpdateAcknowledgementMessage", {
            "slave_id": self._id(self.agent_id), "framework_id": self._id(self.framework_id),
            "task_id": status["task_id"], "uuid": status["uuid"]}, **how)

    def shut_down(self, **how: Any) -> None:
        self.say("ShutdownExecutorMessage", {}, **how)

    # What it hears.

    def states(self) -> list[str]:
        """Of the updates, each once."""
        with self._change:
            return [str(status["state"]) for status in self.updates]

    def named(self, name: str) -> list[Said]:
        with self._change:
            return [said for said in self.received if said.name == name]

    def wait_for(self, condition: Callable[[], object], timeout: float = 30.0 * SLOW) -> None:
        """AssertionError if it does not come true in `timeout` seconds."""
        with self._change:
            if not self._change.wait_for(condition, timeout):
                raise AssertionError(f"it did not happen; received {[each.name for each in self.received]}, "
                                     f"states {self.states()}")

    def wait_said(self, name: str, times: int = 1) -> Said:
        self.wait_for(lambda: len(self.named(name)) >= times)
        return self.named(name)[times - 1]

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connected, _ = listener.accept()
                if self._tls is not None:
                    connected = self._tls.wrap_socket(connected, server_side=True)
            except ssl.SSLError:
                continue
            except OSError:
                return
            with self._change:
                self.connections += 1
                number = self.connections
                self._sockets.add(connected)
            threading.Thread(target=self._serve, args=(connected, number), daemon=True).start()

    def _serve(self, connected: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), connected, connected.makefile("rb") as stream:
            while (said := _read_request(stream, number)) is not None:
                connected.sendall(b"HTTP/1.1 202 Accepted\r\nDate: Sat, 28 Nov 2026 13:47:40 GMT\r\n"
                                  b"Content-Length: 0\r\n\r\n")
                try:
                    self._heard(said)
                except OSError:
                    raise
                except Exception as error:
                    self.faults.append(error)
                    raise

    def _heard(self, said: Said) -> None:
        with self._change:
            self.received.append(said)
            self.executor = parse_pid(said.sender)
            if said.name == "StatusUpdateMessage":
                self._store(said.message["update"])
            elif said.name == "ReregisterExecutorMessage":
                if self.register:
                    self.reregistered()
                for update in said.message.get("updates", ()):
                    self._store(update)
            elif said.name == "RegisterExecutorMessage" and self.register:
                self.registered()
            self._change.notify_all()

    def _store(self, update: Fields) -> None:
        status = update["status"]
        assert update["uuid"] == status["uuid"]
        if status["uuid"] not in self._seen:
            self._seen.add(status["uuid"])
            self.updates.append(status)
        if self.acknowledge:
            self.acknowledge_update(status)

    def _read_answers(self, connected: Dialled) -> None:
        with contextlib.suppress(OSError, ValueError), connected.makefile("rb") as stream:
            head = b""
            while line := stream.readline():
                head += line
                if line == b"\r\n":
                    with self._change:
                        self.answers.append(head)
                        self._change.notify_all()
                    head = b""

    def _framework(self) -> Fields:
        return {"user": "root", "name": "a test", "id": self._id(self.framework_id), "checkpoint": self.checkpoint,
                "capabilities": [{"type": "PARTITION_AWARE"}, {"type": "TASK_KILLING_STATE"}]}

    def _info(self) -> Fields:
        return {"hostname": self.host, "id": self._id(self.agent_id), "port": self.port}

    @staticmethod
    def _id(value: str) -> Fields:
        return {"value": value}


def _read_request(stream: Any, connection: int) -> Said | None:
    if stream.peek(1)[:1] != b"P":
        return None  # the end, or no request: then Mesos closes the connection
    start = stream.readline().decode()
    headers: list[tuple[str, str]] = []
    while (line := stream.readline().decode().rstrip("\r\n")):
        name, _, value = line.partition(": ")
        headers.append((name, value))
    chunks, body = [], b""
    assert dict(headers)["Transfer-Encoding"] == "chunked"
    while (length := int(stream.readline(), 16)):
        chunks.append(length)
        body += stream.read(length)
        assert stream.readline() == b"\r\n"
    assert stream.readline() == b"\r\n"
    method, path, version = start.split()
    assert (method, version) == ("POST", "HTTP/1.1"), start
    name = path.rpartition(f"/{PACKAGE}")[2]
    return Said(name, wire.decode(PACKAGE + name, body), path, tuple(headers), tuple(chunks), connection)
