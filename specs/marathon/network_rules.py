"""Rules about an app's networks, container and ports. As Marathon: api/validation/NetworkValidation.scala."""
from __future__ import annotations

from collections.abc import Iterable

from specs.marathon.app import App
from specs.marathon.container import Container, ContainerType, NetworkMode
from specs.marathon.errors import Problems

NO_NAME = "Network name must be specified when container network is selected."
MIXED = "May specify a single host network, single bridge network, or else 1-to-n container networks"


def judge_networks(app: App, problems: Problems) -> None:
    """Adds what is wrong."""
    _judge_modes(app, problems)
    if app.container is not None:
        _judge_container(app.container, problems)
        _judge_mappings(app, app.container, problems)
    definitions = app.port_definitions or ()
    if _doubled(each.name for each in definitions if each.name is not None):
        problems.add("/portDefinitions", "Port names must be unique.")
    if _doubled(each.port for each in definitions if each.port):
        problems.add("/portDefinitions", "Ports must be unique.")


def _judge_modes(app: App, problems: Problems) -> None:
    modes = [network.mode for network in app.networks]
    if not (set(modes) == {NetworkMode.CONTAINER} or len(modes) == 1):
        problems.add("/networks", MIXED)
    for network in app.networks:
        if network.mode is NetworkMode.HOST and (network.name is not None or network.labels):
            problems.add("/networks", "Host networks may not have names or labels")
        if network.mode is NetworkMode.BRIDGE and network.name is not None:
            problems.add("/networks", "Bridge networks may not have names")
        if network.mode is NetworkMode.CONTAINER and network.name is None:
            problems.add("/networks", NO_NAME)
    names = [network.name for network in app.networks if network.name is not None]
    if _doubled(names):
        problems.add("/networks", "Duplicate networks are not allowed")
    if app.is_docker and len(modes) > 1:
        problems.add("/networks", "may only specify a single container network when using the Docker containerizer")


def _judge_container(container: Container, problems: Problems) -> None:
    if container.type is ContainerType.DOCKER and container.docker is None:
        problems.add("/container/docker", "not defined")
    if container.type is ContainerType.MESOS and container.docker is not None and container.docker.parameters:
        problems.add("/container/docker/parameters", "must be empty")


def _judge_mappings(app: App, container: Container, problems: Problems) -> None:
    mappings = container.port_mappings or ()
    if _doubled(each.name for each in mappings if each.name is not None):
        problems.add("/container/portMappings", "Port names must be unique.")
    names = [network.name for network in app.networks if network.name is not None]
    for index, mapping in enumerate(mappings):
        path = f"/container/portMappings({index})"
        for position, name in enumerate(mapping.network_names):
            if name not in names:
                problems.add(f"{path}/networkNames({position})", f"is not one of ({','.join(names)})")
        if len(names) > 1 and mapping.host_port is not None and len(mapping.network_names) != 1:
            problems.add(path, "networkNames must be a single item list when hostPort is specified and more than "
                               "1 container network is defined")


def _doubled(values: Iterable[object]) -> bool:
    found = list(values)
    return len(found) != len(set(found))
