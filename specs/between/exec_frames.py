"""The frames between who runs a command in a container and the executor: both ends, and the service
in between, speak them inside a WebSocket.

    binary, to the executor      0 and what is for stdin
    binary, from the executor    1 and what came from stdout (of a terminal: all), 2 and from stderr
    text, to the executor        {"resize": {"columns": C, "rows": R}}   {"signal": "INT"}   {"closeStdin": true}
    text, from the executor      {"taken": N}       N bytes of stdin have been taken by the command so far
                                 {"exitCode": N}    the last but for the end of the connection
                                 {"error": TEXT}    the same, where the command could not be run, or its end not be seen

Who has sent more than WINDOW bytes that were not taken is cut off: so nothing between the ends has
to hold more, and a command that does not read delays no signal.
"""
from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

STDIN: Final = 0
STDOUT: Final = 1
STDERR: Final = 2
WINDOW: Final = 1024 * 1024  # bytes of stdin on the way
PIECE: Final = 32 * 1024  # bytes that one of ours puts into a frame
LONGEST: Final = 256 * 1024  # bytes of a frame that is understood

_SIGNAL: Final = re.compile(r"(SIG)?[A-Z0-9+]{1,12}")
_MOST: Final = 10_000  # columns or rows


@dataclass(frozen=True, slots=True)
class Resize:
    """The terminal has this size now, in characters."""

    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class Signal:
    """Such as INT or SIGINT, for the command."""

    name: str


@dataclass(frozen=True, slots=True)
class CloseStdin:
    """Nothing more comes for stdin."""


Control = Resize | Signal | CloseStdin


def control(text: str) -> Control | None:
    """What a text frame to the executor means; None for nothing that is known."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    match said:
        case {"resize": {"columns": int(columns), "rows": int(rows)}} if _fits(columns) and _fits(rows):
            return Resize(columns, rows)
        case {"signal": str(name)} if _SIGNAL.fullmatch(name):
            return Signal(name)
        case {"closeStdin": True}:
            return CloseStdin()
    return None


def exited(status: int) -> str:
    """The last text frame of a command that ended."""
    return json.dumps({"exitCode": status})


def failed(why: str) -> str:
    """The last text frame where there is no exit status."""
    return json.dumps({"error": why})


def taken(count: int) -> str:
    """How much of stdin the command has taken."""
    return json.dumps({"taken": count})


def _fits(number: int) -> bool:
    return 0 < number <= _MOST
