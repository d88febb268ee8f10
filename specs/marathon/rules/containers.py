"""What containers, networks and ports may be, and how they may go together.

As Marathon: api/v2/validation/AppValidation.scala, `validContainer`, NetworkValidation.scala,
state/LinuxInfo.scala.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from specs.marathon.app import App
from specs.marathon.container import AppNetwork, AppPortMapping, Container, ContainerType, LinuxSettings, NetworkMode
from specs.marathon.errors import Problems
from specs.marathon.rules.config import SECRETS, Config
from specs.marathon.rules.words import EMPTY, NOT_DEFINED, feature, repeats

_PORT_NAMES = "Port names must be unique."


def check_container(app: App, config: Config, problems: Problems) -> None:
    """Type, image, port mappings and Linux settings."""
    container = app.container
    if container is None:
        return
    if container.type is ContainerType.DOCKER:
        problems.unless(container.docker is not None, "/container/docker", NOT_DEFINED)
        problems.unless(container.linux_info is None, "/container/linuxInfo", EMPTY)
    for words in _pull_config_problems(app, container, config):
        problems.add("/container/docker/pullConfig", words)
    _check_mappings(container.port_mappings or (), app.networks, problems)
    if container.type is ContainerType.MESOS and container.linux_info is not None:
        for step, words in _linux_problems(container.linux_info):
            problems.add(f"/container/linuxInfo/{step}", words)


def _pull_config_problems(app: App, container: Container, config: Config) -> Iterator[str]:
    secret = container.docker.pull_config_secret if container.docker is not None else None
    if secret is None:
        return
    if container.type is ContainerType.DOCKER:
        yield "pullConfig is not supported with Docker containerizer"
        return
    words = feature(SECRETS, config)
    if words is not None:
        yield EMPTY
        yield words
    if secret not in app.secrets:
        yield "pullConfig.secret must refer to an existing secret"


def _check_mappings(mappings: Sequence[AppPortMapping], networks: Sequence[AppNetwork],
                    problems: Problems) -> None:
    path = "/container/portMappings"
    if repeats(mapping.name for mapping in mappings if mapping.name is not None):
        problems.add(path, _PORT_NAMES)
    several = sum(network.mode is NetworkMode.CONTAINER for network in networks) > 1
    names = [network.name for network in networks if network.name is not None]
    for index, mapping in enumerate(mappings):
        if several and mapping.host_port is not None and len(mapping.network_names) != 1:
            problems.add(f"{path}({index})",
                         "networkNames must be a single item list when hostPort is specified and "
                                               "more than 1 container network is defined")
        for place, name in enumerate(mapping.network_names):
            if name not in names:
                problems.add(f"{path}({index})/networkNames({place})",
                             f"is not one of ({','.join(names)})")


def _linux_problems(linux: LinuxSettings) -> Iterator[tuple[str, str]]:
    seccomp, ipc = linux.seccomp, linux.ipc_info
    if seccomp is not None and seccomp.unconfined and seccomp.profile_name is not None:
        yield "seccomp", "Seccomp unconfined can NOT be true when Profile is defined"
    if seccomp is not None and not seccomp.unconfined and seccomp.profile_name is None:
        yield "seccomp", "Seccomp unconfined must be true when Profile is NOT defined"
    if ipc is not None and ipc.mode == "SHARE_PARENT" and ipc.shm_size is not None:
        yield "ipcInfo", "ipcInfo shmSize can NOT be set when mode is SHARE_PARENT"


def check_networks(app: App, problems: Problems) -> None:
    """The networks, and whether the ports are of their kind."""
    networks = app.networks
    for words in _network_problems(networks):
        problems.add("/networks", words)
    if any(network.mode is NetworkMode.CONTAINER and network.name is None for network in networks):
        problems.add("/networks",
                     "Network name must be specified when container network is selected.")
    definitions = app.port_definitions or ()
    if repeats(definition.name for definition in definitions if definition.name is not None):
        problems.add("/portDefinitions", _PORT_NAMES)
    if repeats(definition.port for definition in definitions if definition.port):
        problems.add("/portDefinitions", "Ports must be unique.")
    if app.is_docker and sum(network.mode is NetworkMode.CONTAINER for network in networks) > 1:
        problems.add("/",
                     "may only specify a single container network when using the Docker container engine")


def _network_problems(networks: Sequence[AppNetwork]) -> Iterator[str]:
    by_mode = {mode: [network for network in networks if network.mode is mode]
               for mode in NetworkMode}
    host, bridge = by_mode[NetworkMode.HOST], by_mode[NetworkMode.BRIDGE]
    container = by_mode[NetworkMode.CONTAINER]
    if any(network.name is not None or network.labels for network in host):
        yield "Host networks may not have names or labels"
    if any(network.name is not None for network in bridge):
        yield "Bridge networks may not have names"
    names = [network.name for network in networks if network.name is not None]
    if repeats(names) or sum(network.name is None for network in container) > 1:
        yield "Duplicate networks are not allowed"
    kinds = sum(bool(each) for each in by_mode.values())
    if kinds > 1 or len(host) > 1 or len(bridge) > 1:
        yield "May specify a single host network, single bridge network, or else 1-to-n container networks"
