"""A match that goes on without the app, or without the offer, that makes it fail."""
from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from scheduler.placement.matching import Decline, Match
from scheduler.placement.spread import Demand
from scheduler.service.turn.faults import Doing, Faults
from specs.messages.offer import Offer

log = logging.getLogger(__name__)

Matcher = Callable[[Sequence[Offer], Sequence[Demand]], Match]


class SoundMatches:
    """The loop's alone."""

    def __init__(self) -> None:
        self._odd: set[str] = set()  # agents whose offers make no sense, told once

    def match(self, offers: Sequence[Offer], demands: Sequence[Demand], faults: Faults,
              match: Matcher) -> Match:
        """What `match` says.

        What makes it raise is found by trying each alone, and left out: an app waits for a while,
        an offer is declined.
        """
        try:
            found, sound = match(offers, demands), demands
        except Exception:  # noqa: BLE001 - found in what follows, and logged there
            good, declines = self._sensible(offers, match)
            sound = [each for each in demands if _is_sound(each, good, faults, match)]
            found = match(good, sound)
            found = replace(found, declines=(*found.declines, *declines))
        for each in sound:
            faults.clear(each.app_id, Doing.PLACING)
        return found

    def _sensible(self, offers: Sequence[Offer],
                  match: Matcher) -> tuple[list[Offer], list[Decline]]:
        good, declines = [], []
        for offer in offers:
            try:
                match([offer], ())
                good.append(offer)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it
                declines.append(Decline(offer.agent_id, (offer.id,), "it makes no sense"))
                if offer.agent_id not in self._odd:
                    self._odd.add(offer.agent_id)
                    log.warning("Declining what %s offers: it makes no sense: %s: %s",
                                offer.agent_id, type(error).__name__, error)
        return good, declines


def _is_sound(demand: Demand, offers: Sequence[Offer], faults: Faults, match: Matcher) -> bool:
    try:
        match(offers, [demand])
    except Exception as error:  # noqa: BLE001 - one app's: the others go on
        faults.note(demand.app_id, Doing.PLACING, error)
        return False
    return True
