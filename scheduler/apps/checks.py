"""What an app has watched, as checks that an executor makes where the task is.

Marathon made HTTP, HTTPS and TCP checks itself, from wherever it stood; here they are health checks
of Mesos like the others, and find the task's port in its own network. What they mean stays:
Marathon ends an instance at the failure that comes *after* `maxConsecutiveFailures`, Mesos at that
number, so one more is asked for; 0, which never ends anything, is the largest number that can be.
Of its own checks Marathon makes the first after at most 5 seconds.

A readiness check becomes the task's `check`, which any executor makes and which judges nothing: its
last status code comes with the task's status, and `is_ready` compares it. Over HTTPS only our
executor makes it: Mesos's checks know no scheme, so the task's data says it.

As Marathon: core/health/HealthCheck.scala, `toMesos`, core/check/Check.scala, core/readiness.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.apps.ports import TaskPort, probed_port
from specs.errors import SpecError
from specs.marathon.app import App
from specs.marathon.checks import AppHealthCheck, CommandProbe, Protocol, ReadinessCheck, TaskCheck
from specs.messages.check import (
    CheckCommand,
    CheckHttp,
    CheckInfo,
    CheckStatusInfo,
    CheckTcp,
    HealthCheck,
    HTTPCheckInfo,
    TCPCheckInfo,
)
from specs.messages.command import CommandInfo

_NEVER = 2 ** 32 - 1
_FIRST_AFTER = 5.0  # seconds; of checks that were Marathon's own
_SCHEMES = {Protocol.HTTPS: "https", Protocol.MESOS_HTTPS: "https"}


@dataclass(frozen=True, slots=True)
class Readiness:
    """Asked at `port` in the task's network until it answers with one of `statuses`.

    Times are seconds.
    """

    name: str
    scheme: str  # http or https
    port: int
    path: str
    interval: float
    timeout: float
    statuses: tuple[int, ...]
    keeps_response: bool  # the last answer is for people to read


def health_checks(app: App, ports: Sequence[TaskPort]) -> tuple[HealthCheck, ...]:
    """Those that were Mesos's come first: of several an agent's own executor makes only one.

    Raises SpecError for one whose port cannot be told.
    """
    checks = sorted(enumerate(app.health_checks), key=lambda each: not each[1].protocol.is_mesos)
    return tuple(_health_check(check, ports, f"healthChecks[{place}]") for place, check in checks)


def _health_check(check: AppHealthCheck, ports: Sequence[TaskPort], path: str) -> HealthCheck:
    own = not check.protocol.is_mesos
    failures = check.max_consecutive_failures + own if check.max_consecutive_failures else _NEVER
    delay = min(check.interval_seconds, _FIRST_AFTER) if own else check.delay_seconds
    command = http = tcp = None
    if check.protocol is Protocol.COMMAND:
        kind, command = "COMMAND", CommandInfo(value=check.command)
    elif check.protocol.is_http:
        kind, http = "HTTP", HTTPCheckInfo(
            port=_port(ports, check.port, check.port_index, path), path=_absolute(check.path),
            scheme=_SCHEMES.get(check.protocol, "http"), protocol=check.ip_protocol)
    else:
        kind, tcp = "TCP", TCPCheckInfo(
            port=_port(ports, check.port, check.port_index, path), protocol=check.ip_protocol)
    return HealthCheck(
        type=kind, command=command, http=http, tcp=tcp, delay_seconds=float(delay),
        interval_seconds=float(check.interval_seconds),
        timeout_seconds=float(check.timeout_seconds),
        consecutive_failures=failures, grace_period_seconds=float(check.grace_period_seconds))


def readiness_checks(app: App, ports: Sequence[TaskPort], *, ours: bool = False) -> tuple[Readiness, ...]:
    """Those that `task_check` is not. Raises SpecError for one that names no port of the app."""
    checked = _checked(app, ours=ours)
    return tuple(_readiness(check, ports, f"readinessChecks[{place}]")
                 for place, check in enumerate(app.readiness_checks) if check is not checked)


def check_scheme(app: App) -> str | None:
    """Of the readiness check that our executor makes as the task's check; None for what is plain."""
    if app.check is not None or not app.readiness_checks:
        return None
    scheme = app.readiness_checks[0].protocol.lower()
    return None if scheme == "http" else scheme


def is_ready(app: App, status: CheckStatusInfo | None) -> bool | None:
    """What the result of a task's check says of its app's readiness check.

    None: nothing, because there is no result yet, or the task's check is another.
    """
    check = _checked(app)
    if check is None or status is None or status.http is None or status.http.status_code is None:
        return None
    return status.http.status_code in check.http_status_codes_for_ready


def _checked(app: App, *, ours: bool = False) -> ReadinessCheck | None:
    """The readiness check that is the task's check; `ours`: of our executor, which makes each."""
    if app.check is not None:
        return None
    return next((each for each in app.readiness_checks if ours or each.protocol == "HTTP"), None)


def _readiness(check: ReadinessCheck, ports: Sequence[TaskPort], path: str) -> Readiness:
    port = next((each.container for each in ports if each.name == check.port_name), None)
    if port is None:
        raise SpecError(f"{path}.portName", f"no port of the app is named {check.port_name!r}")
    return Readiness(check.name, check.protocol.lower(), port, _absolute(check.path) or "/",
                     float(check.interval_seconds), float(check.timeout_seconds),
                     check.http_status_codes_for_ready, check.preserve_last_response)


def task_check(app: App, ports: Sequence[TaskPort], *, ours: bool = False) -> CheckInfo | None:
    """What is looked at and judged by no executor: the app's own check, or its readiness check.

    `ours`: our executor makes it. Raises SpecError for what it cannot be.
    """
    ready = _checked(app, ours=ours)
    if ready is not None:
        asked = _readiness(ready, ports, "readinessChecks[0]")
        return CheckInfo(type="HTTP", http=CheckHttp(port=asked.port, path=asked.path),
                         delay_seconds=0.0, interval_seconds=asked.interval,
                         timeout_seconds=asked.timeout)
    return None if app.check is None else _task_check(app.check, ports)


def _task_check(check: TaskCheck, ports: Sequence[TaskPort]) -> CheckInfo:
    command = http = tcp = None
    if check.exec is not None:
        kind, command = "COMMAND", CheckCommand(_command(check.exec))
    elif check.http is not None:
        if check.http.scheme.upper() != "HTTP":
            raise SpecError("check.http.scheme", "must be HTTP: Mesos's checks know no other")
        port = _port(ports, check.http.port, check.http.port_index, "check.http")
        kind, http = "HTTP", CheckHttp(port=port, path=_absolute(check.http.path))
    else:
        tcp_port = (None, None) if check.tcp is None else (check.tcp.port, check.tcp.port_index)
        kind, tcp = "TCP", CheckTcp(port=_port(ports, *tcp_port, "check.tcp"))
    return CheckInfo(type=kind, command=command, http=http, tcp=tcp,
                     delay_seconds=float(check.delay_seconds),
                     interval_seconds=float(check.interval_seconds),
                     timeout_seconds=float(check.timeout_seconds))


def _command(probe: CommandProbe) -> CommandInfo:
    if probe.argv:
        return CommandInfo(value=probe.argv[0], shell=False, arguments=probe.argv)
    return CommandInfo(value=probe.shell)


def _port(ports: Sequence[TaskPort], port: int | None, index: int | None, path: str) -> int:
    found = probed_port(ports, port, index)
    if found is None:
        raise SpecError(path,
                        "its port cannot be told: it names none, and the app has not just one")
    return found


def _absolute(path: str | None) -> str | None:
    return path if path is None or path.startswith("/") else f"/{path}"
