"""Work that may take long or block, beside the event loop: on threads of its own, few at once.

A thread that never comes back (a dead network file system) costs its place among the few and
nothing else: who waits is told after a time, and the end of the process does not wait for it.
"""
from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Beside:
    """At most `threads` pieces of work at once; `patience`: seconds for one, its waiting for a
    place included.
    """

    def __init__(self, threads: int, patience: float) -> None:
        self._free = asyncio.Semaphore(threads)
        self._patience = patience

    async def do(self, work: Callable[[], T]) -> T:
        """Its result, or what it raised; TimeoutError when the patience is over."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        async with asyncio.timeout(self._patience):
            await self._free.acquire()
            threading.Thread(target=self._run, args=(loop, work, done), name="beside the loop",
                             daemon=True).start()
            return await done

    def _run(self, loop: asyncio.AbstractEventLoop, work: Callable[[], T],
             done: asyncio.Future[T]) -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            self._tell(loop, _fail, done, error)
        else:
            self._tell(loop, _succeed, done, result)

    def _tell(self, loop: asyncio.AbstractEventLoop, how: Callable[..., None],
              *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(how, *arguments)
            loop.call_soon_threadsafe(self._free.release)


def _succeed(done: asyncio.Future[T], result: T) -> None:
    if not done.done():
        done.set_result(result)


def _fail(done: asyncio.Future[T], error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
