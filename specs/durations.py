"""Durations as Mesos writes them: a number and a unit, "5secs", "1.5mins". As Mesos: stout/duration.hpp."""
from __future__ import annotations

from typing import Final

from specs.errors import SpecError

_NANOSECONDS: Final = {
    "ns": 1, "us": 1_000, "ms": 1_000_000, "secs": 1_000_000_000, "mins": 60_000_000_000,
    "hrs": 3_600_000_000_000, "days": 86_400_000_000_000, "weeks": 604_800_000_000_000,
}


def parse_duration(text: str) -> int:
    """Nanoseconds; SpecError with Mesos's text."""
    number = text[:next((i for i, c in enumerate(text) if not (c.isdigit() or c == ".")), len(text))]
    unit = text[len(number):]
    if not number or not unit:
        raise SpecError("", f"Invalid duration '{text}'")
    if unit not in _NANOSECONDS:
        raise SpecError("", f"Unknown duration unit '{unit}'; supported units are "
                            "'ns', 'us', 'ms', 'secs', 'mins', 'hrs', 'days', and 'weeks'")
    return int(float(number) * _NANOSECONDS[unit])
