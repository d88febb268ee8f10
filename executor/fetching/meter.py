"""How much a task has fetched and unpacked, against what one task may; and now and then a word of
it.
"""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from executor.fetching.job import FetchProgress
from specs.words.sizes import print_size

OFTEN: Final = 0.5  # seconds between two words of progress


class TooMuchError(Exception):
    """More than one task may fetch: a mistake, or an archive that was made to fill disks."""


class Meter:
    """Raises TooMuchError."""

    def __init__(self, max_bytes: int, max_files: int, tell: Callable[[FetchProgress], None],
                 now: Callable[[], float] = time.monotonic) -> None:
        self._max_bytes, self._max_files = max_bytes, max_files
        self._tell, self._now = tell, now
        self._bytes, self._files = 0, 0
        self._item, self._done = -1, 0
        self._of: int | None = None
        self._told = now()

    def begin(self) -> None:
        """The next file."""
        self._item, self._done, self._of = self._item + 1, 0, None

    def size(self, of: int | None) -> None:
        """How many bytes the file has, now that it begins to come."""
        self._done, self._of = 0, of
        if of is not None and of > self._max_bytes:
            self._refuse()

    def fetched(self, count: int) -> None:
        """So many bytes have come."""
        self._done += count
        self.written(count)
        if self._now() - self._told >= OFTEN:
            self._told = self._now()
            self._tell(FetchProgress(self._item, self._done, self._of))

    def written(self, count: int) -> None:
        """So many bytes were unpacked, or are about to be."""
        self._bytes += count
        if self._bytes > self._max_bytes:
            self._refuse()

    def file(self) -> None:
        """One more entry of an archive."""
        self._files += 1
        if self._files > self._max_files:
            raise TooMuchError(f"its archives have more than {self._max_files} files")

    def _refuse(self) -> None:
        raise TooMuchError(
            f"it is more than the {print_size(self._max_bytes)} that a task may fetch and unpack")
