"""The values of `docker run` that speak of networks: publish, expose, network. As `values`; from
docker/cli.
"""
from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from specs.parameters.mounts import words
from specs.parameters.values import ip_version, pair, wrong

_PROTOCOLS: Final = ("tcp", "udp", "sctp")
_PORTS: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Published:
    """Container ports, as "80/tcp", and where on the host each is bound."""

    bindings: tuple[tuple[str, dict[str, str]], ...]


def _port_range(value: str, whole: str) -> range:
    match = _PORTS.fullmatch(value)
    if not match:
        raise wrong(whole, f"'{value}' is not a port or a range of ports")
    begin, end = int(match.group(1)), int(match.group(2) or match.group(1))
    if not begin <= end <= 65535:
        raise wrong(whole, f"'{value}' is not a port or a range of ports")
    return range(begin, end + 1)


def publish(value: str) -> Published:
    """[[IP:]HOST:]CONTAINER[/PROTOCOL], with ranges, or the same as
    target=…,published=…,protocol=….
    """
    if "=" in value:
        return _publish_long(value)
    ports, slash, protocol = value.partition("/")
    protocol = protocol.lower() if slash else "tcp"
    address, host, container = _publish_parts(ports, value)
    return _published(address, host, container, protocol, value)


def _publish_parts(ports: str, whole: str) -> tuple[str, str, str]:
    if ports.startswith("["):
        address, closed, rest = ports[1:].partition("]:")
        if not closed:
            raise wrong(whole, "an IPv6 address ends with ']:'")
        parts = [address, *rest.split(":")]
    else:
        parts = ports.split(":")
        if len(parts) > 3:
            parts = [":".join(parts[:-2]), *parts[-2:]]
    if len(parts) == 2 and ports.startswith("["):
        parts.insert(1, "")
    address, host, container = ["", "", *parts][-3:] if len(parts) <= 3 else ("", "", "")
    return address, host, container


def _publish_long(value: str) -> Published:
    host, container, protocol = "", "", "tcp"
    for key, text, given in words(value):
        if not given or key not in {"mode", "target", "published", "protocol"}:
            raise wrong(value, "must be target=PORT[,published=PORT][,protocol=tcp]")
        host, container = (text if key == "published"
                           else host), (text if key == "target" else container)
        protocol = text.lower() if key == "protocol" else protocol
    return _published("", host, container, protocol, value)


def _published(address: str, host: str, container: str, protocol: str, whole: str) -> Published:
    if protocol not in _PROTOCOLS:
        raise wrong(whole, f"the protocol must be one of {', '.join(_PROTOCOLS)}")
    if address:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise wrong(whole, f"'{address}' is not an IP address") from None
    if not container:
        raise wrong(whole, "no port specified")
    inside = _port_range(container, whole)
    outside = _port_range(host, whole) if host else None
    if outside is not None and len(outside) != len(inside):
        if len(inside) != 1:
            raise wrong(whole, "the ranges have different lengths")
        return Published(((f"{inside[0]}/{protocol}", {"HostIp": address, "HostPort": host}),))
    return Published(tuple(
        (f"{port}/{protocol}", {"HostIp": address,
                                "HostPort": "" if outside is None else str(outside[index])})
        for index, port in enumerate(inside)))


def expose(value: str) -> Published:
    """PORT[-PORT][/PROTOCOL]; opened, not bound."""
    ports, slash, protocol = value.partition("/")
    protocol = protocol.lower() if slash else "tcp"
    if protocol not in _PROTOCOLS:
        raise wrong(value, f"the protocol must be one of {', '.join(_PROTOCOLS)}")
    return Published(tuple((f"{port}/{protocol}", {}) for port in _port_range(ports, value)))


@dataclass(frozen=True, slots=True)
class Attachment:
    """One network and how to join it; `endpoint` is an EndpointSettings of the Engine API."""

    name: str
    endpoint: dict[str, Any] = field(default_factory=dict)


def network(value: str) -> Attachment:
    """NAME, or name=…,alias=…,ip=…,ip6=…,link-local-ip=…,mac-address=…,driver-opt=…."""
    if "=" not in value:
        if not value:
            raise wrong(value, "must name a network")
        return Attachment(value)
    name, endpoint = "", dict[str, Any]()
    for key, text, given in words(value):
        if not given:
            raise wrong(value, f"'{key}' needs a value")
        if key == "name":
            name = text
        elif key in _ENDPOINT_KEYS:
            _ENDPOINT_KEYS[key](endpoint, text)
        else:
            raise wrong(value,
                        f"unexpected key '{key}'; there are name, {', '.join(sorted(_ENDPOINT_KEYS))}")
    if not name:
        raise wrong(value, "network name is not specified")
    return Attachment(name, endpoint)


def _ipam(key: str, read: Callable[[str], Any]) -> Callable[[dict[str, Any], str], None]:
    return lambda endpoint, text: endpoint.setdefault("IPAMConfig", {}).update({key: read(text)})


def _link_local(endpoint: dict[str, Any], text: str) -> None:
    endpoint.setdefault("IPAMConfig", {}).setdefault("LinkLocalIPs", []).append(text)


_ENDPOINT_KEYS: Final[dict[str, Callable[[dict[str, Any], str], None]]] = {
    "alias": lambda endpoint, text: endpoint.setdefault("Aliases", []).append(text),
    "ip": _ipam("IPv4Address", ip_version(4)), "ip6": _ipam("IPv6Address", ip_version(6)),
    "link-local-ip": _link_local,
    "mac-address": lambda endpoint, text: endpoint.update({"MacAddress": text}),
    "driver-opt": lambda endpoint, text: endpoint.setdefault("DriverOpts", {}).update([pair(text)]),
}
