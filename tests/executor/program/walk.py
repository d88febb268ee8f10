"""What a walk through our own code takes: calls, files, and how deep it goes, on all threads together."""
from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).parents[3]
OURS = tuple(f"{ROOT}/{package}/" for package in ("executor", "specs"))
TESTS = f"{ROOT}/tests/"


class Walk:
    """`calls` while it is `going`: (file, function) each. What a fake calls, and what that calls, is not counted.

    Comprehensions are not calls, as in newer Pythons.
    """

    def __init__(self) -> None:
        self.going = False
        self.calls: list[tuple[str, str]] = []
        self.deepest: list[str] = []

    @contextlib.contextmanager
    def followed(self) -> Iterator[None]:
        """Threads that are started meanwhile are followed."""
        threading.setprofile(self._profiled)
        try:
            yield
        finally:
            self.going = False
            threading.setprofile(None)

    @property
    def files(self) -> set[str]:
        """Those that it leads through."""
        return {file for file, _ in self.calls}

    def __str__(self) -> str:
        return f"{len(self.calls)} calls in {len(self.files)} files, {len(self.deepest)} deep"

    def _profiled(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "call" or not self.going or not _counts(frame.f_code):
            return
        stack: list[str] = []
        above: FrameType | None = frame
        while above is not None:
            if above.f_code.co_filename.startswith(TESTS):
                return
            if _counts(above.f_code):
                stack.append(above.f_code.co_qualname)
            above = above.f_back
        self.calls.append((frame.f_code.co_filename.removeprefix(f"{ROOT}/"), frame.f_code.co_qualname))
        if len(stack) > len(self.deepest):
            self.deepest = stack[::-1]


def _counts(code: CodeType) -> bool:
    return code.co_filename.startswith(OURS) and not code.co_name.endswith(("comp>", "genexpr>"))
