"""What people ask, done on the loop: each request is stored by itself, and answered when all can see what it did.

A request that cannot be stored, or that fails half-way, leaves nothing behind: it is refused, and
in memory everything is as it was before. So what was refused for a full disk does not happen later
when there is room.
"""
from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

from scheduler.service.board import Board
from scheduler.service.news.events import EventLog
from scheduler.storage.port import StorageError
from scheduler.storage.records import Records

T = TypeVar("T")


class TroubleError(Exception):
    """The state cannot be written, so no change is taken on."""


class FlushedRecords(Records, Protocol):
    """Records with the means to make them durable, and to take back what is not yet."""

    def flush(self) -> None:
        """Raises StorageError; nothing that was saved is lost by that."""
        ...

    def mark(self) -> int:
        """Where what is saved from now on begins."""
        ...

    def rewind(self, mark: int) -> None:
        """Forget what was saved since; nothing may have been flushed."""
        ...


class Answers:
    """The loop's alone."""

    def __init__(self, storage: FlushedRecords, board: Board, events: EventLog) -> None:
        self._storage = storage
        self._board = board
        self._events = events
        self._waiting: list[Callable[[], None]] = []

    def take(self, call: Callable[[], T], future: Future[T], trouble: str | None) -> None:
        """Do what is asked. `trouble`: why the state cannot be written, if that is known already."""
        if not future.set_running_or_notify_cancel():
            return
        if trouble is not None:
            future.set_exception(TroubleError(trouble))
            return
        try:
            answer = self._stored(call)
        except StorageError as error:
            future.set_exception(TroubleError(str(error)))
        except Exception as error:  # noqa: BLE001 - it is the asker's, whatever it is
            future.set_exception(error)
        else:
            self._waiting.append(lambda: future.set_result(answer))

    def give(self) -> None:
        """All that was decided is durable, and can be seen."""
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            answer()

    def _stored(self, call: Callable[[], T]) -> T:
        self._events.store()
        saved, told = self._storage.mark(), self._events.mark()
        self._board.journal.begin()
        try:
            answer = call()
            self._events.store()
            if self._storage.mark() != saved:
                self._storage.flush()
        except BaseException:
            self._board.take_back()
            self._events.rewind(told)
            self._storage.rewind(saved)
            raise
        self._board.journal.keep()
        return answer
