"""What containers write, on its way to people or programs: a terminal gets no control characters,
a pipe or a file gets every byte.
"""
from __future__ import annotations

import codecs
from typing import IO

from specs.words.printable import printable_lines

_DECODER = codecs.getincrementaldecoder("utf-8")


class OutputTo:
    """Writes pieces of output to a text stream of this process."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._decoder = _DECODER(errors="replace") if file.isatty() else None

    def write(self, data: bytes) -> None:
        """The bytes, behind the text that was written before."""
        self._file.flush()
        if self._decoder is not None:
            self._file.write(printable_lines(self._decoder.decode(data)))
            self._file.flush()
            return
        self._file.buffer.write(data)  # type: ignore[attr-defined]  # the standard streams are TextIOWrappers
        self._file.buffer.flush()  # type: ignore[attr-defined]
