"""Times as Marathon writes them: yyyy-MM-ddTHH:mm:ss.SSSZ, UTC, always three decimals. Texts
compare as times do.
"""
from __future__ import annotations

import functools
from datetime import UTC, datetime


def timestamp(at: float) -> str:
    """Of seconds since 1970, cut to milliseconds."""
    return f"{_second(int(at))}.{int(at * 1000) % 1000:03d}Z"


@functools.lru_cache(maxsize=16)
def _second(at: int) -> str:
    """Thousands of events are of the same one."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}"


def seconds(text: str) -> float:
    """Seconds since 1970. Raises ValueError for what is no timestamp."""
    return datetime.fromisoformat(text).timestamp()


def following(text: str) -> str:
    """The earliest timestamp after this one."""
    return timestamp((round(seconds(text) * 1000) + 1.5) / 1000)
