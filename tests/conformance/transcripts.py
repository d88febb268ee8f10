"""Comparing normalised transcripts: all of them, or of unstable ones only what must be the same every time. Pure."""
from __future__ import annotations

import difflib
import json
from collections.abc import Iterable

from specs.forms import Json
from tests.conformance.deliberate import Difference

_SAID = ("task_id", "state", "reason", "source", "message")


def pretty(records: Iterable[Json]) -> list[str]:
    """The lines that are compared."""
    return [line for record in records
            for line in json.dumps(record, sort_keys=True, ensure_ascii=False, indent=1).split("\n")]


def difference(expected: list[str], actual: list[str], allowed: Iterable[Difference] = ()) -> list[str]:
    """A unified diff, without the lines of deliberate differences; empty: they are the same."""
    patterns = [item.lines for item in allowed]

    def kept(lines: list[str]) -> list[str]:
        return [line for line in lines if not any(pattern.search(line) for pattern in patterns)]

    return list(difflib.unified_diff(kept(expected), kept(actual), "real Mesos", "embedded Mesos", n=8, lineterm=""))


def updates(records: Iterable[Json]) -> list[str]:
    """What each scheduler was told of its tasks: state, reason, source and message, in order."""
    lines: list[str] = []
    for record in records:
        event = record.get("event", {})
        if record["lane"].startswith("executor") or event.get("type") != "UPDATE":
            continue
        status = event["update"]["status"]
        said = {name: status[name] for name in _SAID if name in status}
        lines.append(f"{record['lane']}: {json.dumps(said, sort_keys=True)}")
    return lines
