"""The DNS settings that an agent gives to containers whose task names none:
mesos.v1.ContainerDNSInfo.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from specs.messages.fields import OneOf


@dataclass(frozen=True, slots=True)
class DNS:
    """One set of settings, in resolv.conf's terms."""

    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    domain: str | None = None  # only for CNI networks
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DockerDNS:
    """Settings for the bridge, for one user-defined network, or (USER without a name) for all
    others of those.
    """

    dns: DNS
    network_mode: Annotated[str, OneOf("UNKNOWN", "HOST", "BRIDGE", "USER")] | None = None
    network_name: str | None = None


@dataclass(frozen=True, slots=True)
class MesosDNS:
    """Settings for a CNI network; the Mesos containerizer's."""

    dns: DNS
    network_mode: Annotated[str, OneOf("UNKNOWN", "HOST", "CNI")] | None = None
    network_name: str | None = None


@dataclass(frozen=True, slots=True)
class ContainerDNSInfo:
    """What `--default_container_dns` holds."""

    mesos: tuple[MesosDNS, ...] = ()
    docker: tuple[DockerDNS, ...] = ()
