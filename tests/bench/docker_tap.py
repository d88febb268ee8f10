"""A socket before Docker's that hands everything on and remembers the requests.

With it the benchmark learns what the executor asks of the engine for one task: the create body, which the floor then
sends itself so that both sides start *the same* container, and the number of round trips. It is never in the way while
something is timed.
"""
from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.settings import LABEL


@dataclass(frozen=True, slots=True)
class Request:
    """Method, path with its query, and body."""

    method: str
    path: str
    body: bytes

    @property
    def is_create(self) -> bool:
        """Whether it makes a container."""
        return self.method == "POST" and self.path.partition("?")[0].endswith("/containers/create")


class DockerTap:
    """Listens at `path` until closed; `requests()` is what went through so far, each connection's in order."""

    def __init__(self, engine: str, path: Path) -> None:
        self.path = str(path)
        self._engine = engine
        self._said: list[bytearray] = []
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def requests(self) -> list[Request]:
        """All requests so far."""
        return [request for said in self._said for request in parse_requests(bytes(said))]

    def create_body(self, mentioned: str) -> dict[str, Any]:
        """The body of the create request that mentions this, relabelled; RuntimeError if there was none."""
        bodies = [request.body for request in self.requests()
                  if request.is_create and mentioned.encode() in request.body]
        if not bodies:
            raise RuntimeError(f"no container with {mentioned} was created through the tap")
        return relabelled(json.loads(bodies[-1]))

    def close(self) -> None:
        """Close all connections."""
        for opened in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            engine.connect(self._engine)
            self._open += [client, engine]
            said = bytearray()
            self._said.append(said)
            threading.Thread(target=_pump, args=(client, engine, said), daemon=True).start()
            threading.Thread(target=_pump, args=(engine, client, None), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket, said: bytearray | None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            if said is not None:
                said += data
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def parse_requests(data: bytes) -> list[Request]:
    """The complete requests at the beginning; what follows an upgrade (attach) is not HTTP and ends the list."""
    found: list[Request] = []
    while True:
        head, separator, rest = data.partition(b"\r\n\r\n")
        words = head.split(b"\r\n", 1)[0].split(b" ")
        if not separator or len(words) != 3 or not words[2].startswith(b"HTTP/"):
            return found
        fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
        length = int(fields.get(b"content-length", b"0"))
        if len(rest) < length:
            return found
        found.append(Request(words[0].decode(), words[1].decode(), rest[:length]))
        data = rest[length:]


def relabelled(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same create body with other labels of the same sizes, so that the executor does not see it as its own."""
    labels = {f"x{key[1:]}": value for key, value in (body.get("Labels") or {}).items()}
    return {**body, "Labels": {**labels, LABEL: "1"}}
