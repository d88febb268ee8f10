"""What an executor is told at its start, as one frozen value: flags and environment in, settings out.

Two ways to run, told apart by `--container`. The drop-in stands in the place of Mesos's own docker executor: one task,
the container named by the agent and removed by the agent, output on our own descriptors, and the words of Mesos, no
more. The custom executor runs many tasks, each in a sandbox of its own under ours.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from executor.settings.flags import Flags
from specs.words.defaults import DOCKER_SOCKET, MAPPED_DIRECTORY
from specs.words.durations import parse_duration

SHUTDOWN_GRACE: Final = 5.0  # seconds; as Mesos: DEFAULT_EXECUTOR_SHUTDOWN_GRACE_PERIOD


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are seconds."""

    directory: str  # our sandbox on the host
    mapped_directory: str = MAPPED_DIRECTORY
    docker_socket: str = DOCKER_SOCKET
    container: str | None = None  # its name, when we are the drop-in
    shutdown_grace: float = SHUTDOWN_GRACE
    cgroups_enable_cfs: bool = False
    task_environment: Mapping[str, str] = field(default_factory=dict)
    default_container_dns: Mapping[str, Any] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)  # of every container, without the task's own
    idle_timeout: float | None = 120.0  # with no task at all since the registration; None: for ever
    ack_timeout: float = 60.0  # for the last updates to be acknowledged; as Mesos
    starts: int = 8  # creates and starts at once; beyond about 2 per core only the latency grows
    log_options: Mapping[str, str] = field(default_factory=lambda: {"max-size": "10m", "max-file": "2"})

    @property
    def drop_in(self) -> bool:
        """One task, in the place of Mesos's docker executor."""
        return self.container is not None


def settings(flags: Flags, environment: Mapping[str, str], owner: str) -> Settings:
    """`owner` marks this executor's containers; a grace period in the environment has been checked by the flags."""
    grace = environment.get("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD")
    shutdown_grace = SHUTDOWN_GRACE if grace is None else parse_duration(grace) / 1e9
    labels = {
        "mesos-docker.framework-id": environment.get("MESOS_FRAMEWORK_ID", ""),
        "mesos-docker.executor-id": environment.get("MESOS_EXECUTOR_ID", ""),
        "mesos-docker.agent-id": environment.get("MESOS_SLAVE_ID", ""),
        "mesos-docker.owner": owner,
    }
    return Settings(
        directory=flags.sandbox_directory or environment.get("MESOS_DIRECTORY", "."),
        mapped_directory=flags.mapped_directory or MAPPED_DIRECTORY,
        docker_socket=flags.docker_socket or DOCKER_SOCKET,
        container=flags.container,
        shutdown_grace=max(shutdown_grace, (flags.stop_timeout or 0) / 1e9),  # as Mesos: docker_executor.cpp, `main`
        cgroups_enable_cfs=flags.cgroups_enable_cfs,
        task_environment=flags.task_environment,
        default_container_dns=flags.default_container_dns,
        labels=labels,
        idle_timeout=None if flags.drop_in else _idle_timeout(environment),
    )


def _idle_timeout(environment: Mapping[str, str]) -> float | None:
    """MESOS_DOCKER_IDLE_TIMEOUT, a duration as Mesos writes them; 0ns means for ever."""
    seconds = parse_duration(environment.get("MESOS_DOCKER_IDLE_TIMEOUT", "2mins")) / 1e9
    return seconds or None
