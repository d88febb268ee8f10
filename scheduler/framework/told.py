"""What the master tells, on whatever thread: each fact is put into the loop's inbox."""
from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence

from scheduler.master.port import MasterEvents
from specs.messages.offer import Offer
from specs.messages.status import TaskStatus


class Told:
    """`MasterEvents` for any thread, of a `loop` that takes them on its own."""

    def __init__(self, loop: MasterEvents, post: Callable[..., None]) -> None:
        """`post` puts a method and its arguments into the inbox, and returns at once."""
        self._loop = loop
        self._post = post

    def subscribed(self, framework_id: str, master: str) -> None:
        self._post(self._loop.subscribed, framework_id, master)

    def disconnected(self, why: str) -> None:
        self._post(self._loop.disconnected, why)

    def refused(self, why: str) -> None:
        self._post(self._loop.refused, why)

    def offers(self, offers: Sequence[Offer]) -> None:
        self._post(self._loop.offers, offers)

    def rescinded(self, offer_id: str) -> None:
        self._post(self._loop.rescinded, offer_id)

    def update(self, status: TaskStatus) -> None:
        self._post(self._loop.update, status)

    def message(self, agent_id: str, executor_id: str, data: bytes) -> None:
        self._post(self._loop.message, agent_id, executor_id, data)

    def executor_failed(self, agent_id: str, executor_id: str, status: int | None) -> None:
        self._post(self._loop.executor_failed, agent_id, executor_id, status)

    def agent_failed(self, agent_id: str) -> None:
        self._post(self._loop.agent_failed, agent_id)

    def error(self, message: str) -> None:
        self._post(self._loop.error, message)

    def call_failed(self, call: str, why: str) -> None:
        self._post(self._loop.call_failed, call, why)


def way_out(status: int | None) -> str:
    """How an executor ended, for people. `status`: as wait() gives it; None or -1 where no agent saw
    it.

    As Mesos: slave.cpp, `executorTerminated`.
    """
    if status is None or status < 0:
        return "in a way that nobody saw"
    if not os.WIFSIGNALED(status):
        return f"with status {os.waitstatus_to_exitcode(status)}"
    number = os.WTERMSIG(status)
    known = number in signal.valid_signals() and number < signal.SIGRTMIN
    return f"by {signal.Signals(number).name if known else f'signal {number}'}"


def ended(message: str, framework_id: str | None, *, was_subscribed: bool) -> str:
    """An ERROR of the master, for people. `framework_id`: of the framework that a storage knows."""
    said = f"the master {'ended' if was_subscribed else 'refuses'} the framework: {message}"
    if framework_id is None or ("removed" not in message and "torn down" not in message):
        return said
    return (
        f"{said}. {framework_id} was torn down, or away for longer than its failover_timeout: it cannot come back, "
            "and its tasks are killed. Begin anew with an empty storage")
