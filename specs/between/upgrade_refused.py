"""What an executor says that was asked to make way for another version, and goes on: a framework
message, JSON.

    {"type": "upgrade-refused", "run": "0f3a…", "why": "…"}

One that makes way says nothing: the next reports are of another `run` (`specs/between/reports.py`).
"""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from specs.errors import SpecError

TYPE: Final = "upgrade-refused"
MAX_WHY: Final = 2000  # characters
MAX_RUN: Final = 64


@dataclass(frozen=True, slots=True)
class UpgradeRefused:
    """`run`: of the process that was asked."""

    run: str
    why: str


def refused_text(refused: UpgradeRefused) -> bytes:
    """The message."""
    return json.dumps({"type": TYPE, "run": refused.run, "why": refused.why[:MAX_WHY]}).encode()


def refused_of(message: Mapping[str, Any]) -> UpgradeRefused:
    """A message of this type. Raises SpecError with the path of what is wrong."""
    for name, most in (("run", MAX_RUN), ("why", MAX_WHY)):
        value = message.get(name)
        if not isinstance(value, str) or not value or len(value) > most:
            raise SpecError(name, f"must be a text of 1 to {most} characters")
    return UpgradeRefused(message["run"], message["why"])
