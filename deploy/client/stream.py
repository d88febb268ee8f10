"""A service's events as one stream that outlives the service's restarts.

A thread reads the connection, so that who follows can look at a clock and be interrupted. When the
connection ends, it is made anew from the last event on (`Last-Event-ID`): what happened meanwhile is
in the service's storage, and comes first.
"""
from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import click

from deploy.cli.problems import FAILED, Problem
from deploy.client.service import Service

Event = dict[str, Any]

PATIENCE = 60.0  # seconds for which a service may be away
PAUSE = 0.5  # seconds between two tries
TICK = 1.0  # seconds after which silence is told


def away(why: str) -> None:
    """What people are told of it."""
    click.echo(f"{why}; waiting for it to come back", err=True)


@dataclass(slots=True)
class FollowedEvents:
    """`last`: the number of the newest event that there was when it was connected last."""

    service: Service
    after: int  # the number of the last event that was read
    away: Callable[[str], None]  # told once when the service goes away, with why
    patience: float = PATIENCE
    last: int = 0
    _since: float | None = field(default=None, init=False)  # when it went away; None: it is there

    def batches(self) -> Iterator[list[Event]]:
        """What has come by now; empty after a second of silence.

        Raises Problem: (3) for a service that was away for too long, (2) if it refuses.
        """
        while True:
            inbox: queue.SimpleQueue[Event | Problem] = queue.SimpleQueue()
            threading.Thread(target=self._read, args=(self.after, inbox), daemon=True).start()
            problem = None
            while problem is None:
                batch, problem = self._batch(inbox)
                yield batch
            self._gone(problem)

    def _batch(self,
               inbox: queue.SimpleQueue[Event | Problem]) -> tuple[list[Event], Problem | None]:
        batch: list[Event] = []
        try:
            found = inbox.get(timeout=TICK)
            while not isinstance(found, Problem):
                self._take(found)
                batch.append(found)
                found = inbox.get_nowait()
        except queue.Empty:
            return batch, None
        return batch, found

    def _take(self, event: Event) -> None:
        self._since = None
        if "last" in event:  # the first of a connection
            self.last = int(event["last"])
            if self.last < self.after:
                raise Problem(f"{self.service.url} is another service now, or has lost its state")
        self.after = max(self.after, event["id"])

    def _gone(self, problem: Problem) -> None:
        """Waits a little, or raises it."""
        now = time.monotonic()
        if problem.exit_code != FAILED or (self._since is not None
                                           and now - self._since >= self.patience):
            raise problem
        if self._since is None:
            self._since = now
            self.away(problem.message)
        time.sleep(PAUSE)

    def _read(self, after: int, inbox: queue.SimpleQueue[Event | Problem]) -> None:
        try:
            with self.service.events(after=after) as stream:
                for event in stream:
                    inbox.put(event)
            inbox.put(Problem(f"{self.service.url} ended its events"))
        except Problem as problem:
            inbox.put(problem)
        except Exception as error:  # noqa: BLE001 - whoever waits has to be told
            inbox.put(Problem(f"{self.service.url}: its events cannot be read: {error!r}"))
