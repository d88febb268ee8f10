"""`python -m tests.bench.master TASKS AGENTS`: a master for one framework that does nothing but look at its watch.

It prints its port, takes one subscription, offers AGENTS agents in one event, and when all TASKS tasks have come in
ACCEPT calls it sends three updates for each as fast as the stream takes them. When all are acknowledged it prints the
two rates, by its own clock, and ends. It answers pipelined calls in order, as libprocess does.
"""
from __future__ import annotations

import json
import socket
import sys
import threading
import time
import uuid
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any

from specs.forms.recordio import encode_record
from tests.bench.agent import request
from tests.fakes.master import offer

LIFE = ("TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED")
BATCH = 64  # events in one write


class Master:
    """Serves until all updates of all tasks are acknowledged."""

    def __init__(self, tasks: int, agents: int) -> None:
        self._tasks, self._agents = tasks, agents
        self._launched: list[tuple[str, str]] = []  # task and agent
        self._acknowledged = 0
        self._offered = self._launched_at = self._updated = 0.0
        self._stream: socket.socket | None = None
        self.rates: dict[str, float] = {}
        self.over = threading.Event()

    def serve(self, connected: socket.socket) -> None:
        """One connection, to its end."""
        pending = b""
        while data := connected.recv(1 << 18):
            pending += data
            answers = b""
            while (split := request(pending)) is not None:
                body, pending = split
                answers += self._called(connected, json.loads(body))
            connected.sendall(answers)

    def _called(self, connected: socket.socket, call: Mapping[str, Any]) -> bytes:
        if call["type"] == "SUBSCRIBE":
            self._stream = connected
            threading.Thread(target=self._greet, daemon=True).start()
            return (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMesos-Stream-Id: bench\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n")
        if call["type"] == "ACCEPT":
            for operation in call["accept"]["operations"]:
                self._launched += [(task["task_id"]["value"], task["agent_id"]["value"])
                                   for task in operation["launch"]["task_infos"]]
            if len(self._launched) == self._tasks:
                self._launched_at = time.perf_counter()
                threading.Thread(target=self._update, daemon=True).start()
        elif call["type"] == "ACKNOWLEDGE":
            self._acknowledged += 1
            if self._acknowledged == self._tasks * len(LIFE):
                now = time.perf_counter()
                self.rates = {"launches": self._tasks / (self._launched_at - self._offered),
                              "updates": self._acknowledged / (now - self._updated)}
                self.over.set()
        return b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"

    def _greet(self) -> None:
        time.sleep(0.2)  # the answer's head is on its way first
        self._say([{"type": "SUBSCRIBED", "subscribed": {"framework_id": {"value": "F1"},
                                                         "heartbeat_interval_seconds": 15.0}}])
        each = self._tasks / self._agents
        offers = [offer(number, cpus=each * 0.1 + 1, mem=each * 32 + 128) for number in range(self._agents)]
        self._offered = time.perf_counter()
        self._say([{"type": "OFFERS", "offers": {"offers": offers}}])

    def _update(self) -> None:
        self._updated = time.perf_counter()
        batch: list[dict[str, Any]] = []
        for event in self._updates():
            batch.append(event)
            if len(batch) == BATCH:
                self._say(batch)
                batch = []
        self._say(batch)

    def _updates(self) -> Iterator[dict[str, Any]]:
        for state in LIFE:
            for task, agent in self._launched:
                yield {"type": "UPDATE", "update": {"status": {
                    "task_id": {"value": task}, "agent_id": {"value": agent}, "state": state,
                    "source": "SOURCE_EXECUTOR", "executor_id": {"value": "mesos-docker"}, "timestamp": 1.5e9,
                    "uuid": b64encode(uuid.uuid4().bytes).decode(),
                    "container_status": {"network_infos": [{"ip_addresses": [{"ip_address": "172.17.0.2"}]}]}}}}

    def _say(self, events: list[dict[str, Any]]) -> None:
        records = b"".join(encode_record(json.dumps(event).encode()) for event in events)
        if self._stream is not None and records:
            self._stream.sendall(b"%x\r\n%b\r\n" % (len(records), records))


def main() -> None:
    """Serve, print, end."""
    master = Master(int(sys.argv[1]), int(sys.argv[2]))
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept() -> None:
        while True:
            connected, _ = listener.accept()
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=master.serve, args=(connected,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    master.over.wait()
    print(json.dumps(master.rates), flush=True)


if __name__ == "__main__":
    main()
