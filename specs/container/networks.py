"""Which networks a container joins. As Mesos: docker.cpp; beyond Mesos: several of them, and fixed
addresses.

Mesos takes one network and ignores NetworkInfo.ip_addresses. Here each entry of `network_infos` is
a network to join, in that order, and an address in it is asked of the engine. Networks that the node
attaches containers to by CNI are not the engine's: who joins no other is made without one.
"""
from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final

from specs.container.run_options import Network
from specs.errors import SpecError
from specs.messages.containerinfo import ContainerInfo, DockerInfo, NetworkInfo
from specs.network.dns import DNS, ContainerDNSInfo

_MODES: Final = {"HOST": "host", "BRIDGE": "bridge", "NONE": "none"}


@dataclass(frozen=True, slots=True)
class Networks:
    """The first network, and all of them with their addresses where that says more than the name of
    the first.
    """

    first: str
    all: tuple[Network, ...] = ()


def networks(container: ContainerInfo, docker: DockerInfo, *, only_mesos: bool,
             cni: frozenset[str] = frozenset()) -> Networks:
    """From DockerInfo.network and network_infos. Raises SpecError with Mesos's texts."""
    mode = docker.network or "HOST"
    if mode in _MODES:
        return Networks(_MODES[mode])
    if mode != "USER":
        raise SpecError("container.docker.network", f"Unsupported Network mode: {mode}")
    infos, path = container.network_infos, "container.network_infos"
    if not infos:
        raise SpecError(path, "No network info found in container info")
    if only_mesos and len(infos) > 1:
        raise SpecError(path, "Only a single network can be defined in Docker run")
    for index, info in enumerate(infos):
        if info.name is None:
            raise SpecError(f"{path}[{index}].name", "No network name found in network info")
    if only_mesos:
        return Networks("none" if infos[0].name in cni else infos[0].name or "")
    wanted = tuple(network for network in _distinct(infos, path) if network.name not in cni)
    if not wanted:
        return Networks("none")
    first = wanted[0].name
    plain = len(wanted) == 1 and wanted[0].ipv4 is None and wanted[0].ipv6 is None
    return Networks(first) if plain else Networks(first, wanted)


def cni_networks(container: ContainerInfo, known: frozenset[str]) -> tuple[str, ...]:
    """Those of the `known` that the container is to be attached to, whatever network of the engine's
    it has besides; each has the interface eth1, eth2, … by its place here, and an empty text holds
    the place of one that is another's.

    Raises SpecError where it would be the node that is attached, or an address is asked for."""
    mode = (container.docker.network if container.docker is not None else None) or "HOST"
    for index, info in enumerate(container.network_infos):
        path = f"container.network_infos[{index}]"
        if info.name in known and mode == "HOST":
            raise SpecError(f"{path}.name",
                            f"A container on the node's own network cannot join the CNI network '{info.name}'")
        for position, address in enumerate(info.ip_addresses if info.name in known else ()):
            if address.ip_address is not None:
                raise SpecError(f"{path}.ip_addresses[{position}].ip_address",
                                f"The plugins of the CNI network '{info.name}' choose the address")
    return _by_interface([info.name for info in container.network_infos if info.name], known, mode)


def _by_interface(named: list[str], known: frozenset[str], mode: str) -> tuple[str, ...]:
    """By their places among all that have a name, as Clusterd: docker/executor.cpp, `commandCNI`;
    behind eth0, eth1, … of those that the engine attaches the container to."""
    wanted = [name if name in known and name not in named[:place] else ""
              for place, name in enumerate(named)]
    if not any(wanted):
        return ()
    engines = sum(name not in known for name in named) if mode == "USER" else 1
    first, last = (wanted.index(name) for name in (next(filter(None, wanted)),
                                                   next(filter(None, reversed(wanted)))))
    return ("",) * (engines - 1 - first) + tuple(wanted[:last + 1])


def _distinct(infos: tuple[NetworkInfo, ...], path: str) -> tuple[Network, ...]:
    wanted = tuple(_network(info, f"{path}[{index}]") for index, info in enumerate(infos))
    for index, network in enumerate(wanted):
        if any(network.name == other.name for other in wanted[:index]):
            raise SpecError(f"{path}[{index}].name", f"The network '{network.name}' is named twice")
        if len(wanted) > 1 and network.name in {"host", "none"}:
            raise SpecError(f"{path}[{index}].name",
                            f"The network '{network.name}' cannot be joined with others")
    return wanted


def _network(info: NetworkInfo, path: str) -> Network:
    found: dict[int, str] = {}
    for index, entry in enumerate(info.ip_addresses):
        if entry.ip_address is None:
            continue  # "any address of this family" is what the engine gives by itself
        where = f"{path}.ip_addresses[{index}].ip_address"
        try:
            address = ipaddress.ip_address(entry.ip_address)
        except ValueError:
            raise SpecError(where, f"'{entry.ip_address}' is not an IP address") from None
        if address.version in found:
            raise SpecError(where,
                            "A container can have one IPv4 and one IPv6 address on a network")
        found[address.version] = entry.ip_address
    return Network(info.name or "", ipv4=found.get(4), ipv6=found.get(6))


def dns_for(info: ContainerDNSInfo, mode: str | None, network: str) -> DNS:
    """What applies to a task with this DockerInfo.network on this network; nothing to tasks on host
    or none.
    """
    if mode == "BRIDGE":
        return next((entry.dns for entry in reversed(info.docker)
                     if entry.network_mode == "BRIDGE"), DNS())
    if mode != "USER":
        return DNS()
    named = [entry for entry in info.docker if entry.network_mode == "USER"]
    by_name = {entry.network_name: entry.dns for entry in named}  # of several for one name the last counts
    return by_name.get(network, by_name.get(None, DNS()))
