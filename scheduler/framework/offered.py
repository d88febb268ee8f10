"""The offers of one turn, and whether more are wanted.

Offers are never kept: each turn looks at those that came in it, and answers them all.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from scheduler.master.port import Master
from scheduler.placement.matching import Launch
from specs.messages.offer import Offer

AT_ONCE: Final = 500  # tasks, or a few more, that are made, stored and sent together


class Offered:
    """Belongs to the loop."""

    def __init__(self, master: Master) -> None:
        self._master = master
        self._offers: dict[str, Offer] = {}  # by id
        self._suppressed = False

    def subscribed(self) -> None:
        """The master sends offers again, whatever was said before."""
        self._suppressed = False

    def add(self, offers: Sequence[Offer]) -> None:
        self._offers.update((offer.id, offer) for offer in offers)

    def rescinded(self, offer_id: str) -> None:
        self._offers.pop(offer_id, None)

    def clear(self) -> None:
        """The subscription is over, and so are its offers."""
        self._offers.clear()

    def take(self) -> list[Offer]:
        """Those that came since the last time."""
        offers, self._offers = list(self._offers.values()), {}
        return offers

    def want(self, wanted: bool) -> None:
        """Tell the master if that is another thing than before."""
        if self._suppressed and wanted:
            self._suppressed = False
            self._master.revive()
        elif not self._suppressed and not wanted:
            self._suppressed = True
            self._master.suppress()



def in_parts(launches: Sequence[Launch]) -> Iterator[Sequence[Launch]]:
    """A few at a time: so the first tasks start while others are still made, and of thousands of
    descriptions only a few are in memory.
    """
    part: list[Launch] = []
    tasks = 0
    for launch in launches:
        part.append(launch)
        tasks += len(launch.placements)
        if tasks >= AT_ONCE:
            yield part
            part, tasks = [], 0
    if part:
        yield part
