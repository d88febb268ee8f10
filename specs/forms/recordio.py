"""RecordIO, the framing of Mesos's event streams: a decimal length, a newline, that many bytes;
again and again.

The decoder copies each byte a constant number of times, however small the pieces are in which they
arrive and however large the record is: an OFFERS event of a big cluster has tens of megabytes. As
Mesos: recordio.hpp; a record of length 0 is an error there as here.
"""
from __future__ import annotations

from typing import Final

_MAX_DIGITS: Final = 20  # a length that needs more is not a length: the stream is not RecordIO


class RecordError(ValueError):
    """What arrived is not RecordIO; nothing behind it can be trusted, so the connection has to be
    made anew.
    """


def encode_record(record: bytes) -> bytes:
    """One record as it travels."""
    return b"%d\n%s" % (len(record), record)


class RecordDecoder:
    """Takes the stream in pieces, gives whole records."""

    def __init__(self, max_record: int = 1 << 30) -> None:
        """`max_record`: bytes; a length beyond it is an error, so that garbage cannot fill the
        memory.
        """
        self._max_record = max_record
        self._buffer = bytearray()
        self._length: int | None = None  # of the record whose bytes are arriving; None while its length is

    def feed(self, piece: bytes) -> list[bytes]:
        """The records that became complete with this piece, in order; raises RecordError."""
        self._buffer += piece
        records: list[bytes] = []
        while True:
            if self._length is None:
                self._length = self._take_length()
            if self._length is None or len(self._buffer) < self._length:
                return records
            with memoryview(self._buffer) as view:
                records.append(bytes(view[:self._length]))
            del self._buffer[:self._length]  # bytearray moves its start: no copy of what follows
            self._length = None

    def _take_length(self) -> int | None:
        end = self._buffer.find(b"\n", 0, _MAX_DIGITS + 1)
        if end < 0:
            if len(self._buffer) > _MAX_DIGITS:
                raise RecordError(f"no record length in {bytes(self._buffer[:_MAX_DIGITS])!r}")
            return None
        digits = bytes(self._buffer[:end])
        if not digits.isdigit() or not 0 < int(digits) <= self._max_record:
            raise RecordError(f"not a record length: {digits!r}")
        del self._buffer[:end + 1]
        return int(digits)
