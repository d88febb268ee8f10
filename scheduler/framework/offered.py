"""The offers of one turn, and whether more are wanted.

Offers are never kept: each turn looks at those that came in it, and answers them all. Only while
launches are on their way (launching.py) do those that come wait until they are made.
"""
from __future__ import annotations

from collections.abc import Sequence

from scheduler.master.port import Master
from specs.messages.offer import Offer


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
