"""Arithmetic of integer ranges (ports) and of scalars in fixed point. As Mesos: common/values.cpp.

Scalars are compared and added in thousandths, so that 0.1 + 0.2 is 0.3 and what was taken apart
adds up again.
"""
from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from specs.messages.resource import Range

_WHOLE = 2.0 ** 53  # from here on a float has no fraction, and its thousandfold may be beyond all floats


def fixed(value: float) -> int:
    """Thousandths, rounded half away from zero; infinities and NaN (which no agent offers) count as
    0.
    """
    if not math.isfinite(value):
        return 0
    if abs(value) >= _WHOLE:
        return int(value) * 1000
    return int(math.copysign(math.floor(abs(value) * 1000 + 0.5), value))


def floating(thousandths: int) -> float:
    """The scalar of that many thousandths."""
    return thousandths / 1000


def print_scalar(value: float | None) -> str:
    """In thousandths and without needless digits: 4, 0.1, 1000000032."""
    return f"{floating(fixed(value or 0.0)):.15g}"


def coalesce(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Sorted, with overlapping and adjacent ranges made one."""
    result: list[Range] = []
    for item in sorted(ranges, key=lambda r: (r.begin, r.end)):
        if result and item.begin <= result[-1].end + 1:
            if item.end > result[-1].end:
                result[-1] = Range(result[-1].begin, item.end)
        else:
            result.append(item)
    return tuple(result)


def subtract_ranges(left: Iterable[Range], right: Iterable[Range]) -> tuple[Range, ...]:
    """The integers of `left` that are not in `right`."""
    rest = list(coalesce(left))
    for hole in coalesce(right):
        pieces: list[Range] = []
        for item in rest:
            if item.end < hole.begin or item.begin > hole.end:
                pieces.append(item)
                continue
            if item.begin < hole.begin:
                pieces.append(Range(item.begin, hole.begin - 1))
            if item.end > hole.end:
                pieces.append(Range(hole.end + 1, item.end))
        rest = pieces
    return tuple(rest)


def ranges_within(inner: Iterable[Range], outer: Iterable[Range]) -> bool:
    """Whether every integer of `inner` is in `outer`."""
    wholes = coalesce(outer)
    return all(any(whole.begin <= item.begin and item.end <= whole.end for whole in wholes)
               for item in coalesce(inner))


def in_ranges(number: int, ranges: Iterable[Range]) -> bool:
    """Whether the integer is in one of the ranges."""
    return any(item.begin <= number <= item.end for item in ranges)


def count(ranges: Iterable[Range]) -> int:
    """How many integers there are."""
    return sum(item.end - item.begin + 1 for item in coalesce(ranges))


def print_ranges(ranges: Sequence[Range] | None) -> str:
    """[31000-31099, 32000-32000]."""
    return "[" + ", ".join(f"{item.begin}-{item.end}" for item in ranges or ()) + "]"
