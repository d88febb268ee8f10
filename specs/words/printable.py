"""Text that a person reads, of whom nobody knows what he meant: a task, an image, an agent.

Characters that a terminal acts on (escapes, C1 controls, a carriage return) or that turn the
direction of what follows are shown as what they are, in the form of Python's and JSON's escapes.
"""
from __future__ import annotations

import re
from typing import Final

_KEPT: Final = frozenset("\n\t")
_JSON: Final = re.compile(r"[^\x20-\x7e\n]")


def printable(text: str) -> str:
    """On one line."""
    return "".join(map(_shown, text))


def printable_lines(text: str) -> str:
    """With its ends of lines and tabs."""
    lines = text.replace("\r\n", "\n")
    return "".join(char if char in _KEPT else _shown(char) for char in lines)


def printable_json(text: str) -> str:
    """JSON that means the same: what cannot be printed stands inside its texts only."""
    return _JSON.sub(_escaped, text)


def _shown(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    if char.isprintable():
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[each:each + 2].hex()}" for each in range(0, len(units), 2))
