"""Sends calls to the master on a thread of its own, in order, so that nobody else waits for the
network.

Calls belong to a session: the subscription that was open when they were made. When it ends, what
was not sent is dropped, since a master refuses it under the next one, and since whatever it asked
for is looked at anew then. A call that got no answer is sent once more on a new connection, except
ACCEPT: the master may have taken it, and would answer the second with TASK_LOST for tasks that run.
The ledger asks after a launch that nothing is heard of.
"""
from __future__ import annotations

import http.client
import json
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scheduler.master.connection import Answer, CallConnection, Unanswered
from scheduler.master.transport import Transport
from specs.network.address import HostPort

NOT_SUBSCRIBED = "not subscribed"  # as Mesos: http.cpp, `scheduler`
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)  # one for all, of which there are thousands
AT_ONCE = 64  # calls that are written before the first answer is read

Failed = Callable[[str, str], None]  # the call's type and why


@dataclass(frozen=True, slots=True)
class _Call:
    """As it travels: a description of a task is a tenth of what it is as values, and thousands may wait."""

    type: str
    body: bytes


_Item = tuple[int, _Call] | None  # session and call; None ends the thread


class MasterSender:
    """`failed` is called on the sending thread and must return at once."""

    def __init__(self, failed: Failed, timeout: float, transport: Transport,
                 unsubscribed: Callable[[], None] = lambda: None) -> None:
        """`timeout`: seconds to wait for a connection or an answer. `unsubscribed`: the master says
        that there is no such subscription; called on the sending thread, too.
        """
        self._failed = failed
        self._unsubscribed = unsubscribed
        self._transport = transport
        self._timeout = timeout
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._session = 0
        self._connection: CallConnection | None = None
        self._thread = threading.Thread(target=self._run, name="mesos calls", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def open(self, address: HostPort, headers: Mapping[str, str]) -> None:
        """A subscription has begun: calls made from now on go there."""
        with self._lock:
            self._session += 1
            self._connection = CallConnection(address, headers, self._timeout,
                                              self._transport)

    def close(self) -> None:
        """The subscription is over, and so are its calls."""
        with self._lock:
            self._session += 1
            self._connection = None

    def post(self, call: Mapping[str, Any]) -> None:
        """Send a call when its turn comes; it is dropped without a subscription."""
        written = _Call(call["type"], _ENCODER.encode(call).encode())
        with self._lock:
            self._queue.put((self._session, written))

    def finish(self, timeout: float) -> None:
        """Send what is there, then end; wait for it at most `timeout` seconds."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        used: CallConnection | None = None
        over = False
        while not over:
            items, over = self._take()
            with self._lock:
                session, current = self._session, self._connection
            if used is not None and used is not current:
                used.close()
            used = current
            calls = [call for number, call in items if number == session]
            if current is not None and calls:
                self._post(current, calls)
        if used is not None:
            used.close()

    def _take(self) -> tuple[list[tuple[int, _Call]], bool]:
        """Wait for calls and take those that are there; and whether that was the last of them."""
        items: list[tuple[int, _Call]] = []
        try:
            item = self._queue.get()
            while item is not None:
                items.append(item)
                if len(items) == AT_ONCE:
                    return items, False
                item = self._queue.get_nowait()
        except queue.Empty:
            return items, False
        return items, True

    def _post(self, connection: CallConnection, calls: Sequence[_Call]) -> None:
        """All of them at once; those that got no answer once more, if that does no harm."""
        for is_last in (False, True):
            try:
                answers = connection.post([call.body for call in calls])
                self._tell(connection, calls, answers)
            except Unanswered as broken:
                self._tell(connection, calls, broken.answers)
                calls = calls[len(broken.answers):]
                lost = calls if is_last else [call for call in calls if call.type == "ACCEPT"]
                for call in lost:
                    self._failed(call.type, str(broken))
                calls = [call for call in calls if call.type != "ACCEPT"]
                if not calls:
                    return
            else:
                return

    def _tell(self, connection: CallConnection, calls: Sequence[_Call],
              answers: Sequence[Answer | None]) -> None:
        for call, answer in zip(calls, answers, strict=False):
            if answer is not None:
                self._failed(call.type, str(answer))
        if any(answer is not None and answer.status == http.client.FORBIDDEN
               and NOT_SUBSCRIBED in answer.text for answer in answers):
            with self._lock:
                lasts = self._connection is connection
            if lasts:
                self._unsubscribed()
