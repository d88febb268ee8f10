"""A Unix socket in front of the engine's that misbehaves, endpoint by endpoint, as a test says."""
from __future__ import annotations

import contextlib
import enum
import socket
import threading
from collections.abc import Callable
from pathlib import Path

HEAD_END = b"\r\n\r\n"
ERROR_BODY = b'{"message":"the proxy has a bad day"}'


class Fault(enum.Enum):
    """What becomes of a request."""

    HANG = "accepted, never answered"
    RESET = "closed without an answer"
    TRUNCATE = "closed in the middle of the answer's body"
    TRUNCATE_HEAD = "closed in the middle of the answer's header"
    ERROR = "answered with 500"
    TRICKLE = "answered a byte at a time, each soon enough for itself"
    GARBAGE = "answered with what is not HTTP"
    NOT_JSON = "answered with 200 and what is not JSON"


class SocketProxy:
    """Started by `with`. `fault` is asked with each request's line; None means: pass it on."""

    def __init__(self, folder: Path, target: str) -> None:
        self.path = str(folder / "proxy.sock")
        self.fault: Callable[[str], Fault | None] = lambda _: None
        self.asked: list[str] = []
        self.keep_alive = False  # then only the first request of a connection is seen
        self.accepted = 0
        self.trickle_pause = 0.05  # seconds between two bytes
        self._target = target
        self._over = threading.Event()
        self._patience: float | None = None
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> SocketProxy:
        self._listener.bind(self.path)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def release(self) -> None:
        """What hangs from here on ends after a moment, so that its threads can be counted."""
        self._patience = 1.0

    def cut(self) -> None:
        """Break every connection that is open."""
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def connections(self) -> int:
        with self._lock:
            return len(self._open)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as engine:
            with self._lock:
                self._open |= {client, engine}
            with contextlib.suppress(OSError):
                self._answer(client, engine)
            for sock in (client, engine):  # a close alone waits for the threads that read from it
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            with self._lock:
                self._open -= {client, engine}

    def _answer(self, client: socket.socket, engine: socket.socket) -> None:
        request = b""
        while HEAD_END not in request:
            piece = client.recv(65536)
            if not piece:
                return
            request += piece
        line = request.partition(b"\r\n")[0].decode()
        self.asked.append(line)
        fault = self.fault(line)
        if fault is Fault.HANG:
            self._over.wait(self._patience)
        elif fault is Fault.ERROR:
            client.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"
                           b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(ERROR_BODY) + ERROR_BODY)
        elif fault is Fault.GARBAGE:
            client.sendall(b"\x00\x01 this is not HTTP\r\n\r\n")
        elif fault is Fault.NOT_JSON:
            client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n{\"a\":")
        elif fault is not Fault.RESET:
            engine.connect(self._target)
            engine.sendall(self._once(request))
            self._pass_on(client, engine, fault)

    def _once(self, request: bytes) -> bytes:
        """One request for each connection, so that every one is seen here."""
        if self.keep_alive or b"Upgrade: tcp" in request:
            return request
        if b"Connection: keep-alive" in request:
            return request.replace(b"Connection: keep-alive", b"Connection: close", 1)
        return request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)

    def _pass_on(self, client: socket.socket, engine: socket.socket, fault: Fault | None) -> None:
        threading.Thread(target=_copy, args=(client, engine), daemon=True).start()
        if fault is None:
            _copy(engine, client)
            return
        answer = engine.recv(65536)
        if fault is Fault.TRICKLE:  # else what came first is cut: a stream would not end
            answer += b"".join(iter(lambda: engine.recv(65536), b""))
        head, end, body = answer.partition(HEAD_END)
        if fault is Fault.TRUNCATE:
            client.sendall(head + end + body[:len(body) // 2])
        elif fault is Fault.TRUNCATE_HEAD:
            client.sendall(head[:len(head) // 2])
        else:
            for byte in answer:
                client.sendall(bytes([byte]))
                if self._over.wait(self.trickle_pause):
                    return


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
