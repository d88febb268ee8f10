"""How fast lost instances are replaced: as fast as can be, but for a mass loss
(scheduler/tasks/losses.py).

It is stored, so that a service that starts again in the middle of an outage goes on being careful.
"""
from __future__ import annotations

from scheduler.deployments.facts import Decision
from scheduler.storage.plain import plain, valued
from scheduler.storage.records import Records
from scheduler.tasks import losses
from scheduler.tasks.losses import Losses

_KIND, _KEY = "losses", "all"


class Replacements:
    """The loop's alone."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._lost = 0  # since the last turn
        self._held: dict[str, None] = {}  # apps that wait for a permit; those that waited longest first
        stored = dict(records.records(_KIND)).get(_KEY)
        self.losses = Losses() if stored is None else valued(Losses, stored)

    def note_lost(self) -> None:
        """One more instance has become unreachable."""
        self._lost += 1

    @property
    def has_news(self) -> bool:
        """Whether something was lost since it was last counted."""
        return self._lost > 0

    def count(self, instances: int, now: float) -> bool:
        """What was lost since the last turn, of all instances; whether that makes it a mass loss.
        """
        count, self._lost = self._lost, 0
        before = self.losses
        self._keep(losses.lost(before, count, instances, now))
        return self.losses.is_slowed and not before.is_slowed

    def permits(self, now: float) -> int | None:
        """How many lost instances may be given up now; None: as many as there are."""
        return losses.permits(self.losses, now)

    def decided(self, app_id: str, decision: Decision) -> None:
        """What a decision used, and whether its app waits for more."""
        self._held.pop(app_id, None)
        if decision.held:
            self._held[app_id] = None
        if decision.given_up:
            self._keep(losses.used(self.losses, decision.given_up))

    def due(self, now: float) -> tuple[str, ...]:
        """The apps that may go on waiting for instances no longer."""
        permits = self.permits(now)
        return tuple(self._held)[:permits] if self._held else ()

    def next_due(self, now: float) -> float | None:
        """When there are some, if nothing happens before."""
        return losses.next_permit(self.losses, now) if self._held else None

    def lift(self) -> None:
        """It is over: what is lost is replaced at once again."""
        self._keep(losses.lifted())

    def _keep(self, found: Losses) -> None:
        if found != self.losses:
            self.losses = found
            self._records.put(_KIND, _KEY, plain(found))
