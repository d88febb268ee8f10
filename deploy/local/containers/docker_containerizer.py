"""Containers in Docker: what the agent does around `mesos-docker-executor`.

For a command task with a DOCKER container: fetch the URIs, pull the image, start the executor with
Mesos's flags, and remove the container some time after its end. The executor itself runs the
container. As Mesos does, everything is asked of the `docker` command, whose words on stderr become
the task's message.

As Mesos: slave/containerizer/docker.cpp, docker/docker.cpp.
"""
from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from deploy.local.containers.containerizer import (
    DEFAULT_PATH,
    EXECUTOR_TOKEN,
    ContainerConfig,
    Terminated,
    Termination,
)
from deploy.local.containers.fetcher import FetchError, fetch_all
from deploy.local.containers.launches import LaunchError, Launches
from deploy.local.containers.processes import Command, ProcessTable, Usage, kill_tree, start_of
from deploy.local.records.flags import CLUSTERD, AgentFlags
from specs.forms import Json
from specs.words.durations import print_duration

log = logging.getLogger(__name__)

EXECUTOR: Final = "mesos-docker-executor"
NAME_PREFIX: Final = "mesos-"
AGENT_LABEL: Final = "mesos-docker.agent-id"  # of what custom executors run, as executor/settings/labels.py has it
LEFT: Final = 30.0  # seconds for Docker to remove what killed executors have left


class DockerContainerizer:
    """Runs executors of Docker tasks."""

    def __init__(self, flags: AgentFlags, processes: ProcessTable) -> None:
        self._flags = flags
        self._processes = processes
        self._pids: dict[str, int] = {}
        self._destroyed: set[str] = set()
        self._launches = Launches()
        self._removals: dict[str, asyncio.TimerHandle] = {}
        self._commands: set[asyncio.Task[object]] = set()

    def supports(self, config: ContainerConfig) -> bool:
        return bool(config.executor.get("container", {}).get("type") == "DOCKER")

    async def launch(self, config: ContainerConfig, forked: Callable[[int], None],
                     terminated: Terminated) -> None:
        """Fetch, pull, start. Raises LaunchError with Mesos's text."""
        fetching = fetch_all(config.executor.get("command", {}).get("uris", ()), config.directory, config.user)
        try:
            await self._step(config, fetching, "fetching")
        except FetchError as error:
            raise LaunchError(
                f"Failed to fetch all URIs for container '{config.container_id}': exited with status 1") from error
        image = config.executor["container"]["docker"]
        pulling = self._pull(config, image["image"], force=image.get("force_pull_image", False))
        await self._step(config, pulling, "pulling image")
        config = replace(config, directory=self._mountable(config))
        argv = self.executor_argv(config) if config.task is not None else self.custom_argv(config)
        command = Command(argv, self._environment(config), config.directory, config.user)
        try:
            pid = self._processes.start(command)
        except OSError as error:
            raise LaunchError(f"Failed to fork executor: {error}") from error
        forked(pid)
        self.recover(config.container_id, pid, terminated)

    def _mountable(self, config: ContainerConfig) -> Path:
        """The sandbox, or where its path has a colon, which separates what docker mounts from
        where, a link to it. As Mesos: docker.cpp, `Container::create`. Raises LaunchError."""
        if ":" not in str(config.directory):
            return config.directory
        link = self._link(config.container_id)
        if ":" in str(link):
            raise LaunchError(
                f"The work directory has a colon, so docker cannot mount from it: {self._flags.work_dir}")
        try:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(config.directory)
        except OSError as error:
            raise LaunchError(
                f"Failed to symlink directory '{config.directory}' to '{link}': {error.strerror}") from error
        return link

    def _link(self, container_id: str) -> Path:
        return self._flags.work_dir / "docker" / "links" / container_id

    async def _step(self, config: ContainerConfig, work: Coroutine[Any, Any, None], what: str) -> None:
        """Raises LaunchError, also where it was destroyed in between."""
        given_up = f"Container destroyed while {what}"
        await self._launches.step(config.container_id, work, given_up)
        if config.container_id in self._destroyed:
            raise LaunchError(given_up)

    def recover(self, container_id: str, pid: int, terminated: Terminated) -> bool:
        self._pids[container_id] = pid

        def exited(status: int | None) -> None:
            self._pids.pop(container_id, None)
            destroyed = container_id in self._destroyed
            self._destroyed.discard(container_id)
            self._link(container_id).unlink(missing_ok=True)
            self._remove_later(container_id)
            terminated(Termination(status=status,
                                   message="Container killed" if destroyed
                                   else "Container terminated"))

        return self._processes.watch(pid, exited)

    def destroy(self, container_id: str) -> None:
        """SIGTERM to the executor; when it does not end, SIGKILL. Its container is stopped in
        between.
        """
        self._destroyed.add(container_id)
        self._launches.give_up(container_id)
        pid = self._pids.get(container_id)
        if pid is not None:
            kill_tree(pid, signal.SIGTERM)
            self._spawn(self._stop_and_kill(container_id, pid))

    async def _stop_and_kill(self, container_id: str, pid: int) -> None:
        seconds = int(self._flags.docker_stop_timeout)
        await self._docker("stop", "-t", str(seconds), NAME_PREFIX + container_id)
        if self._pids.get(container_id) == pid:
            await asyncio.sleep(1.0)
        if self._pids.get(container_id) == pid:
            kill_tree(pid)

    def pid(self, container_id: str) -> int | None:
        """Of the executor; None for an unknown container."""
        return self._pids.get(container_id)

    def end_orphan(self, container_id: str) -> None:
        """Stop and remove a container that was not recovered. As Mesos: --docker_kill_orphans."""
        self._spawn(self._stop_orphan(container_id))

    async def _stop_orphan(self, container_id: str) -> None:
        seconds = int(self._flags.docker_stop_timeout)
        await self._docker("stop", "-t", str(seconds), NAME_PREFIX + container_id)
        self._remove_later(container_id)

    def status(self, container_id: str) -> Json | None:
        """Only the id: Docker's addresses come from the executor."""
        return {"container_id": {"value": container_id}} if container_id in self._pids else None

    def usage(self, _: str) -> Usage | None:
        """Unknown: the processes are Docker's."""
        return None

    def forget(self) -> None:
        """Watch nothing any more; containers that have ended are removed at once instead of later.
        """
        for container_id, pid in self._pids.items():
            self._processes.unwatch(pid)
            if start_of(pid) is None:  # its end was about to be told
                self._remove_later(container_id)
        self._pids.clear()

    async def finish(self) -> None:
        """Do now what was put off: remove ended containers; wait for what is under way."""
        for container_id, timer in list(self._removals.items()):
            timer.cancel()
            self._remove(container_id)
        await asyncio.gather(*self._commands, return_exceptions=True)

    async def remove_left(self, agent_id: str) -> None:
        """Remove the containers of custom executors that were killed, and could not do it."""
        try:
            async with asyncio.timeout(LEFT):
                _, told, _ = await self._docker("ps", "--all", "--quiet", "--no-trunc",
                                                "--filter", f"label={AGENT_LABEL}={agent_id}")
                if names := told.decode().split():
                    await self._docker("rm", "-f", "-v", *names)
        except TimeoutError:
            log.warning("Docker does not remove what killed executors have left within %g s", LEFT)

    # ---- docker

    async def _pull(self, config: ContainerConfig, image: str, *, force: bool) -> None:
        """As Mesos: without force a local image is enough; `:latest` is added to a name without a
        tag.
        """
        if not force:
            image = image if ":" in image.rpartition("/")[2] else f"{image}:latest"
            code, _, _ = await self._docker("inspect", image)
            if code == 0:
                return
        environment = {"HOME": str(config.directory), "PATH": DEFAULT_PATH}
        code, _, errors = await self._docker("pull", image, environment=environment)
        if code != 0:
            raise LaunchError(self._failure(("pull", image), code, errors))

    async def _docker(self, *words: str,
                      environment: dict[str, str] | None = None) -> tuple[int, bytes, bytes]:
        """Exit status, stdout and stderr of a docker command; it ends with us."""
        process = await asyncio.create_subprocess_exec(
            self._flags.docker, "-H", self._socket, *words, env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True)
        try:
            out, err = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        return process.returncode or 0, out, err

    @property
    def _socket(self) -> str:
        return f"unix://{self._flags.docker_socket}"

    def _failure(self, words: tuple[str, ...], code: int, errors: bytes) -> str:
        command = " ".join((self._flags.docker, "-H", self._socket, *words))
        how = f"exited with status {code}" if code >= 0 else f"terminated with signal {signal.strsignal(-code)}"
        return f"Failed to run '{command}': {how}; stderr='{errors.decode('utf-8', 'replace')}'"

    def _remove_later(self, container_id: str) -> None:
        loop = asyncio.get_running_loop()
        self._removals[container_id] = loop.call_later(self._flags.docker_remove_delay,
                                                       self._remove, container_id)

    def _remove(self, container_id: str) -> None:
        self._removals.pop(container_id, None)
        self._spawn(self._docker("rm", "-f", "-v", NAME_PREFIX + container_id))

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[object] = asyncio.get_running_loop().create_task(work)
        self._commands.add(task)
        task.add_done_callback(self._commands.discard)

    # ---- the executor

    def executor_argv(self, config: ContainerConfig) -> list[str]:
        """The words that start mesos-docker-executor: every flag that has a value, sorted by name.
        """
        flags = self._flags
        of_clusterd = flags.flavour == CLUSTERD  # as Clusterd: docker.cpp, `dockerFlags`
        values = {
            "network_cni_config_dir": flags.network_cni_config_dir if of_clusterd else None,
            "network_cni_plugins_dir": flags.network_cni_plugins_dir if of_clusterd else None,
            "cgroups_enable_cfs": _bool(flags.cgroups_enable_cfs),
            "cleanup_log_files": "0" if of_clusterd else None,
            "container": NAME_PREFIX + config.container_id,
            "default_container_dns": flags.default_container_dns, "docker": flags.docker,
            "docker_socket": flags.docker_socket, "help": "false",
            "initialize_driver_logging": "true",
            "launcher_dir": str(flags.launcher_dir), "logbufsecs": "0", "logging_level": "INFO",
            "mapped_directory": flags.sandbox_directory, "quiet": "false",
            "sandbox_directory": str(config.directory),
            "stop_timeout": print_duration(round(flags.docker_stop_timeout * 1e9)),
        }
        return [str(Path(flags.launcher_dir) / EXECUTOR),
                *(f"--{name}={value}" for name,
                  value in sorted(values.items()) if value is not None)]

    def custom_argv(self, config: ContainerConfig) -> list[str]:
        """A custom executor in a container of its own: `docker run` of its image with its command.
        """
        executor = config.executor
        command, docker = executor["command"], executor["container"]["docker"]
        network = docker.get("network", "HOST").lower()
        words = [self._flags.docker, "-H", self._socket, "run", "--name",
                 NAME_PREFIX + config.container_id,
                 "--net", network, "-v", f"{config.directory}:{self._flags.sandbox_directory}"]
        variables = {**config.environment, "MESOS_SANDBOX": self._flags.sandbox_directory}
        for variable in command.get("environment", {}).get("variables", ()):
            variables[variable["name"]] = variable.get("value", "")
        for name, value in sorted(variables.items()):  # the token is taken over from docker's own environment
            words += ["-e", name if name == EXECUTOR_TOKEN else f"{name}={value}"]
        for parameter in docker.get("parameters", ()):
            words.append(f"--{parameter['key']}={parameter['value']}")
        if command.get("shell", True):
            return [*words, "--entrypoint", "/bin/sh", docker["image"], "-c",
                    command.get("value", "")]
        program = [command["value"]] if "value" in command else []
        return [*words, docker["image"], *program, *command.get("arguments", ())]

    def _environment(self, config: ContainerConfig) -> dict[str, str]:
        environment = dict(config.environment)
        for variable in config.executor.get("command",
                                            {}).get("environment", {}).get("variables", ()):
            environment[variable["name"]] = variable.get("value", "")
        environment.setdefault("PATH", DEFAULT_PATH)
        return environment


def _bool(value: bool) -> str:
    return json.dumps(value)
