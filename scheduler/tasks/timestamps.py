"""Times as Marathon writes them: yyyy-MM-ddTHH:mm:ss.SSSZ, UTC, always three decimals. Texts
compare as times do.
"""
from __future__ import annotations

from datetime import UTC, datetime


def timestamp(at: float) -> str:
    """Of seconds since 1970, cut to milliseconds."""
    whole = datetime.fromtimestamp(int(at), UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{int(at * 1000) % 1000:03d}Z"


def seconds(text: str) -> float:
    """Seconds since 1970. Raises ValueError for what is no timestamp."""
    return datetime.fromisoformat(text).timestamp()


def following(text: str) -> str:
    """The earliest timestamp after this one."""
    return timestamp((round(seconds(text) * 1000) + 1.5) / 1000)
