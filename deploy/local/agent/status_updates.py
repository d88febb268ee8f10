"""The agent's status update manager: every update reaches its framework, in order, at least once.

Updates of one task form a stream. The oldest is sent and waits for its acknowledgement; when none
comes it is sent again, after 10 seconds, 20, 40 … up to 10 minutes. Only the acknowledgement lets
the next one out. While there is no master the streams are paused.

As Mesos: status_update_manager/status_update_manager_process.hpp, slave/constants.hpp.
"""
from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from specs.forms import Json
from specs.messages.status import is_terminal

RETRY_MIN: Final = 10.0  # seconds
RETRY_MAX: Final = 600.0
Forward = Callable[[str, Json], None]  # (framework id, TaskStatus)


@dataclass(slots=True)
class UpdateStream:
    """The updates of one task. Its decisions are here, its timer is the manager's."""

    framework_id: str
    pending: deque[Json] = field(default_factory=deque)
    received: set[str] = field(default_factory=set)  # uuids
    acknowledged: set[str] = field(default_factory=set)
    terminated: bool = False  # a terminal update was acknowledged
    timer: asyncio.TimerHandle | None = None

    def add(self, status: Json) -> bool:
        """Take an update in. False: it is known already."""
        if status["uuid"] in self.received:
            return False
        self.received.add(status["uuid"])
        self.pending.append(status)
        return True

    def acknowledge(self, uuid: str) -> bool:
        """The framework has seen it. False: not the one that waits; that changes nothing."""
        if not self.pending or self.pending[0]["uuid"] != uuid:
            return False
        status = self.pending.popleft()
        self.acknowledged.add(uuid)
        self.terminated = self.terminated or is_terminal(status["state"])
        return True


class StatusUpdateManager:
    """All streams of an agent."""

    def __init__(self, forward: Forward, call_later: Callable[..., Any] | None = None) -> None:
        """`call_later`: the event loop's, unless another clock is wanted."""
        self._forward = forward
        self._call_later = call_later
        self._streams: dict[tuple[str, str], UpdateStream] = {}
        self._paused = True

    def update(self, framework_id: str, status: Json) -> None:
        """A new update of a task. One with a known uuid is not sent again."""
        key = (framework_id, status["task_id"]["value"])
        stream = self._streams.setdefault(key, UpdateStream(framework_id))
        if stream.add(status) and len(stream.pending) == 1:
            self._send(stream, RETRY_MIN)

    def acknowledge(self, framework_id: str, task_id: str, uuid: str) -> bool | None:
        """An acknowledgement. True: more is to come of the task; False: its stream has ended; None:
        not expected.
        """
        key = (framework_id, task_id)
        stream = self._streams.get(key)
        if stream is None or not stream.acknowledge(uuid):
            return None
        if stream.timer is not None:
            stream.timer.cancel()
            stream.timer = None
        if stream.terminated:
            del self._streams[key]
            return False
        if stream.pending:
            self._send(stream, RETRY_MIN)
        return True

    def recover(self, framework_id: str, task_id: str, updates: list[Json],
                acknowledged: set[str]) -> None:
        """A stream as it was before the agent's restart."""
        stream = UpdateStream(framework_id)
        for status in updates:
            if stream.add(status) and status["uuid"] in acknowledged:
                stream.acknowledge(status["uuid"])
        if not stream.terminated:
            self._streams[framework_id, task_id] = stream

    def pause(self) -> None:
        """There is no master: send nothing."""
        self._paused = True
        for stream in self._streams.values():
            if stream.timer is not None:
                stream.timer.cancel()
                stream.timer = None

    def resume(self) -> None:
        """There is a master (again), or a framework came back: send all that waits, at once, and
        count anew.
        """
        self._paused = False
        for stream in list(self._streams.values()):
            if stream.pending:
                if stream.timer is not None:
                    stream.timer.cancel()
                self._send(stream, RETRY_MIN)

    def cleanup(self, framework_id: str) -> None:
        """A framework is gone, and so is who could acknowledge."""
        for key in [key for key in self._streams if key[0] == framework_id]:
            stream = self._streams.pop(key)
            if stream.timer is not None:
                stream.timer.cancel()

    def _send(self, stream: UpdateStream, interval: float) -> None:
        if self._paused:
            return
        self._forward(stream.framework_id, stream.pending[0])
        call_later = self._call_later or asyncio.get_running_loop().call_later
        stream.timer = call_later(interval, self._send, stream, min(interval * 2, RETRY_MAX))
