"""The log as JSON: one object per line, with the ids that belong together."""
from __future__ import annotations

import json
import logging
import sys
from typing import Any

from executor.telemetry.log import GlogFormatter, JsonFormatter, of_task

IDS = {"framework": "F", "agent": "A", "executor": "e"}


def record(text: str, *args: object, **more: Any) -> logging.LogRecord:
    found = logging.LogRecord("executor.x", logging.WARNING, "/x/supervisor.py", 12, text, args,
                              more.pop("error", None))
    found.created = 1_700_000_000.25
    vars(found).update(more)
    return found


def test_a_line_has_all_ids() -> None:
    found = json.loads(JsonFormatter(IDS).format(record("Task %s: \n\x1b[31m ü", "t", **of_task("t"))))
    assert found == {"time": "2023-11-14T22:13:20.250Z", "level": "warning", "place": "supervisor.py:12",
                     "message": "Task t: \n\x1b[31m ü", **IDS, "task": "t"}
    assert "\n" not in JsonFormatter(IDS).format(record("a\nb"))
    assert "\x1b" not in JsonFormatter(IDS).format(record("\x1b[31m"))


def test_the_stack_is_in_it() -> None:
    try:
        int("why")
    except ValueError:
        found = json.loads(JsonFormatter({}).format(record("oh", error=sys.exc_info())))
    assert found["trace"].endswith("'why'")


def test_as_text_it_is_what_it_was() -> None:
    line = GlogFormatter().format(record("Registered"))
    assert line.startswith("W11")
    assert line.endswith("supervisor.py:12] Registered")
