"""`python -m tests.bench.service.scripted PORT FILE`: the floor, a scheduler that knows beforehand what goes where.

It subscribes, refuses what it is offered and says that it waits. For a line on stdin it asks for offers, accepts each
with the tasks that FILE has for its agent, encoded beforehand, and acknowledges their updates; a line on stdout when
all have come, after one that says that it has subscribed.
"""
from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from specs.forms.recordio import RecordDecoder

HEAD = (b"POST /api/v1/scheduler HTTP/1.1\r\nHost: master\r\nContent-Type: application/json\r\n"
        b"Mesos-Stream-Id: bench\r\nContent-Length: %d\r\n\r\n")
OFFER = "THE-OFFER"
FRAMEWORK = {"framework_id": {"value": "F1"}}
FILTER = {"refuse_seconds": 0.0}


def request(call: Mapping[str, Any] | bytes) -> bytes:
    body = call if isinstance(call, bytes) else json.dumps(call).encode()
    return HEAD % len(body) + body


def accept(tasks: Iterable[Mapping[str, Any]]) -> bytes:
    """With OFFER where its id belongs."""
    return json.dumps({**FRAMEWORK, "type": "ACCEPT", "accept": {
        "offer_ids": [{"value": OFFER}], "filters": {"refuse_seconds": 3600.0},
        "operations": [{"type": "LAUNCH", "launch": {"task_infos": list(tasks)}}]}}).encode()


class Scripted:
    def __init__(self, port: int, placements: Mapping[str, list[Mapping[str, Any]]]) -> None:
        self._accepts = {agent: accept(tasks) for agent, tasks in placements.items()}
        self._missing = sum(map(len, placements.values()))
        self._stream = socket.create_connection(("127.0.0.1", port))
        self._calls = socket.create_connection(("127.0.0.1", port))
        self._calls.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._begun = False
        self.subscribed = threading.Event()
        self._answers = threading.Thread(target=self._drop_answers, daemon=True)
        self._answers.start()

    def run(self) -> None:
        """Until all tasks run."""
        info = {"user": "root", "name": "scripted", "roles": ["*"],
                "capabilities": [{"type": "MULTI_ROLE"}]}
        self._stream.sendall(request({"type": "SUBSCRIBE", "subscribe": {"framework_info": info}}))
        decoder, pending = RecordDecoder(), b""
        while b"\r\n\r\n" not in pending:
            pending += self._stream.recv(1 << 16)
        pending = pending.partition(b"\r\n\r\n")[2]
        while self._missing:
            pending = self._chunks(pending, decoder)
            if self._missing:
                pending += self._stream.recv(1 << 20)
        self._calls.shutdown(socket.SHUT_WR)
        self._answers.join()  # to close a connection with unread answers would drop calls on their way

    def begin(self) -> None:
        self._begun = True
        self._calls.sendall(request({**FRAMEWORK, "type": "REVIVE"}))

    def _chunks(self, data: bytes, decoder: RecordDecoder) -> bytes:
        """Take what is whole; the rest."""
        while True:
            head, separator, rest = data.partition(b"\r\n")
            if not separator or len(rest) < (size := int(head, 16)) + 2:
                return data
            answers = b"".join(self._told(json.loads(record))
                               for record in decoder.feed(rest[:size]))
            if answers:
                self._calls.sendall(answers)
            data = rest[size + 2:]

    def _told(self, event: Mapping[str, Any]) -> bytes:
        if event["type"] == "OFFERS":
            return b"".join(map(self._offered, event["offers"]["offers"]))
        if event["type"] == "UPDATE":
            status = event["update"]["status"]
            self._missing -= 1
            return request({**FRAMEWORK, "type": "ACKNOWLEDGE", "acknowledge": {
                "task_id": status["task_id"], "agent_id": status["agent_id"],
                "uuid": status["uuid"]}})
        self.subscribed.set()
        return request({**FRAMEWORK, "type": "SUPPRESS"})

    def _offered(self, offer: Mapping[str, Any]) -> bytes:
        body = self._accepts.pop(offer["agent_id"]["value"], None) if self._begun else None
        if body is None:
            return request({**FRAMEWORK, "type": "DECLINE", "decline": {
                "offer_ids": [offer["id"]], "filters": FILTER}})
        return request(body.replace(OFFER.encode(), offer["id"]["value"].encode()))

    def _drop_answers(self) -> None:
        while self._calls.recv(1 << 16):
            pass


def main() -> None:
    scripted = Scripted(int(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
    loop = threading.Thread(target=scripted.run)
    loop.start()
    scripted.subscribed.wait()
    print("subscribed", flush=True)
    sys.stdin.readline()
    scripted.begin()
    loop.join()
    print("done", flush=True)


if __name__ == "__main__":
    main()
