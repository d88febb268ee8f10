"""What an app has watched: health checks, readiness checks, and Mesos's own check.

Times are whole seconds, as in Marathon. As Marathon:
docs/docs/rest-api/public/api/v2/types/healthCheck.raml, readinessChecks.raml and check.raml.
"""
from __future__ import annotations

import enum
from dataclasses import dataclass


class Protocol(enum.Enum):
    """How a health check looks. The first three were Marathon's own to perform; here all run where
    the task is."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    TCP = "TCP"
    COMMAND = "COMMAND"
    MESOS_HTTP = "MESOS_HTTP"
    MESOS_HTTPS = "MESOS_HTTPS"
    MESOS_TCP = "MESOS_TCP"

    @property
    def is_mesos(self) -> bool:
        """Whether Mesos's executors have always performed it."""
        return self.value.startswith("MESOS_") or self is Protocol.COMMAND

    @property
    def is_http(self) -> bool:
        return "HTTP" in self.value


@dataclass(frozen=True, slots=True)
class AppHealthCheck:
    """One health check. Of `port` and `port_index` the first wins; neither: the app's only port."""

    protocol: Protocol = Protocol.HTTP
    path: str | None = None  # of HTTP and HTTPS
    command: str | None = None  # of COMMAND
    port: int | None = None
    port_index: int | None = None
    grace_period_seconds: int = 300
    interval_seconds: int = 60
    timeout_seconds: int = 20
    max_consecutive_failures: int = 3  # 0: nothing is ever killed
    delay_seconds: int = 15
    ignore_http_1xx: bool | None = None
    ip_protocol: str = "IPv4"  # or IPv6


@dataclass(frozen=True, slots=True)
class ReadinessCheck:
    """Asked during a deployment until it answers with one of the codes: only then is an instance
    ready.
    """

    name: str = "readinessCheck"
    protocol: str = "HTTP"  # or HTTPS
    path: str = "/"
    port_name: str = "http-api"
    interval_seconds: int = 30
    timeout_seconds: int = 10
    http_status_codes_for_ready: tuple[int, ...] = (200,)
    preserve_last_response: bool = False


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """A GET. Mesos can only do it over HTTP."""

    port: int | None = None
    port_index: int | None = None
    path: str | None = None
    scheme: str = "HTTP"


@dataclass(frozen=True, slots=True)
class TcpProbe:
    """A connection."""

    port: int | None = None
    port_index: int | None = None


@dataclass(frozen=True, slots=True)
class CommandProbe:
    """A command inside the container: a line for the shell, or a program and its arguments; one of
    the two."""

    shell: str | None = None
    argv: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TaskCheck:
    """Mesos's CheckInfo, as Marathon's `check` writes it. Exactly one of the first three is there.
    """

    http: HttpProbe | None = None
    tcp: TcpProbe | None = None
    exec: CommandProbe | None = None
    interval_seconds: int = 60
    timeout_seconds: int = 20
    delay_seconds: int = 15
