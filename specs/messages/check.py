"""Checks of a running task: mesos.v1.HealthCheck, CheckInfo and what a check found,
CheckStatusInfo. Times are seconds.

What Mesos takes for a field that is absent stands here, beside the messages, for all who need it.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from specs.messages.command import CommandInfo
from specs.messages.fields import Int32, OneOf, UInt32

DELAY: Final = 15.0  # from the start of the container to the first check
INTERVAL: Final = 10.0  # from the end of a check to the next
TIMEOUT: Final = 20.0  # of one check; 0 is no limit
CONSECUTIVE_FAILURES: Final = 3  # that kill; 0 is as 1
GRACE_PERIOD: Final = 10.0  # in which failures do not count until the first success

PARTS: Final[Mapping[str, str]] = {"COMMAND": "command", "HTTP": "http", "TCP": "tcp"}  # a type, and the field it names

CheckType = Annotated[str, OneOf("UNKNOWN", "COMMAND", "HTTP", "TCP")]
Protocol = Annotated[str, OneOf("IPv4", "IPv6")]


@dataclass(frozen=True, slots=True)
class HTTPCheckInfo:
    """GET scheme://127.0.0.1:port/path, healthy from 200 to 399, or with one of `statuses`."""

    port: UInt32
    path: str | None = None
    scheme: str | None = None
    statuses: tuple[UInt32, ...] = ()  # Mesos ignores them
    protocol: Protocol | None = None


@dataclass(frozen=True, slots=True)
class TCPCheckInfo:
    """A connection to the port."""

    port: UInt32
    protocol: Protocol | None = None


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A check whose repeated failure kills the task."""

    type: CheckType | None = None  # without it: COMMAND if there is a command, else HTTP if there is http
    command: CommandInfo | None = None
    http: HTTPCheckInfo | None = None
    tcp: TCPCheckInfo | None = None
    delay_seconds: float | None = None
    interval_seconds: float | None = None
    timeout_seconds: float | None = None
    consecutive_failures: UInt32 | None = None
    grace_period_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class CheckCommand:
    """CheckInfo.Command."""

    command: CommandInfo


@dataclass(frozen=True, slots=True)
class CheckHttp:
    """CheckInfo.Http."""

    port: UInt32
    path: str | None = None


@dataclass(frozen=True, slots=True)
class CheckTcp:
    """CheckInfo.Tcp."""

    port: UInt32


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """A check whose result is only reported."""

    type: CheckType | None = None
    command: CheckCommand | None = None
    http: CheckHttp | None = None
    tcp: CheckTcp | None = None
    delay_seconds: float | None = None
    interval_seconds: float | None = None
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class CommandResult:
    """CheckStatusInfo.Command: absent exit code means: no result yet."""

    exit_code: Int32 | None = None


@dataclass(frozen=True, slots=True)
class HttpResult:
    """CheckStatusInfo.Http: absent status code means: no result yet."""

    status_code: UInt32 | None = None


@dataclass(frozen=True, slots=True)
class TcpResult:
    """CheckStatusInfo.Tcp: absent means: no result yet."""

    succeeded: bool | None = None


@dataclass(frozen=True, slots=True)
class CheckStatusInfo:
    """The latest result of a check, in the part that `type` names."""

    type: CheckType | None = None
    command: CommandResult | None = None
    http: HttpResult | None = None
    tcp: TcpResult | None = None
