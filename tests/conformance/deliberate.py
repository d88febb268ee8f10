"""Where the embedded Mesos differs from the recorded one on purpose: the one list of it.

Each entry is a scenario, a pattern of transcript lines (pretty-printed JSON) that are left out of the comparison on
both sides, and the reason. A difference that stands here is a promise to users: say it in the README too.
"""
from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """One deliberate difference."""

    scenario: str
    lines: re.Pattern[str]
    reason: str


DIFFERENCES: tuple[Difference, ...] = ()
