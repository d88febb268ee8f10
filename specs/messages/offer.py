"""What the master offers and who takes part: mesos.v1.Offer, FrameworkInfo, AgentInfo, MasterInfo
and their parts.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from specs.messages.fields import Id, Int32, Nanoseconds, OneOf, Scalar, UInt32, Wrapped
from specs.messages.resource import AllocationInfo, Attribute, Resource
from specs.messages.values import Labels, Parameter

CapabilityType = Annotated[str, OneOf(
    "UNKNOWN", "REVOCABLE_RESOURCES", "TASK_KILLING_STATE", "GPU_RESOURCES", "SHARED_RESOURCES",
    "PARTITION_AWARE", "MULTI_ROLE", "RESERVATION_REFINEMENT", "REGION_AWARE")]


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port; of hostname and ip at least one is there."""

    port: Int32
    hostname: str | None = None
    ip: str | None = None


@dataclass(frozen=True, slots=True)
class URL:
    """Where an agent's HTTP API is."""

    scheme: str
    address: Address
    path: str | None = None
    query: tuple[Parameter, ...] = ()
    fragment: str | None = None


@dataclass(frozen=True, slots=True)
class Unavailability:
    """Planned maintenance: from when (nanoseconds since the epoch), and how long if that is known.
    """

    start: Nanoseconds
    duration: Nanoseconds | None = None


Named = Annotated[str, Wrapped("name")]  # RegionInfo, ZoneInfo


@dataclass(frozen=True, slots=True)
class FaultDomain:
    """A region and a zone in it."""

    region: Named
    zone: Named


@dataclass(frozen=True, slots=True)
class DomainInfo:
    """Where a master or an agent stands."""

    fault_domain: FaultDomain | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """Resources of one agent for one role, to be taken or declined."""

    id: Id
    framework_id: Id
    agent_id: Id
    hostname: str
    url: URL | None = None
    domain: DomainInfo | None = None
    resources: tuple[Resource, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    executor_ids: tuple[Id, ...] = ()
    unavailability: Unavailability | None = None
    allocation_info: AllocationInfo | None = None


@dataclass(frozen=True, slots=True)
class InverseOffer:
    """Resources that the master asks back, because of maintenance."""

    id: Id
    framework_id: Id
    unavailability: Unavailability
    url: URL | None = None
    agent_id: Id | None = None
    resources: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True)
class Filters:
    """For how many seconds declined resources need not be offered again."""

    refuse_seconds: float | None = None  # Mesos: 5


@dataclass(frozen=True, slots=True)
class FrameworkCapability:
    """FrameworkInfo.Capability."""

    type: CapabilityType | None = None


@dataclass(frozen=True, slots=True)
class ResourceQuantities:
    """Scalar amounts by resource name."""

    quantities: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MinAllocatableResources:
    """An offer must hold at least one of these."""

    quantities: tuple[ResourceQuantities, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferFilters:
    """Which offers of a role a framework wants to see."""

    min_allocatable_resources: MinAllocatableResources | None = None


@dataclass(frozen=True, slots=True)
class FrameworkInfo:
    """Who a scheduler is."""

    user: str
    name: str
    id: Id | None = None
    failover_timeout: float | None = None  # seconds; Mesos: 0
    checkpoint: bool | None = None  # Mesos: false
    role: str | None = None  # before MULTI_ROLE; Mesos: "*"
    roles: tuple[str, ...] = ()
    hostname: str | None = None
    principal: str | None = None
    webui_url: str | None = None
    capabilities: tuple[FrameworkCapability, ...] = ()
    labels: Labels = ()
    offer_filters: Mapping[str, OfferFilters] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentInfo:
    """What an agent is."""

    hostname: str
    port: Int32 | None = None  # Mesos: 5051
    resources: tuple[Resource, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    id: Id | None = None
    domain: DomainInfo | None = None


@dataclass(frozen=True, slots=True)
class MasterCapability:
    """MasterInfo.Capability."""

    type: Annotated[str, OneOf("UNKNOWN", "AGENT_UPDATE", "AGENT_DRAINING",
                               "QUOTA_V2")] | None = None


@dataclass(frozen=True, slots=True)
class MasterInfo:
    """The leading master. `ip` is an IPv4 address as a number in network byte order; `address` says
    it in words.
    """

    id: str
    ip: UInt32
    port: UInt32
    pid: str | None = None
    hostname: str | None = None
    version: str | None = None
    address: Address | None = None
    domain: DomainInfo | None = None
    capabilities: tuple[MasterCapability, ...] = ()
