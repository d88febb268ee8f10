"""Where in an engine's log our file of it ends.

Bytes can be counted from the log's beginning, which is exact as long as the log surely has it. An
engine rotates its logs, so of one that was long only the end is left, and how much is gone is not
said: then what stands last in our file is looked for in what the log has of the last seconds. Where
it is not there, all that the log has is new, and something is missing in between: at most what the
container has written in all (node/shim.py) and we have not.
"""
from __future__ import annotations

import contextlib
import enum
import select
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from executor.engine.port import OutputStream

LOOKED_FOR: Final = 4096  # bytes, the last ones of our file
BEFORE: Final = 10_000_000_000  # ns before our last write, from which on the log is searched
NEAR: Final = BEFORE // 2  # ns before our last write in which a tail was written: what is older
# may stand in the log before where that is searched, so that the tail would not be found
COUNTED: Final = 1 << 20  # bytes that are counted rather than looked for
MOST_OF_A_BYTE: Final = 80  # bytes in the log for one of the output: a line in JSON that is empty
SHIMS_OWN: Final = 256 * 1024  # bytes: it begins with 64 KB, each command in the container costs 44 (shim.py)
PATIENCE: Final = 10.0  # seconds for each piece of a log that is searched


class How(enum.Enum):
    """In which way a stream goes on with what was written."""

    SKIP = "as many bytes as were written are skipped"
    SEAM = "what was written last is looked for"
    GAP = "it does not: something is missing in between"


@dataclass(frozen=True, slots=True)
class Written:
    """Of a part of a task's output. `tails`: what stands last, by descriptor; `at`: when that was
    written, ns since the epoch.
    """

    size: int = 0  # bytes
    tails: Mapping[int, bytes] = field(default_factory=dict)
    at: Mapping[int, int] = field(default_factory=dict)

    @property
    def since(self) -> int:
        """From when on the log is searched, ns since the epoch."""
        return max(self.at.values(), default=0) - BEFORE

    @property
    def recent(self) -> dict[int, bytes]:
        """Those to look for: what was written earlier than that is not there."""
        return {each: tail for each, tail in self.tails.items() if tail
                and self.at[each] >= self.since}


def counts(written: Written, kept: int | None, in_all: int | None) -> bool:
    """Whether bytes can be counted from the log's beginning. `kept`: bytes that the engine keeps of
    it; None: all. `in_all`: those that the container has written by now, at most, with what we have
    not seen yet; None: nobody knows.
    """
    whole = kept is None or (in_all is not None and in_all * MOST_OF_A_BYTE <= kept)
    return whole and written.size <= COUNTED


def dropped(kept: int | None, held: int, in_all: int | None) -> bool:
    """Whether a log has lost some of its beginning, of a container of which we have written nothing,
    so that there is nothing to look for. `held`: bytes that it has.

    What is in no log and yet counted may be the shim's own; a log that drops drops a lot.
    """
    return bool(kept) and in_all is not None and in_all - held > SHIMS_OWN


def missing_most(written: Written, in_all: int | None) -> int | None:
    """Bytes that are missing at most, of both streams; None: nobody knows. `in_all`: those that the
    container has written by when the stream that goes on was opened, at most. So what that stream
    brings of before is in it: an engine may drop that, too, until it is read.
    """
    return None if in_all is None else max(0, in_all - written.size)


class Seam:
    """One stream, in which a tail is looked for."""

    def __init__(self, tail: bytes) -> None:
        self._tail = tail
        self._held = b""
        self.passed = 0  # bytes

    def feed(self, data: bytes) -> bytes | None:
        """What is behind the tail; None: it was not there yet."""
        self.passed += len(data)
        text = self._held + data
        at = text.find(self._tail)
        if at >= 0:
            return text[at + len(self._tail):]
        self._held = text[-(len(self._tail) - 1):] if len(self._tail) > 1 else b""
        return None


def holds(stream: OutputStream, tails: Mapping[int, bytes]) -> bool:
    """Whether all of them are in a stream that ends. Reads it to the end, at most, and closes it."""
    missing = {each: Seam(tail) for each, tail in tails.items()}
    with contextlib.closing(stream):
        for descriptor, data in _pieces(stream):
            if descriptor in missing and missing[descriptor].feed(data) is not None:
                del missing[descriptor]
            if not missing:
                break
    return not missing


def held(stream: OutputStream) -> int:
    """How many bytes there are in a stream that ends. Reads it to the end, and closes it."""
    with contextlib.closing(stream):
        return sum(len(data) for _, data in _pieces(stream))


def _pieces(stream: OutputStream) -> Iterator[tuple[int, bytes]]:
    """Asks once more after the last piece: the end of a stream on a connection that stays open makes
    nothing readable.
    """
    poll = select.poll()
    poll.register(stream.fileno(), select.POLLIN)
    while (pieces := stream.read()) is not None:
        yield from pieces
        if not pieces and not poll.poll(PATIENCE * 1000):
            return
