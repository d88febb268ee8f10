"""Agents that will be away soon: nothing new is started on them.

As Marathon: mesosphere/mesos/Availability.scala. An agent that is already being drained makes no
offers that count; what it offers before carries the time of its maintenance.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_available(offer: Mapping[str, Any], now: float, draining: float = 0.0) -> bool:
    """Whether tasks may start on the agent of an Offer (JSON form).

    `now` is seconds since 1970; `draining` is how many seconds before its maintenance an agent is
    left alone. An agent whose maintenance has no duration is away from its start on for good; one
    whose maintenance is over is back.
    """
    unavailability = offer.get("unavailability")
    if not unavailability or "start" not in unavailability:
        return True
    start = _seconds(unavailability["start"])
    if now <= start - draining:
        return True
    return "duration" in unavailability and now > start + _seconds(unavailability["duration"])


def _seconds(time: Mapping[str, Any]) -> float:
    return int(time.get("nanoseconds", 0)) / 1e9
