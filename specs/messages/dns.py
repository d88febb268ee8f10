"""The DNS settings that an agent gives to containers whose task names none: mesos.v1.ContainerDNSInfo."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from specs.forms.codec import read
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
    """Settings for the bridge, for one user-defined network, or (USER without a name) for all others of those."""

    network_mode: Annotated[str, OneOf("UNKNOWN", "HOST", "BRIDGE", "USER")] | None = None
    network_name: str | None = None
    dns: DNS = field(default_factory=DNS)


@dataclass(frozen=True, slots=True)
class MesosDNS:
    """Settings for a CNI network; the Mesos containerizer's."""

    network_mode: Annotated[str, OneOf("UNKNOWN", "HOST", "CNI")] | None = None
    network_name: str | None = None
    dns: DNS = field(default_factory=DNS)


@dataclass(frozen=True, slots=True)
class ContainerDNSInfo:
    """What `--default_container_dns` holds."""

    mesos: tuple[MesosDNS, ...] = ()
    docker: tuple[DockerDNS, ...] = ()


def container_dns(value: Mapping[str, Any]) -> ContainerDNSInfo:
    """From the JSON form. Raises SpecError with the path."""
    return read(ContainerDNSInfo, value, strict=False)


def dns_for(info: ContainerDNSInfo, mode: str | None, network: str) -> DNS:
    """What applies to a task with this DockerInfo.network on this network; nothing to tasks on host or none."""
    if mode == "BRIDGE":
        return next((entry.dns for entry in reversed(info.docker) if entry.network_mode == "BRIDGE"), DNS())
    if mode != "USER":
        return DNS()
    named = [entry for entry in info.docker if entry.network_mode == "USER"]
    by_name = {entry.network_name: entry.dns for entry in named}  # of several for one name the last counts
    return by_name.get(network, by_name.get(None, DNS()))
