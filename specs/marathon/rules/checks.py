"""What health checks, readiness checks and Mesos's check may say of an app.

As Marathon: api/v2/validation/AppValidation.scala, state/AppDefinition.scala, and the combinations
that raml/HealthCheckConversion.scala cannot convert, which Marathon answers with 500.
"""
from __future__ import annotations

from collections.abc import Iterator

from specs.marathon.app import App
from specs.marathon.checks import AppHealthCheck, Protocol, TaskCheck
from specs.marathon.errors import Problems

_MARATHON = frozenset({Protocol.HTTP, Protocol.HTTPS, Protocol.TCP})


def check_health(app: App, problems: Problems) -> None:
    """Health checks, one by one and together."""
    ports = len(app.service_ports)
    for index, check in enumerate(app.health_checks):
        for words in _health_problems(check, ports, app.is_docker):
            problems.add(f"/healthChecks({index})", words)
    mesos = [check for check in app.health_checks if check.protocol.is_mesos
             or check.command is not None]
    if sum(check.command is None for check in mesos) > 1:
        problems.add("/", "AppDefinition can contain at most one Mesos health check")


def _health_problems(check: AppHealthCheck, ports: int, is_docker: bool) -> Iterator[str]:
    if (check.protocol is Protocol.COMMAND) != (check.command is not None):
        yield (f"illegal protocol {check.protocol.value} for non-command health check"
               if check.command is None
               else f"illegal protocol {check.protocol.value} specified with command")
    elif check.command is not None and (check.path is not None or check.port is not None):
        yield "a COMMAND health check has neither path nor port"
    if check.protocol in _MARATHON and check.command is None and not _has_port(check, ports):
        yield "Health check port indices must address an element of the ports array or container port mappings."
    if check.ip_protocol == "IPv6" and not (is_docker
                                            and check.protocol.value.startswith("MESOS_")):
        yield "IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks"


def _has_port(check: AppHealthCheck, ports: int) -> bool:
    if check.port_index is not None:
        return check.port_index < ports
    return check.port is not None or ports == 1


def check_readiness(app: App, problems: Problems) -> None:
    """Readiness checks."""
    count = len(app.readiness_checks)
    problems.unless(count <= 1, "/readinessChecks", f"got {count}, expected 1 or less")
    if app.container is not None and app.container.port_mappings is not None:
        names = {mapping.name for mapping in app.container.port_mappings}
    else:
        names = {definition.name for definition in app.port_definitions or ()}
    for index, check in enumerate(app.readiness_checks):
        path = f"/readinessChecks({index})"
        problems.unless(check.port_name in names, f"{path}/portName",
                          f"No port definition reference for portName {check.port_name}")
        problems.unless(check.timeout_seconds < check.interval_seconds, f"{path}/timeoutSeconds",
                          f"got {check.timeout_seconds}, expected less than {check.interval_seconds}")


def check_task_check(app: App, problems: Problems) -> None:
    """Mesos's check."""
    if app.check is None:
        return
    problems.unless(not app.is_docker, "/", "AppDefinition must not use 'checks' if using docker")
    for step, words in _task_check_problems(app.check, len(app.service_ports)):
        problems.add(f"/check{step}", words)


def _task_check_problems(check: TaskCheck, ports: int) -> Iterator[tuple[str, str]]:
    kinds = [kind for kind in (check.http, check.tcp, check.exec) if kind is not None]
    if len(kinds) != 1:
        yield "", "illegal RAML Check: expected one of http, tcp or exec checks"
    if check.exec is not None and (check.exec.shell is None) is (check.exec.argv is None):
        yield "/exec/command", "specify either `shell` or `argv`, never both"
    if check.http is not None and check.http.scheme != "HTTP":
        yield "/http/scheme", "Mesos checks over HTTP only"
    for probe in (check.http, check.tcp):
        if probe is None:
            continue
        has_port = probe.port_index < ports if probe.port_index is not None else probe.port is not None or ports == 1
        if not has_port:
            yield "", "check port index must address an element of the ports array or container port mappings."
