"""One check, made: a command in the container, an HTTP request or a TCP connection in its network
namespace.

The agent's host is not the container's network: 127.0.0.1 has to mean the container's. A worker
thread that enters the namespace of the container's process makes its socket there and goes home;
the socket stays where it was made. As Mesos: checker_process.cpp, without its helper programs; so
HTTP follows redirects and believes any certificate.
"""
from __future__ import annotations

import os
import socket
import threading
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field

from executor.engine.failures import RuntimeFailure
from executor.engine.port import Containers
from executor.engine.silence import Asked, Meaning, meaning
from executor.life.health import Result
from specs.container.environment import environment, unknown_secret
from specs.messages.check import CheckInfo, HealthCheck
from specs.messages.command import CommandInfo

REDIRECTS = 50  # as curl
_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True, slots=True)
class Probe:
    """What to do. `kind` is COMMAND, HTTP or TCP."""

    kind: str
    argv: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 0
    scheme: str = "http"
    path: str = ""
    statuses: frozenset[int] = frozenset()  # of HTTP that mean success; empty: 200 to 399


def probe(check: HealthCheck | CheckInfo, *, strict: bool = False) -> Probe | None:
    """The probe that a check asks for; None for one that says nothing to do. `strict`: as Mesos,
    which leaves out secret variables and HTTP statuses. Secrets have been looked at before: see
    `container_of`."""
    kind = check.type or ("COMMAND" if check.command else "HTTP" if check.http else None)
    command = check.command
    if kind == "COMMAND" and command is not None:
        return _command(command if isinstance(command, CommandInfo) else command.command,
                        strict=strict)
    if kind == "HTTP" and check.http is not None:
        return Probe("HTTP", host=_host(check.http), port=check.http.port,
                     path=check.http.path or "",
                     scheme=getattr(check.http, "scheme", None) or "http",
                     statuses=frozenset(() if strict else getattr(check.http, "statuses", ())))
    if kind == "TCP" and check.tcp is not None:
        return Probe("TCP", host=_host(check.tcp), port=check.tcp.port)
    return None


def run(probe: Probe, containers: Containers, container: str, pid: int | None,
        timeout: float | None) -> Result:
    """Make the check; whatever goes wrong is its result."""
    try:
        if probe.kind == "COMMAND":
            return _run_command(probe, containers, container, timeout)
        if pid is None:
            return Result(problem="the container's process is not known")
        if probe.kind == "TCP":
            _connect(probe.host, probe.port, pid, timeout).close()
            return Result(succeeded=True)
        status = _http_status(probe, pid, timeout)
        return Result(status_code=status,
                      succeeded=status in probe.statuses if probe.statuses else None)
    except TimeoutError:
        return Result(problem=f"{probe.kind} check timed out after {timeout:g}secs",
                      succeeded=False if probe.kind == "TCP" else None)
    except RuntimeFailure as error:  # only commands are asked for by way of the engine
        if meaning(Asked.CHECK, type(error)) is Meaning.NO_RESULT:
            return Result(problem=f"{probe.kind} check could not be made: {error}", unasked=True)
        return Result(problem=f"{probe.kind} check failed: {error}")
    except (OSError, ValueError) as error:
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Result(problem=f"{probe.kind} check failed: {text}",
                      succeeded=False if probe.kind == "TCP" else None)


def _command(command: CommandInfo, *, strict: bool) -> Probe:
    words = ("sh", "-c", command.value or "") if command.shell is not False else (
        *(() if command.value is None else (command.value,)), *command.arguments)
    variables, _ = environment(command, {}, None if strict else unknown_secret)
    return Probe("COMMAND", words, variables)


def _host(check: object) -> str:
    return "::1" if getattr(check, "protocol", None) == "IPv6" else "127.0.0.1"


def _run_command(probe: Probe, containers: Containers, container: str,
                 timeout: float | None) -> Result:
    found = containers.exec(container, probe.argv, env=probe.env, timeout=timeout)
    if found.exit_code is None:
        return Result(problem=f"Command timed out after {timeout or 0:g}secs")
    return Result(exit_code=found.exit_code)


def _http_status(probe: Probe, pid: int, timeout: float | None) -> int:
    host = f"[{probe.host}]" if ":" in probe.host else probe.host
    url = f"{probe.scheme}://{host}:{probe.port}{probe.path}"
    deadline = None if timeout is None else time.monotonic() + timeout
    for _ in range(REDIRECTS + 1):
        status, target = _get(url, pid, deadline)
        if target is None:
            return status
        url = urllib.parse.urljoin(url, target)
    raise ValueError("too many redirects")


def _get(url: str, pid: int, deadline: float | None) -> tuple[int, str | None]:
    import http.client  # here, as it takes two megabytes of every executor, and few tasks need it

    parts = urllib.parse.urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection(parts.hostname or "", port)
    sock = _connect(parts.hostname or "", port, pid, _left(deadline))
    if parts.scheme == "https":
        import ssl

        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        sock = context.wrap_socket(sock, server_hostname=parts.hostname)
    with sock:
        connection.sock = sock
        sock.settimeout(_left(deadline))
        try:
            connection.request("GET", parts._replace(scheme="", netloc="", fragment="").geturl() or "/")
            response = connection.getresponse()
        except http.client.HTTPException as error:
            raise ValueError(str(error) or type(error).__name__) from error
        target = response.headers.get("Location") if 300 <= response.status < 400 else None
        return response.status, target


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connect(host: str, port: int, pid: int, timeout: float | None) -> socket.socket:
    """A connection made in the network namespace of a process; on a thread of its own, which then
    ends.

    The thread cannot simply go home: where that fails, it would serve others from inside a
    container's network.
    """
    outcome: list[socket.socket | OSError] = []

    def connect() -> None:
        try:
            _enter_network(pid)
            outcome.append(socket.create_connection((host, port), timeout))
        except OSError as error:
            outcome.append(error)

    thread = threading.Thread(target=connect, name="probe", daemon=True)
    thread.start()
    thread.join()
    found = outcome[0]
    if isinstance(found, OSError):
        raise found
    return found


def _enter_network(pid: int) -> None:
    import ctypes

    with open(f"/proc/{pid}/ns/net", "rb") as theirs, open("/proc/thread-self/ns/net", "rb") as ours:  # noqa: PTH123
        if os.fstat(theirs.fileno()).st_ino == os.fstat(ours.fileno()).st_ino:
            return  # host network
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(theirs.fileno(), _CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, f"cannot enter the container's network: {os.strerror(code)}")
