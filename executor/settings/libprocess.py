"""Where and how an executor's own libprocess listens: what LIBPROCESS_* says, parsed once.

The agent sets LIBPROCESS_IP to its own address and LIBPROCESS_PORT to 0, unless its
--executor_environment_variables say otherwise. As Mesos: libprocess's process.cpp (`Flags`) and
ssl/flags.hpp; the defaults are theirs.
"""
from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from specs.errors import SpecError
from specs.network.libprocess_ssl import TlsSettings, ssl_on, tls_settings

ANY: Final = "0.0.0.0"  # noqa: S104 - libprocess's default: all addresses of this machine


@dataclass(frozen=True, slots=True)
class ServerTls:
    """How who dials us is served, and how we dial."""

    client: TlsSettings
    cert_file: str
    key_file: str
    require_client_cert: bool = False
    downgrade: bool = False  # serve who speaks plain HTTP, and dial plain where TLS fails


@dataclass(frozen=True, slots=True)
class LibprocessSettings:
    """`advertise_…` is what we say of ourselves, where it is not what we bind."""

    ip: str = ANY
    port: int = 0
    advertise_ip: str | None = None
    advertise_port: int | None = None
    require_peer_address_ip_match: bool = False  # whether a sender must name the address that it comes from
    tls: ServerTls | None = None

    @property
    def ipv6(self) -> bool:
        """Whether we listen on IPv6."""
        return ":" in self.ip


def libprocess_settings(environ: Mapping[str, str]) -> LibprocessSettings:
    """The settings; SpecError with the whole text if a variable is unreadable."""
    ip = _ip(environ, "LIBPROCESS_IP") or _ip(environ, "LIBPROCESS_IP6") or ANY
    return LibprocessSettings(
        ip=ip, port=_port(environ, "LIBPROCESS_PORT", lowest=0) or 0,
        advertise_ip=_ip(environ, "LIBPROCESS_ADVERTISE_IP"),
        advertise_port=_port(environ, "LIBPROCESS_ADVERTISE_PORT", lowest=1),
        require_peer_address_ip_match=environ.get(
            "LIBPROCESS_REQUIRE_PEER_ADDRESS_IP_MATCH", "").lower() in {"1", "true"},
        tls=_tls(environ))


def _ip(environ: Mapping[str, str], name: str) -> str | None:
    text = environ.get(name)
    if not text:
        return None
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        raise SpecError("", f"Failed to parse {name} '{text}': it is no IP address") from None


def _port(environ: Mapping[str, str], name: str, *, lowest: int) -> int | None:
    text = environ.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and lowest <= int(text) < 1 << 16):
        raise SpecError("", f"{name}={text} is not a valid port")
    return int(text)


def _tls(environ: Mapping[str, str]) -> ServerTls | None:
    client = tls_settings(environ)
    if client is None:
        return None
    if not client.key_file or not client.cert_file:
        missing = "KEY_FILE" if not client.key_file else "CERT_FILE"
        raise SpecError("", "SSL requires a certificate and its key: "
                            f"LIBPROCESS_SSL_{missing} is not set")
    return ServerTls(client, client.cert_file, client.key_file,
                     require_client_cert=ssl_on(environ, "REQUIRE_CLIENT_CERT", "REQUIRE_CERT"),
                     downgrade=ssl_on(environ, "SUPPORT_DOWNGRADE"))
