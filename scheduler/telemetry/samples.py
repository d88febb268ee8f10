"""What each instance has used: the newest samples, bounded for each and in all.

A ring is one immutable piece of bytes that is replaced as a whole, so the loop writes and the API
reads without a lock; 120 samples take 2 KB.
"""
from __future__ import annotations

import struct
from typing import Final, NamedTuple

KEPT: Final = 120  # samples of an instance: half an hour of them, one every 15 s
MOST: Final = 20_000  # instances
STALE: Final = 3600.0  # seconds after which those of an instance are dropped

_FORM: Final = struct.Struct("<IfQ")  # seconds since 1970, cores, bytes


class UsageSample(NamedTuple):
    """At one time; `at`: seconds since 1970."""

    at: int
    cores: float
    memory: int  # bytes


class Samples:
    """`add` and `sweep` are the loop's, `of` and `last` anybody's."""

    def __init__(self) -> None:
        self._rings: dict[str, bytes] = {}  # by instance, the one that was added to last at the end

    def add(self, instance_id: str, sample: UsageSample) -> None:
        """The newest one; the least recent instance makes room."""
        ring = self._rings.pop(instance_id, b"")
        if len(self._rings) >= MOST:
            del self._rings[next(iter(self._rings))]
        packed = _FORM.pack(sample.at & 0xFFFFFFFF, sample.cores, sample.memory)
        self._rings[instance_id] = (ring + packed)[-KEPT * _FORM.size:]

    def of(self, instance_id: str) -> list[UsageSample]:
        """The oldest first."""
        ring = self._rings.get(instance_id, b"")
        return [UsageSample(*each) for each in _FORM.iter_unpack(ring)]

    def last(self, instance_id: str) -> UsageSample | None:
        """The newest."""
        ring = self._rings.get(instance_id)
        return None if ring is None else UsageSample(*_FORM.unpack(ring[-_FORM.size:]))

    def sweep(self, now: float) -> None:
        """Drop those of instances that nobody has reported for STALE."""
        while self._rings:
            oldest = next(iter(self._rings))
            newest = self.last(oldest)
            if newest is not None and newest.at > now - STALE:
                return
            del self._rings[oldest]
