"""A ZooKeeper in memory that speaks its wire protocol over TCP, as far as one who looks for a master needs it.

Sessions, pings, `exists`, `getData`, `getChildren` and their one-time watches. A node is a path and its bytes; the
parents are there when the child is. Numbers and layouts are those of ZooKeeper's zookeeper.jute.
"""
from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

EXISTS, GET_DATA, GET_CHILDREN, PING, AUTH, CLOSE = 3, 4, 8, 11, 100, -11
CREATED, DELETED, CHILDREN = 1, 2, 4  # types of watch events
NO_NODE = -101
_STAT = bytes(68)


class FakeZooKeeper:
    """Listens while it is entered, on a port of its own or on one that was used before."""

    def __init__(self, nodes: dict[str, bytes] | None = None, *, port: int = 0) -> None:
        self._lock = threading.RLock()
        self._nodes = dict(nodes or {})
        self._watches: list[tuple[int, str, Callable[[bytes], None]]] = []  # operation, path, how to tell
        self._connections: list[socket.socket] = []
        self.logins: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> FakeZooKeeper:
        threading.Thread(target=self._accept, name="fake zookeeper", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def put(self, path: str, data: bytes) -> None:
        """Make a node."""
        with self._lock:
            self._nodes[path] = data
            self._fire(EXISTS, path, CREATED)
            self._changed_children(path)

    def remove(self, path: str) -> None:
        """Remove a node."""
        with self._lock:
            del self._nodes[path]
            self._fire(EXISTS, path, DELETED)
            self._changed_children(path)

    def _changed_children(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        self._fire(EXISTS, parent, CREATED)  # it may have come with the child
        self._fire(GET_CHILDREN, parent, CHILDREN)

    def _fire(self, operation: int, path: str, kind: int) -> None:
        due = [watch for watch in self._watches if watch[:2] == (operation, path)]
        self._watches = [watch for watch in self._watches if watch[:2] != (operation, path)]
        for _, _, tell in due:
            tell(struct.pack("!iqi", -1, -1, 0) + struct.pack("!ii", kind, 3) + _string(path.encode()))

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        def send(body: bytes) -> None:
            with self._lock, contextlib.suppress(OSError):
                connection.sendall(struct.pack("!i", len(body)) + body)

        with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError, struct.error):
            _record(stream.read)  # ConnectRequest
            send(struct.pack("!iiq", 0, 10_000, 1) + _string(bytes(16)) + b"\0")
            while True:
                request = _record(stream.read)
                xid, operation = struct.unpack_from("!ii", request)
                error, body = self._answer(operation, request[8:], send)
                send(struct.pack("!iqi", xid, 1, error) + body)
                if operation == CLOSE:
                    return

    def _answer(self, operation: int, body: bytes, send: Callable[[bytes], None]) -> tuple[int, bytes]:
        if operation == AUTH:
            self.logins.append(body)
        if operation in (PING, AUTH, CLOSE):
            return 0, b""
        length, = struct.unpack_from("!i", body)
        path, watch = body[4:4 + length].decode(), bool(body[4 + length])
        with self._lock:
            children = {node[len(path) + 1:].partition("/")[0] for node in self._nodes if node.startswith(f"{path}/")}
            is_there = path in self._nodes or bool(children)
            if watch and (is_there or operation == EXISTS):
                self._watches.append((operation, path, send))
            if not is_there:
                return NO_NODE, b""
            if operation == EXISTS:
                return 0, _STAT
            if operation == GET_DATA:
                return 0, _string(self._nodes.get(path, b"")) + _STAT
            return 0, struct.pack("!i", len(children)) + b"".join(_string(name.encode()) for name in children)


def _string(data: bytes) -> bytes:
    return struct.pack("!i", len(data)) + data


def _record(read: Callable[[int], bytes]) -> bytes:
    length, = struct.unpack("!i", read(4))
    return read(length)
