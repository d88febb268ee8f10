"""Ids of tasks, executors, agents, frameworks and volumes: they become folder names, so not every
text will do.
"""
from __future__ import annotations

from typing import Final

LONGEST: Final = 255  # bytes; NAME_MAX of Linux


def is_uuid(raw: bytes) -> bool:
    """Whether these bytes are a UUID of a version that Mesos's library knows."""
    return len(raw) == 16 and 1 <= raw[6] >> 4 <= 5


def id_problem(identifier: str) -> str | None:
    """Why this cannot be an id, in Mesos's words; None if it can. As Mesos: common/validation.cpp,
    `validateID`.
    """
    if not identifier:
        return "ID must not be empty"
    if len(identifier.encode("utf-8", "surrogatepass")) > LONGEST:
        return f"ID must not be greater than {LONGEST} characters"
    if identifier in {".", ".."}:
        return f"'{identifier}' is disallowed"
    if any(character in "/\\\x7f" or character < " " for character in identifier):
        return f"'{identifier}' contains invalid characters"
    return None
