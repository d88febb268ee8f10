"""The engine's times."""
from __future__ import annotations

from datetime import datetime


def seconds(text: object) -> float:
    """Since the epoch; 0 where it says none."""
    try:
        return max(0.0, datetime.fromisoformat(str(text)).timestamp())
    except (ValueError, OverflowError):
        return 0.0
