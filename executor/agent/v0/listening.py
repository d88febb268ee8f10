"""Where an executor's libprocess listens, and what it says of that."""
from __future__ import annotations

import ipaddress
import socket

from executor.agent.first_call import BACKLOG
from executor.settings.libprocess import ANY, LibprocessSettings
from specs.network.address import HostPort


def listen(settings: LibprocessSettings, agent: HostPort) -> socket.socket:
    """The socket that agents dial, not blocking; raises OSError."""
    ipv6 = settings.ipv6 or (settings.ip == ANY and ":" in agent.host)
    listener = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("::" if ipv6 and settings.ip == ANY else settings.ip, settings.port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def adopted(descriptor: int) -> socket.socket:
    """A socket that was opened before this module was loaded, not blocking."""
    opened = socket.socket(fileno=descriptor)
    opened.setblocking(False)
    return opened


def own_address(settings: LibprocessSettings, listener: socket.socket, agent: HostPort) -> HostPort:
    """Where the agent finds us: what is advertised, else what is bound, else from where we reach it."""
    host, port = listener.getsockname()[:2]
    if settings.advertise_ip is not None:
        host = settings.advertise_ip
    elif ipaddress.ip_address(host).is_unspecified:
        family, address = resolved(agent)
        with socket.socket(family, socket.SOCK_DGRAM) as dialled:
            dialled.connect(address)  # nothing is sent: a route is chosen
            host = dialled.getsockname()[0]
    return HostPort(host, settings.advertise_port or port)


def resolved(address: HostPort) -> tuple[socket.AddressFamily, tuple[str, int]]:
    """Agents name themselves by an IP address; a name is looked up, which may take its time."""
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
    return found[0], found[4][:2]  # type: ignore[return-value] # of TCP it is (host, port, …)


def plain_host(host: str) -> str:
    """Without a zone, and IPv4 as such where IPv6 carries it."""
    return host.split("%", maxsplit=1)[0].removeprefix("::ffff:")
