"""Lines of several tasks on their way to a person or a program: each behind the task's name, in a
colour of its own on a terminal, where control characters are shown; pipes and files get every byte.
"""
from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from typing import IO, Final

import click

from deploy.client.looking.sources import Source
from deploy.run.terminal import OutputTo
from specs.words.printable import printable

LONGEST: Final = 64 * 1024  # bytes of a line; what is longer is cut
COLOURS: Final = ("cyan", "yellow", "green", "magenta", "blue", "bright_red", "bright_cyan", "bright_yellow")


@dataclass(slots=True)
class LogLines:
    """Used by several threads. `named`: whether each line says whose it is; `wanted`: only lines in
    which this is found.
    """

    out: IO[str]
    named: bool = False
    as_json: bool = False
    wanted: re.Pattern[str] | None = None
    _rest: dict[str, bytes] = field(default_factory=dict)  # of lines that have not ended, by task
    _raw: dict[str, OutputTo] = field(default_factory=dict)  # by task
    _colours: dict[str, str] = field(default_factory=dict)  # by task
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, source: Source, data: bytes) -> None:
        """A piece of a task's output, cut anywhere. Raises OSError."""
        with self._lock:
            if not (self.named or self.as_json or self.wanted is not None):
                self._raw.setdefault(source.task_id, OutputTo(self.out)).write(data)
                return
            *lines, rest = (self._rest.get(source.task_id, b"") + data).split(b"\n")
            if len(rest) > LONGEST:
                lines, rest = [*lines, rest], b""
            self._rest[source.task_id] = rest
            self._put(source, lines)

    def end(self, source: Source) -> None:
        """Nothing more comes of this task. Raises OSError."""
        with self._lock:
            rest = self._rest.pop(source.task_id, b"")
            if rest:
                self._put(source, [rest])

    def _put(self, source: Source, lines: list[bytes]) -> None:
        for line in lines:
            text = line.decode(errors="replace")
            if self.wanted is not None and not self.wanted.search(text):
                continue
            if self.as_json:
                self.out.write(json.dumps({"instance": source.instance_id, "taskId": source.task_id,
                                           "line": text}, separators=(",", ":")) + "\n")
            elif self.out.isatty():
                self.out.write(f"{self._coloured(source)}{printable(text.rstrip(chr(13)))}\n")
            else:
                self.out.flush()
                name = f"{printable(source.name)}  ".encode() if self.named else b""
                self.out.buffer.write(name + line + b"\n")  # type: ignore[attr-defined]  # a TextIOWrapper
        self.out.flush()

    def _coloured(self, source: Source) -> str:
        if not self.named:
            return ""
        colour = self._colours.setdefault(source.task_id, COLOURS[len(self._colours) % len(COLOURS)])
        return f"{click.style(printable(source.name), fg=colour)}  "
