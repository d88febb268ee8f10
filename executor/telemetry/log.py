"""The executor's own log, on stderr: in the form that Mesos's programs use (glog), or as JSON.

"I1124 06:05:04.123456  4711 supervisor.py:120] Registered": level, month and day, time, process, place, text. In the
drop-in stderr is the task's too, as in Mesos, so `--quiet` and `--logging_level` are obeyed.

As JSON each record is a line: `time`, `level`, `place`, `message`, the ids of `framework`, `agent` and `executor`, and
`task` where it is about one. Code that logs of a task says so by `extra=of_task(ID)`.
"""
from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Mapping
from typing import Final

FORMATS: Final = ("text", "json")
_LEVELS = {"INFO": logging.INFO, "WARNING": logging.WARNING, "ERROR": logging.ERROR}


class GlogFormatter(logging.Formatter):
    """One line per record, and the stack behind an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        stamp = time.strftime("%m%d %H:%M:%S", time.localtime(record.created))
        micros = int(record.created % 1 * 1e6)
        text = f"{record.levelname[0]}{stamp}.{micros:06d} {record.process:>5} {record.filename}:{record.lineno}] "
        text += record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text


class JsonFormatter(logging.Formatter):
    """A JSON object per record; `ids` are in each."""

    def __init__(self, ids: Mapping[str, str]) -> None:
        super().__init__()
        self._ids = ids

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        millis = int(record.created % 1 * 1000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        found = {"time": f"{stamp}.{millis:03d}Z", "level": record.levelname.lower(),
                 "place": f"{record.filename}:{record.lineno}", "message": record.getMessage(),
                 **self._ids}
        task = getattr(record, "task", None)
        if task is not None:
            found["task"] = str(task)
        if record.exc_info:
            found["trace"] = self.formatException(record.exc_info)
        return json.dumps(found, ensure_ascii=False)


def of_task(task_id: str) -> dict[str, str]:
    """What `extra` of a log call is: the record is about this task."""
    return {"task": task_id}


def set_up(level: str, *, quiet: bool, form: str = "text", ids: Mapping[str, str] | None = None) -> None:
    """Log to stderr from `level` on, INFO if it is unknown; `form` is one of FORMATS, else text.

    Nothing but errors if `quiet`, as glog.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(ids or {}) if form == "json" else GlogFormatter())
    chosen = logging.ERROR if quiet else _LEVELS.get(level.upper(), logging.INFO)
    logging.basicConfig(level=chosen, handlers=[handler], force=True)
