"""How Mesos's Docker executor would run a check, as a command line. As Mesos: checker_process.cpp, docker/executor.cpp.

The executor itself needs no helper programs (see `probes`); this is what the same check is called elsewhere, for
`explain` and for reading Mesos's logs. HTTP and TCP checks run in the network namespace of the container, a command
through `docker exec`, with the check's environment given to the docker client only: the container never sees it.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from specs.errors import SpecError
from specs.messages.check import HealthCheck
from specs.rules.checks import validate_health_check


@dataclass(frozen=True, slots=True)
class CheckCommand:
    """Words, the namespaces of the container to enter for them, and what to add to the environment of the client."""

    argv: tuple[str, ...]
    namespaces: tuple[str, ...] = ()
    client_environment: Mapping[str, str] = field(default_factory=dict)


def check_command(check: HealthCheck, *, docker: str, socket: str, container: str, launcher_dir: str) -> CheckCommand:
    """`socket` is a URL; raises SpecError with Mesos's text for an invalid check."""
    validate_health_check(check)
    if check.command is not None and check.type == "COMMAND":
        command = check.command
        variables = command.environment.variables if command.environment is not None else ()
        value = command.value or ""
        words = (value, *command.arguments) if command.shell is False else ("sh", "-c", value)
        return CheckCommand((docker, "-H", socket, "exec", container, *words),
                            client_environment={variable.name: variable.value or "" for variable in variables})
    if check.http is not None and check.type == "HTTP":
        http = check.http
        host = "[::1]" if http.protocol == "IPv6" else "127.0.0.1"
        url = f"{http.scheme or 'http'}://{host}:{http.port}{http.path or ''}"
        curl = ("curl", "-s", "-S", "-L", "-k", "-w", "%{http_code}", "-o", "/dev/null", "-g", url)
        return CheckCommand(curl, ("net",))
    if check.tcp is None:
        raise SpecError("type", f"'{check.type}' is not a valid health check type")
    return CheckCommand((f"{launcher_dir}/mesos-tcp-connect", "--ip=127.0.0.1", f"--port={check.tcp.port}"), ("net",))
