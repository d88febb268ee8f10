"""The terminal of this process while a command elsewhere has it: raw, so that each key goes there,
Ctrl-C as well; and as it was before, whatever happens.
"""
from __future__ import annotations

import os
import termios
import tty
from types import TracebackType
from typing import Any, Self


class Terminal:
    """Of a descriptor, which may be none."""

    def __init__(self, descriptor: int, *, raw: bool) -> None:
        self._descriptor = descriptor
        self.is_raw = raw and os.isatty(descriptor)
        self._before: list[Any] = []

    def size(self) -> dict[str, int]:
        """`columns` and `rows`, if they are known."""
        for descriptor in (self._descriptor, 1, 2):
            try:
                found = os.get_terminal_size(descriptor)
            except OSError:
                continue
            if found.columns and found.lines:
                return {"columns": found.columns, "rows": found.lines}
        return {}

    def __enter__(self) -> Self:
        if self.is_raw:
            self._before = termios.tcgetattr(self._descriptor)
            tty.setraw(self._descriptor)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._before:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
