"""Sends calls to the master on a thread of its own, in order, so that nobody else waits for the network.

Calls belong to a session: the subscription that was open when they were made. When it ends, what was not sent is
dropped, since a master refuses it under the next one, and since whatever it asked for is looked at anew then. A call
that got no answer is sent once more on a new connection, except ACCEPT: the master may have taken it, and would answer
the second with TASK_LOST for tasks that run. The ledger asks after a launch that nothing is heard of.
"""
from __future__ import annotations

import http.client
import json
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

from scheduler.config import MasterAddress
from scheduler.master_connection import Answer, CallConnection

Failed = Callable[[str, str], None]  # the call's type and why
_Item = tuple[int, Mapping[str, Any]] | None  # session and call; None ends the thread


class MasterSender:
    """`failed` is called on the sending thread and must return at once."""

    def __init__(self, failed: Failed, timeout: float) -> None:
        """`timeout`: seconds to wait for a connection or an answer."""
        self._failed = failed
        self._timeout = timeout
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._session = 0
        self._connection: CallConnection | None = None
        self._thread = threading.Thread(target=self._run, name="mesos calls", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def open(self, address: MasterAddress, headers: Mapping[str, str]) -> None:
        """A subscription has begun: calls made from now on go there."""
        with self._lock:
            self._session += 1
            self._connection = CallConnection(address, headers, self._timeout)

    def close(self) -> None:
        """The subscription is over, and so are its calls."""
        with self._lock:
            self._session += 1
            self._connection = None

    def post(self, call: Mapping[str, Any]) -> None:
        """Send a call when its turn comes; it is dropped without a subscription."""
        with self._lock:
            self._queue.put((self._session, call))

    def finish(self, timeout: float) -> None:
        """Send what is there, then end; wait for it at most `timeout` seconds."""
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        used: CallConnection | None = None
        while (item := self._queue.get()) is not None:
            session, call = item
            with self._lock:
                current = self._connection if session == self._session else None
            if used is not None and used is not current:
                used.close()
            used = current
            if current is not None:
                self._post(current, call)
        if used is not None:
            used.close()

    def _post(self, connection: CallConnection, call: Mapping[str, Any]) -> None:
        body = json.dumps(call).encode()
        tries = 1 if call["type"] == "ACCEPT" else 2
        for left in reversed(range(tries)):
            try:
                connection.post(body)
            except Answer as answer:
                self._failed(call["type"], str(answer))
                return
            except (OSError, http.client.HTTPException, ValueError) as error:
                if left == 0:
                    self._failed(call["type"], str(error) or type(error).__name__)
            else:
                return
