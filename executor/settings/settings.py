"""What an executor is told at its start, as one frozen value: flags and environment in, settings
out.

Two ways to run, told apart by `--container`. The drop-in stands in the place of Mesos's own docker
executor: one task, the container named by the agent and removed by the agent, output on our own
descriptors, and the words of Mesos, no more. The custom executor runs many tasks, each in a sandbox
of its own under ours.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from executor.settings.agent import AgentSettings, seconds
from executor.settings.flags import Flags
from executor.settings.labels import labels
from specs.words.defaults import DOCKER_SOCKET, MAPPED_DIRECTORY

IDLE_TIMEOUT: Final = "MESOS_DOCKER_IDLE_TIMEOUT"
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
    log_options: Mapping[str, str] = field(default_factory=lambda: {"max-size": "10m",
                                                                    "max-file": "2"})

    @property
    def drop_in(self) -> bool:
        """One task, in the place of Mesos's docker executor."""
        return self.container is not None


def settings(flags: Flags, told: AgentSettings, environment: Mapping[str, str],
             owner: str) -> Settings:
    """`owner` marks this executor's containers.

    SpecError with the whole text if a variable of ours is unreadable.
    """
    return Settings(
        directory=flags.sandbox_directory or told.directory,
        mapped_directory=flags.mapped_directory or MAPPED_DIRECTORY,
        docker_socket=flags.docker_socket or DOCKER_SOCKET,
        container=flags.container,
        # as Mesos: docker_executor.cpp, `main`
        shutdown_grace=max(told.shutdown_grace, (flags.stop_timeout or 0) / 1e9),
        cgroups_enable_cfs=flags.cgroups_enable_cfs,
        task_environment=flags.task_environment,
        default_container_dns=flags.default_container_dns,
        labels=labels(told.framework_id, told.executor_id, told.agent_id, owner),
        idle_timeout=None if flags.drop_in else _idle_timeout(environment),
    )


def _idle_timeout(environment: Mapping[str, str]) -> float | None:
    """A duration as Mesos writes them; 0ns means for ever."""
    return seconds({IDLE_TIMEOUT: "2mins", **environment}, IDLE_TIMEOUT) or None
