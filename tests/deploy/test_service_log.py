"""The log of `serve`: whatever is said in it is a line, as text and as JSON."""
from __future__ import annotations

import json
import logging
import sys

from deploy.cli.logs import JsonLine, TextLine

SAID = {"msg": "Subscribed as %s", "args": ("F\x1b[31m\nINFO all is well\r",), "levelname": "INFO", "created": 0.5,
        "name": "root"}


def test_what_others_say_is_a_line_and_drives_no_terminal() -> None:
    assert TextLine().format(logging.makeLogRecord(SAID)).endswith(
        "INFO Subscribed as F\\x1b[31m\\nINFO all is well\\r")


def test_as_json_it_is_an_object_with_the_ids_that_belong_together() -> None:
    record = logging.makeLogRecord({**SAID, "app": "/web", "task": "t", "agent": "", "other": 1})
    line = JsonLine(lambda: "F1").format(record)
    assert "\n" not in line
    assert "\x1b" not in line
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00.500Z", "level": "info", "logger": "root",
        "message": "Subscribed as F\x1b[31m\nINFO all is well\r", "framework": "F1", "app": "/web", "task": "t"}


def test_before_there_is_a_framework_none_is_named_and_a_fault_has_its_trace() -> None:
    try:
        int("x")
    except ValueError:
        record = logging.makeLogRecord({**SAID, "exc_info": sys.exc_info()})
    found = json.loads(JsonLine().format(record))
    assert "framework" not in found
    assert found["trace"].startswith("Traceback")
