"""The executor's own log, on stderr, in the form that Mesos's programs use (glog).

"I1124 06:05:04.123456  4711 supervisor.py:120] Registered": level, month and day, time, process, place, text. In the
drop-in stderr is the task's too, as in Mesos, so `--quiet` and `--logging_level` are obeyed.
"""
from __future__ import annotations

import logging
import sys
import time

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


def set_up(level: str, *, quiet: bool) -> None:
    """Log to stderr from `level` on, INFO if it is unknown.

    Nothing but errors if `quiet`, as glog.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(GlogFormatter())
    chosen = logging.ERROR if quiet else _LEVELS.get(level.upper(), logging.INFO)
    logging.basicConfig(level=chosen, handlers=[handler], force=True)
