"""The DNS settings that an agent gives to containers whose task names none:
mesos.v1.ContainerDNSInfo. Apart from the task's messages, as an executor reads it at its start.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from specs.forms import codec
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


def container_dns(value: Mapping[str, Any]) -> ContainerDNSInfo:
    """From the JSON form. Raises SpecError with the path."""
    return codec.read(ContainerDNSInfo, value, strict=False)
