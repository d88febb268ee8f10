"""What the adapters of Marathon's vectors share."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Json = Mapping[str, Any]
Check = Callable[[Json, Json], None]  # of a vector's input and expected; raises AssertionError


def below(number: int) -> int:
    """A drawn number that is neither the first nor the last, where there is one in between."""
    return number // 2
