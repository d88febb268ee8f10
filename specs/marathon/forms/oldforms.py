"""Forms that apps had before Marathon 1.5, rewritten into today's.

    ports                        portDefinitions
    uris                         fetch; extracted if the name says so
    docker.network, ipAddress    networks
    docker.portMappings,         container.portMappings
    ipAddress.discovery.ports

What cannot be rewritten has been refused by the rules of old forms before (`rules.oldforms`).
As Marathon: api/v2/AppNormalization.scala, `forDeprecated` and `forDeprecatedUpdates`.
"""
from __future__ import annotations

from dataclasses import replace

from specs.marathon.app import Fetch, PortDefinition
from specs.marathon.checks import AppHealthCheck, Protocol
from specs.marathon.container import AppNetwork, ContainerType, NetworkMode
from specs.marathon.forms.draft import Draft, SaidAddress, SaidContainer
from specs.marathon.forms.uris import file_path, is_uri

_ARCHIVES = (".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".gz", ".tgz", ".tbz2", ".txz", ".zip")


def rewritten(said: Draft, bridge_name: str) -> Draft:
    """The same in today's forms. `bridge_name`: the name under which old apps asked for the bridge.
    """
    definitions = said.port_definitions
    if definitions is None and said.ports is not None:
        definitions = tuple(PortDefinition(port) for port in said.ports)
    return replace(said, fetch=_fetch(said), networks=_networks(said, bridge_name),
                   container=_container(said),
                   port_definitions=definitions, ports=None, uris=None, ip_address=None)


def with_port_index(check: AppHealthCheck) -> AppHealthCheck:
    """A check that says no port is of the first one, as when `portIndex` had a default."""
    if check.protocol is Protocol.COMMAND or check.port is not None or check.port_index is not None:
        return check
    return replace(check, port_index=0)


def _fetch(said: Draft) -> tuple[Fetch, ...] | None:
    if not said.uris or said.fetch:
        return said.fetch
    return tuple(Fetch(uri, extract=is_uri(uri) and file_path(uri).endswith(_ARCHIVES))
                 for uri in said.uris)


def _networks(said: Draft, bridge_name: str) -> tuple[AppNetwork, ...] | None:
    docker = said.container.docker if said.container is not None else None
    network, address = docker.network if docker is not None else None, said.ip_address
    if network is None and address is None:
        return said.networks
    asked = address or SaidAddress()
    labels = asked.labels or {}
    if network == "HOST":
        return (AppNetwork(NetworkMode.HOST),)
    if network == "BRIDGE" or (network is None and asked.network_name == bridge_name):
        return (AppNetwork(NetworkMode.BRIDGE, labels=labels),)
    return (AppNetwork(NetworkMode.CONTAINER, asked.network_name, labels),)


def _container(said: Draft) -> SaidContainer | None:
    container, address = said.container, said.ip_address
    if container is None:
        return None if address is None else _discovered(SaidContainer(ContainerType.MESOS), address)
    docker = container.docker
    if docker is not None:
        mappings = container.port_mappings if container.port_mappings is not None else docker.port_mappings
        container = replace(container, port_mappings=mappings,
                            docker=replace(docker, network=None, port_mappings=None))
    return container if address is None else _discovered(container, address)


def _discovered(container: SaidContainer, address: SaidAddress) -> SaidContainer:
    """With the ports that are announced at the app's own address; the old form could not map them
    to the agent's."""
    return replace(container, port_mappings=address.discovery) if address.discovery else container
