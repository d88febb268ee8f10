"""Byte sizes as Mesos writes them: a whole number and a unit, "32MB"; a KB is 1024 bytes. As Mesos:
stout/bytes.hpp.
"""
from __future__ import annotations

import re
from typing import Final

from specs.errors import SpecError

UNITS: Final = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
MEGABYTE: Final = UNITS["MB"]  # what resources count memory and disk in
_MAXIMUM: Final = (1 << 64) - 1
_DIGITS: Final = re.compile(r"[0-9]*", re.ASCII)


def parse_size(text: str) -> int:
    """Bytes; units in any case. Raises SpecError with Mesos's text."""
    match = _DIGITS.match(text)
    digits = match.group() if match else ""
    unit = text[len(digits):]
    if unit.startswith("."):
        raise SpecError("", f"Fractional bytes '{text}'")
    if not unit:
        raise SpecError("", f"Invalid bytes '{text}'")
    if not 0 < len(digits) <= 20 or int(digits) > _MAXIMUM:
        raise SpecError("", f"Failed to convert '{digits}' to number")
    if unit.upper() not in UNITS:
        raise SpecError("", f"Unknown bytes unit '{unit}'")
    return int(digits) * UNITS[unit.upper()]


def print_size(size: int) -> str:
    """The largest unit that gives a whole number: 33554432 is "32MB"."""
    unit = max((name for name in UNITS if size % UNITS[name] == 0),
               key=lambda name: UNITS[name]) if size else "B"
    return f"{size // UNITS[unit]}{unit}"
