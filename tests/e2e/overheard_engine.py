"""Docker's socket with somebody who listens: what its clients ask for goes on to the engine, and is written down."""
from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from specs.words.defaults import DOCKER_SOCKET

_HEAD = re.compile(rb"(POST) (\S+) HTTP/1\.1\r\n((?:[^\r\n]+\r\n)*)\r\n")
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


@dataclass(frozen=True)
class Asked:
    """One POST: the path without the API's version, its query, and its body if that is JSON."""

    path: str
    query: dict[str, str]
    body: Any


@dataclass
class OverheardEngine:
    """`socket` is where clients shall go; everything is there once they have ended."""

    socket: str
    _heard: list[bytearray] = field(default_factory=list)

    def asked(self) -> list[Asked]:
        """All POSTs of all clients; those of one connection in order."""
        return [each for heard in self._heard for each in _requests(bytes(heard))]

    def created(self) -> dict[str, dict[str, Any]]:
        """The payloads of containers, by the container's name."""
        return {each.query["name"]: each.body for each in self.asked() if each.path == "/containers/create"}


@contextmanager
def overheard_engine(folder: Path) -> Iterator[OverheardEngine]:
    path = folder / "docker.sock"
    engine = OverheardEngine(str(path))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(128)
        thread = threading.Thread(target=_accept, args=(listener, engine))
        thread.start()
        yield engine
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _accept(listener: socket.socket, engine: OverheardEngine) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            engine._heard.append(heard := bytearray())
            threading.Thread(target=_serve, args=(client, heard), daemon=True).start()


def _serve(client: socket.socket, heard: bytearray) -> None:
    with client, socket.socket(socket.AF_UNIX) as server:
        server.connect(DOCKER_SOCKET)
        back = threading.Thread(target=_copy, args=(server, client, None), daemon=True)
        back.start()
        _copy(client, server, heard)
        back.join()


def _copy(source: socket.socket, target: socket.socket, kept: bytearray | None) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            if kept is not None:
                kept += data
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _requests(heard: bytes) -> Iterator[Asked]:
    for head in _HEAD.finditer(heard):
        length = _LENGTH.search(head[3])
        body = heard[head.end():head.end() + int(length[1])] if length is not None else b""
        parts = urlsplit(head[2].decode())
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        yield Asked(re.sub(r"^/v[\d.]+", "", parts.path), query, json.loads(body) if body.startswith(b"{") else None)
