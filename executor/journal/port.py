"""What the executor asks of a journal, and none: a drop-in cannot come back, and writes nothing."""
from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from executor.journal.records import Record


class Notes(Protocol):
    """Thread-safe."""

    def promise(self, make: Callable[[], Record]) -> None:
        """Write what is made, if anything is written; raises OSError if that cannot be done, and then
        nothing is noted.
        """
        ...

    def note(self, *records: Record) -> None:
        """Write them, now or as soon as that can be done again; what was said before stays true."""
        ...


class NoNotes:
    """Implements Notes."""

    def promise(self, make: Callable[[], Record]) -> None:
        """Nothing."""

    def note(self, *records: Record) -> None:
        """Nothing."""
