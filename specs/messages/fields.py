"""What a type annotation of a message's field cannot say by itself; `specs/forms/codec.py` reads
it.

The dataclasses flatten what a wrapper message adds nothing to: a TaskID is a str here and
`{"value": …}` in JSON. The markers stand in `Annotated`, so that for the type checker and for the
reader of a class an id is just a str.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True, slots=True)
class Wrapped:
    """In JSON the value stands alone in an object, under this key."""

    key: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """A mesos.v1 enum: these are the names that it has today, UNKNOWN included."""

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)


@dataclass(frozen=True, slots=True)
class Between:
    """The integers that the wire type can carry."""

    low: int
    high: int


Int32 = Annotated[int, Between(-(1 << 31), (1 << 31) - 1)]
UInt32 = Annotated[int, Between(0, (1 << 32) - 1)]
Int64 = Annotated[int, Between(-(1 << 63), (1 << 63) - 1)]
UInt64 = Annotated[int, Between(0, (1 << 64) - 1)]

Id = Annotated[str, Wrapped("value")]  # TaskID, AgentID …
Nanoseconds = Annotated[Int64, Wrapped("nanoseconds")]  # DurationInfo, TimeInfo
Scalar = Annotated[float, Wrapped("value")]  # Value.Scalar
