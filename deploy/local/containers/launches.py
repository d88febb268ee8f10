"""Launches that are under way: what each does can take for ever, and is given up when its container is destroyed.

As Mesos: docker.cpp, `destroy` (FETCHING, PULLING); mesos/containerizer.cpp, `destroy`.
"""
from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class LaunchError(Exception):
    """The container could not be started; the text follows "Failed to launch container: ".

    `status`: how what there was of it ended, as wait() gives it; None: there was nothing.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Launches:
    """The steps of launches, by container; at most one of each is under way."""

    def __init__(self) -> None:
        self._steps: dict[str, asyncio.Task[Any]] = {}
        self._given_up: set[str] = set()

    async def step(self, container_id: str, work: Coroutine[Any, Any, T], given_up: str) -> T:
        """Do it. Raises LaunchError with the text `given_up`, and what the work raises."""
        step: asyncio.Task[T] = asyncio.create_task(work)
        self._steps[container_id] = step
        try:
            found = await step
        except asyncio.CancelledError:
            if container_id not in self._given_up:
                raise
        else:
            if container_id not in self._given_up:  # which may be told when it is done, and nobody has looked yet
                return found
        finally:
            del self._steps[container_id]
            self._given_up.discard(container_id)
        raise LaunchError(given_up)

    def give_up(self, container_id: str) -> None:
        """End the step that is under way, if one is."""
        step = self._steps.get(container_id)
        if step is not None:
            self._given_up.add(container_id)
            step.cancel()
