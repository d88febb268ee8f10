"""What Mesos's docker wrapper makes of an inspection: docker.cpp, in its own error texts."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from executor.engine.inspection import (
    NEVER,
    _array,
    _device,
    _environment,
    _image_texts,
    _member,
    _mesos_ipv4,
    _network_text,
    _parse_array,
    _texts,
)
from specs.container.run_options import Device
from specs.errors import SpecError

WRONG_TYPE = "Found JSON value of wrong type"


@dataclass(frozen=True, slots=True)
class MesosContainer:
    """Mesos's Docker::Container. Addresses are those on the container's own network mode, None where it has none."""

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
    """The one container in what `docker inspect` prints, or in its parsed form. Raises SpecError with Mesos's text.

    As in Mesos, which splits the path at dots, a network with a dot in its name is never found; `addresses` finds it.
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
