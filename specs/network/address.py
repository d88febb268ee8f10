"""Where a Mesos process listens, and where it sends those whom another one should serve.

A master that does not lead answers 307 with a Location that has no scheme, as `//10.0.0.7:5050` (as
Mesos: master/http.cpp, `redirect`); whatever stands between us and an agent writes a whole URL.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class HostPort:
    """`host` is a name or an IP address, IPv6 without brackets."""

    host: str
    port: int
    name: str | None = field(default=None, compare=False)  # what its certificate may be for, beside the host

    def __str__(self) -> str:
        """As it stands in a URL and in the Host header."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def redirected(status: int, location: str | None, asked: HostPort) -> HostPort | None:
    """Where this answer sends us; None if nowhere, or back to whom was asked, whose port is meant
    if none is named.
    """
    if status != 307 or not location:
        return None
    try:
        parts = urlsplit(location)
        target = HostPort(parts.hostname, parts.port or asked.port) if parts.hostname else None
    except ValueError:  # [broken
        return None
    return None if target == asked else target
