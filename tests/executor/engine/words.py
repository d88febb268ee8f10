"""Reads words.txt: what engines say when they refuse, and what it means."""
from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from executor.engine import failures
from executor.engine.failures import RuntimeFailure


class Said(NamedTuple):
    """The engine's version, the status of its answer (None: inside the stream of a 200), its words, what they mean."""

    engine: str
    status: int | None
    text: str
    kind: type[RuntimeFailure]


def said() -> dict[str, list[Said]]:
    """The rows of each section."""
    found: dict[str, list[Said]] = {}
    section = ""
    for line in Path(__file__).with_name("words.txt").read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            found[section] = []
        elif line and not line.startswith("#"):
            found[section].append(_row(line))
    return found


def _row(line: str) -> Said:
    kind, engine, status, text = line.split(None, 3)
    words = "" if text == '""' else text.replace("\\n", "\n")
    return Said(engine, None if status == "-" else int(status), words, getattr(failures, kind))
