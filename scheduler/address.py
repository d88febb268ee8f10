"""Where a master is: an address, or a ZooKeeper ensemble that knows."""
from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from specs.errors import SpecError
from specs.network.address import HostPort

DEFAULT_PORT = 5050  # of a Mesos master
ZOOKEEPER_PORT = 2181


def master_address(text: str, default_port: int = DEFAULT_PORT) -> HostPort:
    """HOST, HOST:PORT or [IPv6]:PORT. Raises SpecError with the path `master`."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise SpecError("master", f"{text!r} is not HOST:PORT: {error}") from None
    odd = "@" in text or any(c.isspace()
                             for c in text) or text.rpartition("]")[2][:1] not in ("", ":",
                                                                                   text[:1])
    if not host or port == 0 or parts.netloc != text or odd:
        raise SpecError("master", f"{text!r} is not HOST:PORT, zk://HOST:PORT/PATH or local")
    return HostPort(host, default_port if port is None else port)


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The ZooKeeper that knows the masters. `login`: user:password, for its digest scheme."""

    hosts: tuple[HostPort, ...]
    path: str
    login: str | None = None


def ensemble(text: str) -> Ensemble:
    """zk://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]/PATH, as Mesos's --zk. Raises SpecError, path
    `master`.
    """
    scheme, _, rest = text.partition("://")
    login, _, place = rest.rpartition("@")
    hosts, _, path = place.partition("/")
    path = path.strip("/")
    shown = text.replace(login, "…", 1) if login else text
    if scheme not in ("zk", "zoo"):
        raise SpecError("master", f"{shown!r} is not HOST:PORT, zk://HOST:PORT/PATH or local")
    if not path:
        raise SpecError("master",
                        f"{shown!r} names no path; masters are usually found under /mesos")
    if login and ":" not in login:
        raise SpecError("master", f"{shown!r}: what stands before @ is not USER:PASSWORD")
    try:
        addresses = tuple(master_address(host, ZOOKEEPER_PORT) for host in hosts.split(","))
    except SpecError:
        raise SpecError("master", f"{shown!r} is not zk://HOST:PORT,HOST:PORT/PATH") from None
    return Ensemble(addresses, f"/{path}", login or None)
