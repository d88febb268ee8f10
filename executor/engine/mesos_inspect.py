"""What `docker inspect` says, read as Mesos reads it.

The ports of `Docker::Container::create` and `Docker::Image::create` (docker.cpp), with its error
texts: the same input gives the same words.
"""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from executor.engine.inspection import NEVER
from specs.container.run_options import Device
from specs.errors import SpecError

WRONG_TYPE = "Found JSON value of wrong type"


@dataclass(frozen=True, slots=True)
class MesosContainer:
    """Mesos's Docker::Container. Addresses are those on the container's own network mode, None
    where it has none.
    """

    id: str
    name: str  # with the slash that the engine puts before it
    pid: int | None
    started: bool
    ip_address: str | None
    ip6_address: str | None
    devices: tuple[Device, ...]
    dns: tuple[str, ...]
    dns_options: tuple[str, ...]
    dns_search: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MesosImage:
    """Mesos's Docker::Image."""

    entrypoint: tuple[str, ...] | None
    environment: Mapping[str, str] | None


def mesos_container(output: str | Sequence[Any]) -> MesosContainer:
    """The one container in what `docker inspect` prints, or in its parsed form. Raises SpecError
    with Mesos's text.

    As in Mesos, which splits the path at dots, a network with a dot in its name is never found;
    `addresses` finds it.
    """
    array = _parse_array(output)
    if len(array) != 1:
        raise SpecError("", "Failed to find container")
    container = array[0]
    state = _member(container, "State", dict, "container")
    _member(container, "Id", str, "container")
    pid = _member(state, "Pid", int, "State")
    return MesosContainer(
        id=_member(container, "Id", str, "container"),
        name=_member(container, "Name", str, "container"),
        pid=pid or None,
        started=_member(state, "StartedAt", str, "State") != NEVER,
        ip_address=_mesos_ipv4(container),
        ip6_address=_network_text(container, "GlobalIPv6Address") or None,
        devices=tuple(_device(entry) for entry in _array(container, "HostConfig.Devices")),
        dns=_texts(container, "HostConfig.Dns"),
        dns_options=_texts(container, "HostConfig.DnsOptions"),
        dns_search=_texts(container, "HostConfig.DnsSearch"),
    )


def mesos_image(output: str | Sequence[Any] | Mapping[str, Any]) -> MesosImage:
    """The one image in what `docker inspect IMAGE` prints, or in its parsed form.

    Raises SpecError with Mesos's text.
    """
    if isinstance(output, Mapping):
        image: Any = output
    else:
        array = _parse_array(output)
        if len(array) != 1:
            raise SpecError("", "Failed to find image")
        image = array[0]
    entrypoint = _image_texts(image, "ContainerConfig.Entrypoint", "entrypoint")
    variables = _image_texts(image, "ContainerConfig.Env", "environment")
    return MesosImage(tuple(entrypoint) or None, _environment(variables) or None)


_ABSENT = object()


def _parse_array(output: str | Sequence[Any]) -> Sequence[Any]:
    if not isinstance(output, str):
        return output
    try:
        parsed = json.loads(output)
    except ValueError as error:
        raise SpecError("", f"Failed to parse JSON: {error}") from error
    if not isinstance(parsed, list):
        raise SpecError("", f"Failed to parse JSON: {WRONG_TYPE}")
    return parsed


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _member(holder: Any, name: str, kind: type, where: str) -> Any:
    """A required member; `name` may be a dotted path."""
    value = _find(holder, name)
    if value is _ABSENT:
        raise SpecError("", f"Unable to find {name} in {where}")
    if not _is(value, kind):
        raise SpecError("", f"Error finding {name} in {where}: {WRONG_TYPE}")
    return value


def _find(holder: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(holder, Mapping) or part not in holder:
            return _ABSENT
        holder = holder[part]
    return holder


def _mesos_ipv4(container: Any) -> str | None:
    address = _network_text(container, "IPAddress")
    if address is None:
        address = _member(container, "NetworkSettings.IPAddress", str, "container")
    return address or None


def _network_text(container: Any, member: str) -> str | None:
    """An entry of the network that the container was created on; None where there is no such
    network.
    """
    mode = _find(container, "HostConfig.NetworkMode")
    networks = _find(container, "NetworkSettings.Networks")
    known = isinstance(networks, Mapping) and isinstance(mode, str) and "." not in mode
    network = networks.get(mode) if known else None
    if not isinstance(network, Mapping) or member not in network:
        return None
    if not isinstance(network[member], str):
        raise SpecError("",
                        f"Error finding NetworkSettings.Networks.{mode}.{member} in container: {WRONG_TYPE}")
    return str(network[member])


def _array(container: Any, path: str) -> Sequence[Any]:
    value = _find(container, path)
    if value is _ABSENT or value is None:
        return ()
    if not isinstance(value, list):
        raise SpecError("", f"Failed to parse {path}: {WRONG_TYPE}")
    return value


def _texts(container: Any, path: str) -> tuple[str, ...]:
    entries = _array(container, path)
    for entry in entries:
        if not isinstance(entry, str):
            raise SpecError("", f"Malformed {path} entry '{json.dumps(entry)}'")
    return tuple(entries)


def _device(entry: Any) -> Device:
    texts = [_find(entry, name) for name in ("PathOnHost", "PathInContainer", "CgroupPermissions")]
    if not all(isinstance(text, str) for text in texts):
        raise SpecError("", f"Malformed HostConfig.Devices entry '{json.dumps(entry)}'")
    host, container, access = texts
    return Device(host, container, "r" in access, "w" in access, "m" in access)


def _image_texts(image: Any, path: str, what: str) -> Sequence[str]:
    outer, _, _ = path.partition(".")
    if isinstance(image, Mapping) and outer in image and not isinstance(image[outer], Mapping):
        raise SpecError("", f"Failed to find '{path}': Intermediate JSON value not an object")
    value = _find(image, path)
    if value is _ABSENT:
        raise SpecError("", f"Unable to find '{path}'")
    if value is None:
        return ()
    if not isinstance(value, list):
        raise SpecError("", f"Unexpected type found for '{path}'")
    if not all(isinstance(entry, str) for entry in value):
        raise SpecError("", f"Expecting {what} value to be type string")
    return value


def _environment(variables: Sequence[str]) -> dict[str, str]:
    environment: dict[str, str] = {}
    for variable in variables:
        name, separator, value = variable.partition("=")
        if not separator:
            raise SpecError("", "Unexpected Env format for 'ContainerConfig.Env'")
        if name in environment:
            raise SpecError("", f"Unexpected duplicate environment variables '{name}'")
        environment[name] = value
    return environment
