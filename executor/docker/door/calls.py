"""How a call to the engine ends in time, whatever the engine does.

A socket timeout covers one read: an engine that sends a byte every few seconds keeps such a call
alive for ever. So the limits belong to a `Call`, and a `BoundedSocket` asks the call that its
thread is in, before each read and write, how long this one may take. `total` bounds the call as a
whole, `idle` the silence between two pieces of an answer.

A call is cancelled from another thread by shutting its socket down: the blocked read returns at
once. What is made of a broken read is of no importance; the call knows why it ended.
"""
from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from executor.engine.cancellation import Cancel
from executor.engine.failures import Cancelled, DeadlineExceeded, RuntimeFailure

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each class of call may take, seconds."""

    quick: float = 15.0  # inspect, list, kill, attach, version: under 10 ms on an idle node
    create: float = 60.0
    start: float = 120.0  # 16 at a time on two cores take 2 s each; a loaded node was seen to take 8
    stop: float = 30.0  # beyond the grace period
    remove: float = 60.0  # deletes the container's files
    transfer: float = 600.0  # an archive goes in, and is unpacked


_thread = threading.local()  # .call: the call that this thread is in


class Call:
    """One call and its limits, in seconds; None means no limit. `what` names it in messages."""

    def __init__(self, what: str, total: float | None, idle: float | None = None) -> None:
        self.what = what
        self._total = total
        self.idle = idle  # may be changed on the way
        self._ends = None if total is None else time.monotonic() + total
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._cancelled = False
        self._silent = False

    def timeout(self) -> float | None:
        """How long the next read or write may take; raises TimeoutError when the time is up."""
        left = None if self._ends is None else self._ends - time.monotonic()
        if self._cancelled or (left is not None and left <= 0):
            raise TimeoutError(self.what)
        if left is None or (self.idle is not None and self.idle < left):
            return self.idle
        return left

    def uses(self, sock: socket.socket) -> None:
        """Remember the socket to shut down on `cancel`."""
        with self._lock:
            self._socket = sock

    def timed_out(self) -> None:
        """A read or write took all the time it was given."""
        self._silent = True

    def cancel(self) -> None:
        """End the call now; from any thread."""
        with self._lock:
            self._cancelled = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def verdict(self) -> RuntimeFailure | None:
        """Why it ended, where that is known here."""
        if self._cancelled:
            return Cancelled(f"{self.what}: cancelled")
        if self._ends is not None and time.monotonic() >= self._ends:
            return DeadlineExceeded(
                f"{self.what}: the Docker engine did not answer within {self._total:g} s")
        if self._silent:
            return DeadlineExceeded(
                f"{self.what}: no sign of life from the Docker engine for {self.idle:g} s")
        return None

    @contextlib.contextmanager
    def cancelled_by(self, cancel: Cancel | None) -> Iterator[None]:
        """Let somebody give it up, until the end of the block."""
        forget = cancel.on_set(self.cancel) if cancel is not None else lambda: None
        try:
            yield
        finally:
            forget()

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Bind this thread's sockets to the call, until the end of the block."""
        before = getattr(_thread, "call", None)
        _thread.call = self
        try:
            yield
        finally:
            _thread.call = before
            with self._lock:
                self._socket = None  # it may go back to the pool, where a late cancel must not reach it


class BoundedSocket(socket.socket):
    """A socket whose every wait is bounded by the call that its thread is in; unbounded outside of
    calls.
    """

    def __init__(self, fileno: int | None = None, *, buffering: int = -1) -> None:
        """A Unix socket; `buffering` is what files made from it get, as in `open`."""
        super().__init__(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno)
        self._buffering = buffering

    def makefile(self, mode: str = "r", buffering: int | None = None, **_: Any) -> Any:
        return super().makefile(mode, self._buffering if buffering is None else buffering)  # type: ignore[call-overload]

    def recv_into(self, buffer: WriteableBuffer, nbytes: int = 0, flags: int = 0) -> int:
        return int(self._bounded(super().recv_into, buffer, nbytes, flags))

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        return bytes(self._bounded(super().recv, bufsize, flags))

    def sendall(self, data: ReadableBuffer, flags: int = 0) -> None:
        self._bounded(super().sendall, data, flags)

    def connect(self, address: Any) -> None:
        self._bounded(super().connect, address)

    def _bounded(self, do: Any, *args: Any) -> Any:
        call: Call | None = getattr(_thread, "call", None)
        if call is None:
            return do(*args)
        call.uses(self)
        super().settimeout(call.timeout())
        try:
            return do(*args)
        except TimeoutError:
            call.timed_out()
            raise
