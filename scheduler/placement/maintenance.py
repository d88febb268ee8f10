"""Agents that will be away soon: nothing new is started on them.

As Marathon: mesosphere/mesos/Availability.scala. An agent that is already being drained makes no
offers that count; what it offers before carries the time of its maintenance.
"""
from __future__ import annotations

from specs.messages.offer import Offer


def is_available(offer: Offer, now: float, draining: float = 0.0) -> bool:
    """Whether tasks may start on the agent of an offer.

    `now` is seconds since 1970; `draining` is how many seconds before its maintenance an agent is
    left alone. An agent whose maintenance has no duration is away from its start on for good; one
    whose maintenance is over is back.
    """
    away = offer.unavailability
    if away is None or now <= away.start / 1e9 - draining:
        return True
    return away.duration is not None and now > (away.start + away.duration) / 1e9
