"""Connections to masters and to agents: plain TCP, or TLS that believes only certificates that hold.

A certificate has to be of an authority that is trusted, and for the name or the address that is
dialled. Masters in ZooKeeper and agents in offers say both their address and their name: they are
dialled at the address, and the certificate may be for either.

A secret (a principal's, in HTTP's Basic form) never goes over plain HTTP beyond this machine, unless
somebody has said that it may: `insecure`.
"""
from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping

from specs.errors import SpecError
from specs.network.address import HostPort
from specs.network.libprocess_ssl import TlsSettings

_OTHER_NAME = frozenset({62, 64})  # X509_V_ERR_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH


class ExposedSecretError(OSError):
    """A secret would be readable by whoever is on the way."""

    def __init__(self, address: HostPort) -> None:
        super().__init__(
            f"the secret would go in clear to {address}: say how TLS is spoken there (--ssl-ca-file, "
            "or LIBPROCESS_SSL_ENABLED and its like), or --insecure")


class Transport:
    """How others are reached. Used by any thread."""

    def __init__(self, tls: TlsSettings | None = None, *, insecure: bool = False) -> None:
        """Raises SpecError, whose path is the kind of file, for certificates that cannot be read."""
        self._context = None if tls is None else _context(tls)
        self._verifies = tls is not None and tls.verify
        self._insecure = insecure

    def keeps_secrets(self, address: HostPort) -> bool:
        """Whether a secret may be sent there."""
        return self._context is not None or self._insecure or is_here(address.host)

    def open(self, address: HostPort, timeout: float) -> socket.socket:
        """Connected, with this time-out in seconds. Raises OSError, of which ssl.SSLError is one."""
        names = dict.fromkeys((address.name or address.host, address.host))
        for last, name in ((name == address.host, name) for name in names):
            connected = socket.create_connection((address.host, address.port), timeout)
            try:
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._context is None:
                    return connected
                return self._context.wrap_socket(connected, server_hostname=name)
            except ssl.SSLCertVerificationError as error:
                connected.close()
                if last or error.verify_code not in _OTHER_NAME:
                    raise
            except BaseException:
                connected.close()
                raise
        raise AssertionError("there is always a last name")

    def http(self, address: HostPort, timeout: float) -> http.client.HTTPConnection:
        """For requests; it is connected. Raises OSError."""
        connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout)
        connection.sock = self.open(address, timeout)
        return connection

    def check(self, address: HostPort, headers: Mapping[str, str]) -> None:
        """Raises ExposedSecretError for headers that must not be sent there."""
        if "Authorization" in headers and not self.keeps_secrets(address):
            raise ExposedSecretError(address)


def is_closed(connected: socket.socket, *, readable: bool) -> bool:
    """Whether an idle connection, on which something has arrived if `readable`, is over.

    An idle one has nothing to say, except that it is closed; TLS tells of its keys at any time.
    """
    if not readable or not isinstance(connected, ssl.SSLSocket):
        return readable
    timeout = connected.gettimeout()
    connected.setblocking(False)
    try:
        connected.recv(1)
    except ssl.SSLWantReadError:
        return False
    except OSError:
        pass
    finally:
        connected.settimeout(timeout)
    return True


def is_here(host: str) -> bool:
    """Whether it is an address of this machine: what goes there passes no network.

    Linux says so: to an address of ours it would send from that very address. Other names than
    `localhost` are somebody else's word.
    """
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as nothing_is_sent:
            nothing_is_sent.connect((str(address), 9))
            return address.is_loopback or ipaddress.ip_address(nothing_is_sent.getsockname()[0]) == address
    except (ValueError, OSError):
        return False


def _context(tls: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = tls.verify and tls.check_address
    context.verify_mode = ssl.CERT_REQUIRED if tls.verify else ssl.CERT_NONE
    try:
        if tls.ca_file or tls.ca_directory:
            context.load_verify_locations(cafile=tls.ca_file, capath=tls.ca_directory)
        elif tls.verify:
            context.load_default_certs()
    except OSError as error:
        raise SpecError("ca_file", f"{tls.ca_file or tls.ca_directory}: {_why(error)}") from None
    try:
        if tls.cert_file:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except OSError as error:
        raise SpecError("cert_file", f"{tls.cert_file} and its key: {_why(error)}") from None
    return context


def _why(error: OSError) -> str:
    return error.strerror or str(error)
