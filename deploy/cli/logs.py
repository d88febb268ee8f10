"""The log of a command, on stderr: as text for people, or a JSON object for each record.

A JSON line has `time`, `level`, `logger`, `message`, `trace` behind a fault, and those of IDS that
the record is about (code says so by `extra=`), besides the `framework`, once there is one.
"""
from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import click

from specs.words.printable import printable

FORMATS: Final = ("text", "json")
IDS: Final = ("app", "instance", "task", "deployment", "framework", "agent", "executor")


class TextLine(logging.Formatter):
    """What masters, agents and tasks say goes into a line, and drives no terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """As it is, but for control characters."""
        return printable(super().formatMessage(record))


class JsonLine(logging.Formatter):
    """One object."""

    def __init__(self, framework: Callable[[], str | None] = lambda: None) -> None:
        """`framework`: its id, once it is known."""
        super().__init__()
        self._framework = framework

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        millis = int(record.created % 1 * 1000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        found: dict[str, Any] = {
            "time": f"{stamp}.{millis:03d}Z", "level": record.levelname.lower(),
            "logger": record.name, "message": record.getMessage(),
            "framework": self._framework()}
        found |= {name: getattr(record, name) for name in IDS if getattr(record, name, None)}
        if record.exc_info:
            found["trace"] = self.formatException(record.exc_info)
        return json.dumps({key: value for key, value in found.items() if value is not None},
                          ensure_ascii=False)


def set_up(form: str, framework: Callable[[], str | None] = lambda: None,
           level: int = logging.INFO) -> None:
    """Log to stderr in this form; what was set up before is replaced."""
    shown = logging.StreamHandler(sys.stderr)
    shown.setFormatter(JsonLine(framework) if form == "json" else TextLine())
    logging.basicConfig(level=level, handlers=[shown], force=True)


def _chosen(_: click.Context, __: click.Parameter, value: str) -> str:
    if value == "json":
        set_up(value)
    return value


def log_format(*, passed: bool = False) -> Callable[[Any], Any]:
    """The option; `passed`: the command gets it as `log_format`."""
    return click.option("--log-format", type=click.Choice(FORMATS), default="text", show_default=True,
                        expose_value=passed, callback=_chosen,
                        help="How the log on stderr is written.")
