"""TLS as the environment of a Mesos process says it: libprocess's LIBPROCESS_SSL_*, as far as a
client needs them. Pure; who opens sockets makes a context of it.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_TRUE: Final = frozenset({"1", "true"})


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How to talk to whom speaks TLS."""

    verify: bool = False  # libprocess's default: encrypt, and believe any certificate
    check_address: bool = False  # whether the certificate must name whom we dial
    ca_file: str | None = None
    ca_directory: str | None = None
    cert_file: str | None = None  # ours, for who has LIBPROCESS_SSL_REQUIRE_CERT
    key_file: str | None = None


def tls_settings(environ: Mapping[str, str]) -> TlsSettings | None:
    """As libprocess would have it; None: no TLS.

    A certificate needs its key: SSL_CERT_FILE alone is OpenSSL's name for a file of authorities.
    """
    if not ssl_on(environ, "ENABLED"):
        return None
    key_file = _said(environ, "KEY_FILE")
    return TlsSettings(
        verify=ssl_on(environ, "VERIFY_SERVER_CERT", "VERIFY_CERT"),
        check_address=(ssl_on(environ, "VERIFY_IPADD")
                       or _said(environ, "HOSTNAME_VALIDATION_SCHEME") == "openssl"),
        ca_file=_said(environ, "CA_FILE"), ca_directory=_said(environ, "CA_DIR"),
        cert_file=_said(environ, "CERT_FILE") if key_file is not None else None, key_file=key_file)


def says_not_to_verify(environ: Mapping[str, str]) -> bool:
    """Whether somebody has said so, and not just said nothing."""
    said = [_said(environ, name) for name in ("VERIFY_SERVER_CERT", "VERIFY_CERT")]
    return any(each is not None for each in said) and not ssl_on(environ, "VERIFY_SERVER_CERT",
                                                              "VERIFY_CERT")


def _said(environ: Mapping[str, str], name: str) -> str | None:
    """SSL_* without the prefix is libprocess's old spelling, which it still reads."""
    return environ.get(f"LIBPROCESS_SSL_{name}", environ.get(f"SSL_{name}"))


def ssl_on(environ: Mapping[str, str], *names: str) -> bool:
    """Whether one of these, LIBPROCESS_SSL_ left off, is said to be true."""
    return any((_said(environ, name) or "").lower() in _TRUE for name in names)
