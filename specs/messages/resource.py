"""One resource of an agent, or one attribute: the messages. Their arithmetic is in
`specs/resources/sums.py`.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from specs.messages.containerinfo import Volume
from specs.messages.fields import Id, OneOf, Scalar, UInt64, Wrapped
from specs.messages.values import Labels

ValueType = Annotated[str, OneOf("SCALAR", "RANGES", "SET", "TEXT")]


@dataclass(frozen=True, slots=True)
class Range:
    """Integers from begin to end, both included."""

    begin: UInt64
    end: UInt64


Ranges = Annotated[tuple[Range, ...], Wrapped("range")]  # Value.Ranges; None is absent, () is there and empty
Items = Annotated[tuple[str, ...], Wrapped("item")]  # Value.Set


@dataclass(frozen=True, slots=True)
class Attribute:
    """A fact about an agent; the value is in the field that `type` names."""

    name: str
    type: ValueType
    scalar: Scalar | None = None
    ranges: Ranges | None = None
    set: Items | None = None
    text: Annotated[str, Wrapped("value")] | None = None


@dataclass(frozen=True, slots=True)
class AllocationInfo:
    """To which role a resource is offered or allocated."""

    role: str | None = None


@dataclass(frozen=True, slots=True)
class ReservationInfo:
    """For which role a resource is kept; the stack in Resource.reservations refines from first to
    last.
    """

    type: Annotated[str, OneOf("UNKNOWN", "STATIC", "DYNAMIC")] | None = None
    role: str | None = None
    principal: str | None = None
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class Persistence:
    """What makes a disk resource a persistent volume."""

    id: str
    principal: str | None = None


@dataclass(frozen=True, slots=True)
class DiskPath:
    """DiskInfo.Source.Path and .Mount."""

    root: str | None = None


@dataclass(frozen=True, slots=True)
class DiskSource:
    """Where a disk resource comes from, if not from the agent's work directory."""

    type: Annotated[str, OneOf("UNKNOWN", "PATH", "MOUNT", "BLOCK", "RAW")]
    path: DiskPath | None = None
    mount: DiskPath | None = None
    vendor: str | None = None
    id: str | None = None
    metadata: Labels = ()
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class DiskInfo:
    """What is special about a disk resource."""

    persistence: Persistence | None = None
    volume: Volume | None = None
    source: DiskSource | None = None


@dataclass(frozen=True, slots=True)
class RevocableInfo:
    """Its presence says: may be taken back at any time."""


@dataclass(frozen=True, slots=True)
class SharedInfo:
    """Its presence says: several tasks may use it at once."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A share of an agent: cpus, mem (MB), disk (MB), gpus, ports, or what else an agent names."""

    name: str
    type: ValueType
    scalar: Scalar | None = None
    ranges: Ranges | None = None
    set: Items | None = None
    role: str | None = None  # the old place of a static reservation; Mesos: "*"
    provider_id: Id | None = None
    allocation_info: AllocationInfo | None = None
    reservation: ReservationInfo | None = None  # the old place of a dynamic reservation
    reservations: tuple[ReservationInfo, ...] = ()
    disk: DiskInfo | None = None
    revocable: RevocableInfo | None = None
    shared: SharedInfo | None = None
