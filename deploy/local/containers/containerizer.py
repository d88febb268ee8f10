"""What a containerizer is to the agent, and the plain one: the executor as a process of the
machine.

As Mesos: slave/containerizer/containerizer.hpp; mesos/containerizer.cpp with the posix launcher and
posix isolation, that is: no isolation at all.
"""
from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from deploy.local.containers.fetcher import FetchError, fetch_all
from deploy.local.containers.launches import LaunchError, Launches
from deploy.local.containers.processes import Command, ProcessTable, Usage, kill_tree, usage_of
from deploy.local.containers.sandbox_files import complain
from specs.forms import Json

EXECUTOR_TOKEN: Final = "MESOS_EXECUTOR_AUTHENTICATION_TOKEN"  # noqa: S105 - the name of a variable
# As stout's os::host_default_path.
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


# What the end of a container says whose program could not be executed: its launcher ends with 1001.
EXEC_FAILED: Final = 1001 << 8
# What the end of a container says that was given up before its program was executed: its launcher
# ends with 1.
NOT_EXECUTED: Final = 1 << 8


@dataclass(frozen=True, slots=True)
class ContainerConfig:
    """What is to be started for an executor."""

    container_id: str
    executor: Json  # ExecutorInfo
    task: Json | None  # the TaskInfo, for the executor of a command task
    directory: Path
    environment: Mapping[str, str]
    user: str | None


@dataclass(frozen=True, slots=True)
class Termination:
    """How a container ended. What is None the agent decides."""

    status: int | None = None  # as wait() gives it
    state: str | None = None
    reason: str | None = None
    message: str | None = None


Terminated = Callable[[Termination], None]


class Containerizer(Protocol):
    """Starts and ends containers. `terminated` is called once, after a launch that did not fail."""

    def supports(self, config: ContainerConfig) -> bool: ...
    def launch(self, config: ContainerConfig, forked: Callable[[int], None],
               terminated: Terminated) -> Awaitable[None]: ...
    def recover(self, container_id: str, pid: int, terminated: Terminated) -> bool: ...
    def destroy(self, container_id: str) -> None: ...
    def pid(self, container_id: str) -> int | None: ...
    def end_orphan(self, container_id: str) -> None: ...
    def status(self, container_id: str) -> Json | None: ...
    def usage(self, container_id: str) -> Usage | None: ...
    def forget(self) -> None: ...


class ProcessContainerizer:
    """Runs executors as processes."""

    def __init__(self, processes: ProcessTable) -> None:
        self._processes = processes
        self._pids: dict[str, int] = {}
        self._launches = Launches()

    def supports(self, config: ContainerConfig) -> bool:
        return bool(config.executor.get("container", {}).get("type") != "DOCKER")

    async def launch(self, config: ContainerConfig, forked: Callable[[int], None],
                     terminated: Terminated) -> None:
        """Fetch, start, watch. `forked` is called with the pid as soon as there is one."""
        fetching = fetch_all(config.executor.get("command", {}).get("uris", ()), config.directory, config.user)
        try:
            await self._launches.step(config.container_id, fetching, "Container is being destroyed during fetching")
        except FetchError as error:
            raise LaunchError(
                f"Failed to fetch all URIs for container '{config.container_id}': exited with status 1",
                NOT_EXECUTED) from error
        try:
            pid = self._processes.start(Command(argv(config.executor["command"]),
                                                process_environment(config),
                                                config.directory, config.user))
        except (FileNotFoundError, PermissionError) as error:
            complain(config.directory, f"Failed to execute command: {error.strerror}")
            terminated(Termination(status=EXEC_FAILED))
            return
        except (OSError, KeyError) as error:
            raise LaunchError(f"Failed to fork: {error}") from error
        forked(pid)
        self.recover(config.container_id, pid, terminated)

    def recover(self, container_id: str, pid: int, terminated: Terminated) -> bool:
        """Watch a process that is there already."""
        self._pids[container_id] = pid

        def exited(status: int | None) -> None:
            self._pids.pop(container_id, None)
            terminated(Termination(status=status))

        return self._processes.watch(pid, exited)

    def destroy(self, container_id: str) -> None:
        self._launches.give_up(container_id)
        pid = self._pids.get(container_id)
        if pid is not None:
            kill_tree(pid)

    def pid(self, container_id: str) -> int | None:
        """Of the executor; None for an unknown container."""
        return self._pids.get(container_id)

    def end_orphan(self, container_id: str) -> None:
        """Nothing: such a container is its process."""

    def status(self, container_id: str) -> Json | None:
        """ContainerStatus; None for an unknown container."""
        pid = self._pids.get(container_id)
        return None if pid is None else {"container_id": {"value": container_id},
                                         "executor_pid": pid}

    def usage(self, container_id: str) -> Usage | None:
        """What its processes use; None for an unknown container."""
        pid = self._pids.get(container_id)
        return None if pid is None else usage_of(pid)

    def forget(self) -> None:
        """Watch nothing any more, and let all run: the agent stops, its executors do not."""
        for pid in self._pids.values():
            self._processes.unwatch(pid)
        self._pids.clear()


def argv(command: Mapping[str, Any]) -> list[str]:
    """The words of a CommandInfo. Without a shell the first argument is the program's name for
    itself, as in execvp.
    """
    if command.get("shell", True):
        return ["/bin/sh", "-c", command.get("value", "")]
    arguments = list(command.get("arguments", ()))
    return [command.get("value", ""), *arguments[1:]]


def process_environment(config: ContainerConfig) -> dict[str, str]:
    """All variables of the process: the agent's, the command's own, and a PATH if nobody gave one.
    """
    environment = dict(config.environment)
    environment["MESOS_SANDBOX"] = str(config.directory)
    for variable in config.executor.get("command", {}).get("environment", {}).get("variables", ()):
        environment[variable["name"]] = variable.get("value", "")
    environment.setdefault("PATH", DEFAULT_PATH)
    return environment
