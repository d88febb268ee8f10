"""An agent that does nothing but look at its watch: writes LAUNCH and KILL, reads UPDATE, acknowledges, notes when.

It speaks the executor API v1 over bare sockets, with one thread per connection and as little code as possible between
the socket and the clock, so that what is measured is the executor. The moment of a LAUNCH is just before it is
written; the moment of an UPDATE is when its last byte has been read, before it is parsed.
"""
from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.bench.updates import TERMINAL, Update, Updates

FRAMEWORK = "bench-framework"
AGENT = "bench-agent"


class TimedAgent:
    """Serves one executor; `port` is where. Close it in the end."""

    custom = True

    def __init__(self, executor: str = "bench-executor") -> None:
        self.executor = executor
        self.subscribed_at: float | None = None  # steady clock, when SUBSCRIBE had been read
        self._executor_info = {"type": "CUSTOM", "executor_id": {"value": executor},
                               "framework_id": {"value": FRAMEWORK}, "command": {"value": "bench"}}
        self._updates = Updates()
        self._changed = threading.Condition()
        self._stream: socket.socket | None = None
        self._write = threading.Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def environment(self, sandbox: Path) -> dict[str, str]:
        """What an agent sets for a custom executor."""
        return {
            "MESOS_AGENT_ENDPOINT": f"127.0.0.1:{self.port}", "MESOS_SLAVE_PID": f"slave(1)@127.0.0.1:{self.port}",
            "MESOS_SLAVE_ID": AGENT, "MESOS_FRAMEWORK_ID": FRAMEWORK, "MESOS_EXECUTOR_ID": self.executor,
            "MESOS_DIRECTORY": str(sandbox), "MESOS_SANDBOX": str(sandbox), "MESOS_CHECKPOINT": "0",
            "MESOS_HTTP_COMMAND_EXECUTOR": "0", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs", "MESOS_LOCAL": "1",
        }

    # What the benchmark does with it.

    def launch(self, *tasks: dict[str, Any]) -> float:
        """Write LAUNCH for each task, all in one go; the steady clock just before that."""
        records = b"".join(_record({"type": "LAUNCH", "launch": {"task": {**task, "executor": self._executor_info}}})
                           for task in tasks)
        return self._send(records)

    def kill(self, task: str) -> float:
        """Write KILL; the steady clock just before that."""
        return self._send(_record({"type": "KILL", "kill": {"task_id": {"value": task}}}))

    def shutdown(self) -> None:
        """Write SHUTDOWN."""
        self._send(_record({"type": "SHUTDOWN"}))

    def wait_subscribed(self, timeout: float = 30.0) -> float:
        """When SUBSCRIBE came; TimeoutError when it does not."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.subscribed_at is not None, timeout):
                raise TimeoutError(f"no SUBSCRIBE in {timeout} s")
            return self.subscribed_at or 0.0

    def wait(self, tasks: Iterable[str], states: Iterable[str] = TERMINAL, timeout: float = 60.0) -> dict[str, Update]:
        """See `Updates.wait`."""
        return self._updates.wait(tasks, states, timeout)

    def close(self) -> None:
        """Close all sockets."""
        for opened in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    # The agent's side.

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(connected)
            threading.Thread(target=self._serve, args=(connected,), daemon=True).start()

    def _serve(self, connected: socket.socket) -> None:
        pending = b""
        with contextlib.suppress(OSError):
            while True:
                while (split := request(pending)) is None:
                    data = connected.recv(1 << 16)
                    if not data:
                        return
                    pending += data
                steady, wall = time.monotonic(), time.time()
                body, pending = split
                self._called(connected, json.loads(body), steady, wall)

    def _called(self, connected: socket.socket, call: Mapping[str, Any], steady: float, wall: float) -> None:
        if call["type"] == "SUBSCRIBE":
            self._subscribe(connected, steady)
            return
        connected.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        if call["type"] != "UPDATE":
            return
        status = call["update"]["status"]
        self._updates.add(Update.of(status, steady, wall))
        acknowledged = {"task_id": status["task_id"], "uuid": status["uuid"]}
        self._send(_record({"type": "ACKNOWLEDGED", "acknowledged": acknowledged}))

    def _subscribe(self, connected: socket.socket, steady: float) -> None:
        resources = [{"name": name, "type": "SCALAR", "scalar": {"value": value}, "role": "*"}
                     for name, value in (("cpus", 64.0), ("mem", 65536.0))]
        answer = {"type": "SUBSCRIBED", "subscribed": {
            "executor_info": self._executor_info,
            "framework_info": {"id": {"value": FRAMEWORK}, "user": "root", "name": "bench"},
            "agent_info": {"id": {"value": AGENT}, "hostname": "127.0.0.1", "port": self.port, "resources": resources},
            "container_id": {"value": "bench"},
        }}
        connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                          + _record(answer))
        with self._changed:
            self._stream = connected
            self.subscribed_at = steady
            self._changed.notify_all()

    def _send(self, data: bytes) -> float:
        with self._write:
            if self._stream is None:
                raise RuntimeError("no executor is subscribed")
            now = time.monotonic()
            self._stream.sendall(data)
            return now


def _record(event: Mapping[str, Any]) -> bytes:
    data = json.dumps(event, separators=(",", ":")).encode()
    framed = b"%d\n%b" % (len(data), data)
    return b"%x\r\n%b\r\n" % (len(framed), framed)


def request(data: bytes) -> tuple[bytes, bytes] | None:
    """The body of a complete request with Content-Length, and what follows it; None while more is to come."""
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        return None
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
    length = int(fields.get(b"content-length", b"0"))
    return (rest[:length], rest[length:]) if len(rest) >= length else None
