"""How to reach the agent, and how patient to be with it: what MESOS_* and LIBPROCESS_SSL_* say,
parsed once.

The agent sets these variables for every executor (as Mesos: slave.cpp, `executorEnvironment`); the
texts of the errors are those of src/exec/exec.cpp and src/executor/executor.cpp. Durations are
seconds from here on.
"""
from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from specs.errors import SpecError
from specs.network.address import HostPort
from specs.network.libprocess_ssl import TlsSettings, tls_settings
from specs.network.pid import Pid, parse_pid
from specs.words.durations import parse_duration

TOKEN: Final = "MESOS_EXECUTOR_AUTHENTICATION_TOKEN"  # noqa: S105 - a name
GRACE_PERIOD: Final = "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"
SOCKET_PATH_LIMIT: Final = 108  # sun_path with its closing zero: a path must be shorter
_DEFAULTS: Final = {GRACE_PERIOD: "5secs", "MESOS_RECOVERY_TIMEOUT": "15mins",
                    "MESOS_SUBSCRIPTION_BACKOFF_MAX": "2secs"}


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """All that the driver is told by its environment."""

    address: HostPort
    path: str  # of the executor API: "/slave(1)/api/v1/executor"
    framework_id: str
    executor_id: str
    agent_id: str
    directory: str  # the sandbox
    shutdown_grace: float
    checkpoint: bool = False
    recovery_timeout: float = 0.0  # how long an agent may be away; said only with checkpointing
    subscription_backoff_max: float = 2.0  # Mesos says it only with checkpointing, and does not reconnect without
    token: str | None = field(default=None, repr=False)
    domain_socket: str | None = None
    tls: TlsSettings | None = None
    process_id: str = "slave(1)"  # the agent's actor, as libprocess names it

    @property
    def pid(self) -> Pid:
        """The agent, as libprocess messages name it."""
        return Pid(self.process_id, self.address)


def agent_settings(environ: Mapping[str, str], working_directory: str = "/", *,
                   drop_in: bool = False) -> AgentSettings:
    """The settings; SpecError with Mesos's text, the whole of it in `problem`, if a variable is
    missing or unreadable.

    Of several the one is told that Mesos comes to first: its executor library (v1 API), or, for the
    `drop_in`, the older driver, which knows a default for every duration. `working_directory`
    (absolute) shortens a domain socket's path that is too long, as Mesos does.
    """
    pid = _agent_pid(_needed(environ, "MESOS_SLAVE_PID"))
    ids = _ids(environ) if drop_in else None
    domain_socket = _domain_socket(environ.get("MESOS_DOMAIN_SOCKET"), working_directory)
    checkpoint = environ.get("MESOS_CHECKPOINT") == "1"
    read = _with_default if drop_in else seconds
    if drop_in:
        shutdown_grace, patience = read(environ,
                                        GRACE_PERIOD), _patience(environ,
                                                                 read) if checkpoint else {}
    else:
        patience, shutdown_grace = _patience(environ,
                                             read) if checkpoint else {}, read(environ,
                                                                               GRACE_PERIOD)
    agent_id, framework_id, executor_id, directory = ids or _ids(environ)
    return AgentSettings(
        process_id=pid.id, address=pid.address, path=f"/{pid.id}/api/v1/executor",
        framework_id=framework_id, executor_id=executor_id,
        agent_id=agent_id, directory=directory, shutdown_grace=shutdown_grace, checkpoint=checkpoint,
        token=environ.get(TOKEN), domain_socket=domain_socket,
        tls=None if domain_socket else tls_settings(environ),  # plain HTTP on a domain socket, as Mesos
        **patience,
    )


def _ids(environ: Mapping[str, str]) -> tuple[str, str, str, str]:
    agent_id, framework_id, executor_id, directory = (
        _needed(environ, name)
        for name in ("MESOS_SLAVE_ID", "MESOS_FRAMEWORK_ID", "MESOS_EXECUTOR_ID",
                     "MESOS_DIRECTORY"))
    return agent_id, framework_id, executor_id, directory


def _patience(environ: Mapping[str, str],
              read: Callable[[Mapping[str, str], str], float]) -> dict[str, float]:
    return {"recovery_timeout": read(environ, "MESOS_RECOVERY_TIMEOUT"),
            "subscription_backoff_max": read(environ, "MESOS_SUBSCRIPTION_BACKOFF_MAX")}


def _needed(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if value is None:
        raise SpecError("", f"Expecting '{name}' to be set in the environment")
    return value


def _agent_pid(text: str) -> Pid:
    try:
        return parse_pid(text)
    except SpecError:
        raise SpecError("", f"Failed to parse MESOS_SLAVE_PID '{text}'") from None


def seconds(environ: Mapping[str, str], name: str) -> float:
    """The duration in this variable; SpecError, as `agent_settings` has it."""
    text = _needed(environ, name)
    try:
        return parse_duration(text) / 1e9
    except SpecError as error:
        raise SpecError("", f"Failed to parse {name} '{text}': {error.problem}") from error


def _with_default(environ: Mapping[str, str], name: str) -> float:
    """As Mesos: exec.cpp, `MesosExecutorDriver::start`."""
    text = environ.get(name, _DEFAULTS[name])
    try:
        return parse_duration(text) / 1e9
    except SpecError as error:
        raise SpecError("",
                        f"Failed to parse value '{text}' of '{name}': {error.problem}") from error


def _domain_socket(path: str | None, working_directory: str) -> str | None:
    if path is None or len(path.encode()) < SOCKET_PATH_LIMIT:
        return path
    relative = "./" + posixpath.relpath(path, working_directory) if posixpath.isabs(path) else path
    if len(relative.encode()) < SOCKET_PATH_LIMIT:
        return relative
    raise SpecError("", "Cannot use domain sockets for communication as requested: "
                        f"Path {relative} is longer than {SOCKET_PATH_LIMIT} characters")
