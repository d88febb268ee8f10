"""Durations as Mesos writes them: a number and a unit, "5secs", "1.5mins". As Mesos:
stout/duration.hpp.

A duration is an int of nanoseconds. No sign, no blank, no short units: "5s", "5 secs" and "-5secs"
are errors there, so they are here.
"""
from __future__ import annotations

import re
from typing import Final

from specs.errors import SpecError

UNITS: Final = {
    "ns": 1, "us": 1_000, "ms": 1_000_000, "secs": 1_000_000_000, "mins": 60_000_000_000,
    "hrs": 3_600_000_000_000, "days": 86_400_000_000_000, "weeks": 604_800_000_000_000,
}
_MAXIMUM: Final = (1 << 63) - 1  # Mesos keeps a duration in an int64
_NUMBER: Final = re.compile(r"[0-9.]*", re.ASCII)
_VALID_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", re.ASCII)


def parse_duration(text: str) -> int:
    """Nanoseconds; a fraction of one is cut off. Raises SpecError with Mesos's text."""
    match = _NUMBER.match(text)
    number = match.group() if match else ""
    unit = text[len(number):]
    if not unit:
        raise SpecError("", f"Invalid duration '{text}'")
    if not _VALID_NUMBER.fullmatch(number):
        raise SpecError("", f"Failed to convert '{number}' to number")
    if unit not in UNITS:
        raise SpecError("", f"Unknown duration unit '{unit}'; supported units are "
                            "'ns', 'us', 'ms', 'secs', 'mins', 'hrs', 'days', and 'weeks'")
    nanoseconds = float(number) * UNITS[unit]
    if nanoseconds > _MAXIMUM:
        raise SpecError("",
                        "Argument out of the range that a Duration can represent due to int64_t's size limit")
    return int(nanoseconds)


def print_duration(nanoseconds: int) -> str:
    """The largest unit that the value reaches, one lower where only that gives a whole number:
    "90secs", "1.5ms".
    """
    size = abs(nanoseconds)
    names = list(UNITS)
    index = max(i for i, name in enumerate(names) if i == 0 or size >= UNITS[name])
    if index and size % UNITS[names[index]] and size % UNITS[names[index - 1]] == 0:
        index -= 1
    return f"{'-' if nanoseconds < 0 else ''}{size / UNITS[names[index]]:.15g}{names[index]}"
