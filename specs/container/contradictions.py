"""What a task says twice, or says where it cannot hold: fields that would be dropped because of
another's value.

Mesos lets the stronger one win and drops the other in silence; here that is an error with the path
of what would be dropped. `specs/container/fields.py` has what is refused whatever else the task
says.
"""
from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from specs.errors import SpecError
from specs.messages.check import PARTS
from specs.messages.containerinfo import ContainerInfo, NetworkInfo
from specs.messages.task import TaskInfo

MOUNTED_AGAIN: Final = (
    "is in a sandbox that other tasks write to, and the parameter restart would have "
                        "the engine mount it again whatever they have put there")

Contradiction = tuple[str, str]  # path, problem

_SOURCES: Final = {"DOCKER_VOLUME": "docker_volume", "HOST_PATH": "host_path",
                   "SANDBOX_PATH": "sandbox_path", "SECRET": "secret", "CSI_VOLUME": "csi_volume"}
_SECRETS: Final = {"REFERENCE": "reference", "VALUE": "value"}
_NETWORKS: Final = frozenset({"net", "network"})
_PORTS: Final = frozenset({"publish", "publish-all"})


def refuse_contradictions(task: TaskInfo, cni: Collection[str] = ()) -> None:
    """Of a task in the form that `docker_task` gives. Raises SpecError for the first. `cni`: names of
    networks that the node attaches containers to, whatever docker.network is."""
    for path, problem in _contradictions(task, cni):
        raise SpecError(path, problem)


def _contradictions(task: TaskInfo, cni: Collection[str]) -> Iterator[Contradiction]:
    command = task.command
    if command is not None and command.arguments and command.shell is not False:
        yield "command.arguments", "are for a command without a shell: set shell to false"
    if command is not None and task.data and task.executor is None:
        yield "data", "must not be set together with command: our executor gets the command in it"
    for name, check in (("health_check", task.health_check), ("check", task.check)):
        if check is not None:
            yield from _others(check, check.type, PARTS, name)
    if task.container is not None:
        yield from _of_container(task.container, cni)


def _of_container(container: ContainerInfo, cni: Collection[str]) -> Iterator[Contradiction]:
    again = _starts_again(container)
    for index, volume in enumerate(container.volumes):
        path, source = f"container.volumes[{index}].source", volume.source
        if source is None:
            continue
        yield from _others(source, source.type, _SOURCES, path)
        if source.secret is not None:
            yield from _others(source.secret, source.secret.type, _SECRETS, f"{path}.secret")
        shared = source.sandbox_path if source.type == "SANDBOX_PATH" else None
        if again and shared is not None and shared.type == "PARENT":
            yield f"{path}.sandbox_path", MOUNTED_AGAIN
        propagation = source.host_path.mount_propagation if source.host_path is not None else None
        if propagation is not None and propagation.mode not in {"HOST_TO_CONTAINER",
                                                                "BIDIRECTIONAL"}:
            yield f"{path}.host_path.mount_propagation.mode", "Unsupported mount propagation mode"
    yield from _of_networks(container, cni)
    yield from _of_parameters(container)


def _starts_again(container: ContainerInfo) -> bool:
    """Whether a restart policy lets the engine start it again by itself."""
    said = [each.value for each in (container.docker.parameters if container.docker is not None
                                    else ())
            if each.key == "restart"]
    return bool(said) and said[-1] not in {"", "no"}


def _others(message: Any, kind: str | None, parts: Mapping[str, str],
            path: str) -> Iterator[Contradiction]:
    """Members of a union that are set beside the one that its type names."""
    if kind not in parts:
        return
    for other, part in parts.items():
        if other != kind and getattr(message, part, None) is not None:
            yield f"{path}.{part}", f"is for the type {other}, and the type is {kind}"


def _of_networks(container: ContainerInfo, cni: Collection[str]) -> Iterator[Contradiction]:
    mode = (container.docker.network if container.docker is not None else None) or "HOST"
    for index, info in enumerate(container.network_infos):
        path = f"container.network_infos[{index}]"
        if mode != "USER" and info.name is not None and info.name not in cni:
            yield f"{path}.name", f"is for docker.network USER, and it is {mode}"
        for position, address in enumerate(info.ip_addresses):
            where = f"{path}.ip_addresses[{position}]"
            if mode != "USER" and address.ip_address is not None:
                yield f"{where}.ip_address", f"is for docker.network USER, and it is {mode}"
            if address.protocol is not None and _version(address.ip_address) not in {None,
                                                                                     address.protocol}:
                yield f"{where}.protocol", f"is {address.protocol}, and '{address.ip_address}' is not such an address"


def _version(address: str | None) -> str | None:
    try:
        return None if address is None else f"IPv{ipaddress.ip_address(address).version}"
    except ValueError:
        return None


def _of_parameters(container: ContainerInfo) -> Iterator[Contradiction]:
    docker, chosen = container.docker, None
    for index, parameter in enumerate(docker.parameters if docker is not None else ()):
        path = f"container.docker.parameters[{index}]"
        if parameter.key == "rm" and parameter.value.lower() in {"0", "f", "false"}:
            yield f"{path}.value", "the executor removes a container when it has ended"
        if parameter.key in _NETWORKS and chosen is None:
            chosen = parameter.value
            if _says_more_than_a_name(container.network_infos):
                yield path, "takes the place of network_infos, which have more than one network or an address"
    network = chosen or {"HOST": "host", "NONE": "none",
                         None: "host"}.get(docker.network if docker else None, "")
    if docker is None or not (network in {"host", "none"} or network.startswith("container:")):
        return
    if docker.port_mappings and chosen is not None:
        yield "container.docker.port_mappings", f"cannot be on the network {network}, which a parameter chooses"
    for index, parameter in enumerate(docker.parameters):
        if parameter.key in _PORTS and parameter.value.lower() not in {"0", "f", "false"}:
            path = f"container.docker.parameters[{index}]"
            yield path, f"Docker publishes no ports on the network {network}"


def _says_more_than_a_name(infos: tuple[NetworkInfo, ...]) -> bool:
    return len(infos) > 1 or any(address.ip_address is not None for info in infos
                                 for address in info.ip_addresses)
