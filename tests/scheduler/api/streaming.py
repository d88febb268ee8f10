"""A client of event streams that sees every byte: the chunks of HTTP, and what stands in them."""
from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any, Self

PATIENCE = 20.0


class EventStream:
    """`with EventStream(port, path) as stream`; `chunk` is the next chunk's bytes."""

    def __init__(self, port: int, path: str = "/v2/events", headers: Mapping[str, str] | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._file = self._socket.makefile("rb")
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Accept: text/event-stream",
                 *(f"{name}: {value}" for name, value in (headers or {}).items()), "", ""]
        self._socket.sendall("\r\n".join(lines).encode())
        self.status = int(self._file.readline().split()[1])
        self.headers: dict[str, str] = {}
        while (line := self._file.readline().strip()):
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def chunk(self) -> bytes:
        """Raises EOFError at the end of the stream."""
        size = int(self._file.readline() or b"0", 16)
        data = self._file.read(size)
        self._file.readline()
        if not size:
            raise EOFError
        return data

    def event(self) -> dict[str, Any]:
        """The next event's data, with its number as `id` if it has one; signs of life are passed over."""
        while (chunk := self.chunk()) == b"\r\n":
            pass
        fields = dict(line.split(": ", 1) for line in chunk.decode().rstrip("\r\n").split("\r\n"))
        data: dict[str, Any] = json.loads(fields["data"])
        assert data["eventType"] == fields["event"]
        return data | ({"id": int(fields["id"])} if "id" in fields else {})

    def until(self, kind: str) -> list[dict[str, Any]]:
        """All events up to the first of this type."""
        found = [self.event()]
        while found[-1]["eventType"] != kind:
            found.append(self.event())
        return found
