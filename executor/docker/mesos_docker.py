"""Mesos's `Docker` class (docker.hpp, docker.cpp) on the Engine API: same operations, same texts,
no docker command.

What Mesos builds command lines for is here a call with a deadline. Where Mesos polls (`inspect`
until started), the engine's events tell. What the everyday commands are beyond Mesos's class hangs
on `containers`, `images`, `networks`.
"""
from __future__ import annotations

import logging
import math
import os
import select
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from executor.docker.containers import DockerContainers
from executor.docker.door.api import Api
from executor.docker.door.calls import Deadlines
from executor.docker.events import DockerEvents
from executor.docker.images import DockerImages
from executor.docker.networks import DockerNetworks
from executor.docker.pull import PullSettings
from executor.engine.cancellation import Cancel, Cancellation
from executor.engine.failures import (
    Cancelled,
    ContainerNotRunning,
    DeadlineExceeded,
    NodeLacks,
    NoSuchContainer,
    RuntimeFailure,
)
from executor.engine.inspection import completed, completed_image
from executor.engine.mesos_inspect import MesosContainer, MesosImage, mesos_container, mesos_image
from executor.engine.port import Inspection, OutputStream
from executor.node.stats import Stats, stats
from specs.container.payload import create_payload
from specs.container.run_options import RunOptions
from specs.errors import SpecError
from specs.words.version import MINIMUM_DOCKER, Version, docker_version, parse_version, require_docker, require_networks

log = logging.getLogger(__name__)

VERSION_SECONDS: Final = 5.0  # as Mesos: docker.cpp, DOCKER_VERSION_WAIT_TIMEOUT
CGROUPS: Final = Path("/sys/fs/cgroup")

Write = Callable[[int, bytes], object]
"""(1 or 2, text): takes what a container writes."""


class Docker:
    """One engine, with the operations that Mesos has. Raises RuntimeFailure; SpecError where Mesos
    has a text.
    """

    def __init__(self, api: Api, pull_settings: PullSettings | None = None) -> None:
        self.api = api
        self.containers = DockerContainers(api)
        self.images = DockerImages(api, pull_settings)
        self.networks = DockerNetworks(api)
        self.events = DockerEvents(api)

    @classmethod
    def create(cls, socket: str, *, validate: bool = True, config: str | None = None) -> Docker:
        """`config` is the node's Docker configuration, a path or JSON. As Mesos: docker.cpp,
        `Docker::create`.

        With `validate` the cgroup hierarchy and the engine's version are looked at; cgroup v2 will
        do, too.
        """
        docker = cls(Api(socket, Deadlines()), PullSettings(node_config=config))
        if validate:
            if not cpu_cgroup_mounted(CGROUPS):
                raise SpecError("",
                                "Failed to find a mounted cgroups hierarchy for the 'cpu' subsystem; you probably "
                                    "need to mount cgroups manually")
            docker.validate_version(parse_version(MINIMUM_DOCKER))
        return docker

    def version(self, seconds: float = VERSION_SECONDS) -> Version:
        """The engine's. Raises SpecError with Mesos's texts."""
        try:
            answer = self.api.version_text(seconds)
        except DeadlineExceeded as failure:
            raise SpecError("", "Timed out getting docker version") from failure
        except RuntimeFailure as failure:
            raise SpecError("", f"Failed to get docker version: {failure}") from failure
        return docker_version(f"Docker version {answer}, build")

    def validate_version(self, minimum: Version, seconds: float = VERSION_SECONDS) -> None:
        """Raises SpecError "Insufficient version …" if it is older."""
        require_docker(self.version(seconds), minimum)

    def run(self, options: RunOptions, write: Write, cancel: Cancel | None = None) -> int:
        """As `docker run` in the foreground: its exit status, and 125, 126 or 127 as the docker
        command has them.

        What could not be done is written to descriptor 2, as the docker command does. A cancel
        kills the container.
        """
        if options.network not in {"host", "bridge", "none"} or options.dns or options.dns_opt:
            require_networks(self.version(), options.network, options.dns, options.dns_opt)
        try:
            return self.run_payload(create_payload(options), options.name, write, cancel)
        except RuntimeFailure as failure:
            if isinstance(failure, Cancelled):
                raise
            write(2, f"docker: Error response from daemon: {failure}.\n".encode())
            return failure.docker_status(str(failure))

    def run_payload(self, payload: Mapping[str, Any], name: str | None, write: Write,
                    cancel: Cancel | None = None) -> int:
        """The same for an Engine API payload; raises what could not be done."""
        container = self.containers.create(payload, name)
        stream = self.containers.attach(container, tty=bool(payload.get("Tty")))
        try:
            self.containers.start(container)
            if not copy_output(stream, write, cancel):
                self.containers.kill(container, "SIGKILL")
                raise Cancelled(f"run of {name or container}: cancelled")
        finally:
            stream.close()
        return self.containers.wait(container, self.api.deadlines.stop)

    def stop(self, name: str, timeout: float = 0, *, remove: bool = False) -> None:
        """As Mesos: docker.cpp, `stop`; with `remove` also removed, by force if the stop failed."""
        if timeout < 0:
            raise SpecError("",
                            f"A negative timeout cannot be applied to docker stop: {math.trunc(timeout)}")
        try:
            self.containers.stop(name, timeout)
        except RuntimeFailure:
            if remove:
                self.containers.remove(name, force=True)
            raise
        if remove:
            self.containers.remove(name, force=False)

    def kill(self, name: str, signal: int | str) -> None:
        """As `docker kill --signal`."""
        self.containers.kill(name, str(signal))

    def rm(self, name: str, *, force: bool = False) -> None:
        """As `docker rm -v [-f]`."""
        self.containers.remove(name, force=force, volumes=True)

    def inspect(self, name: str, *, wait: float | None = None) -> MesosContainer:
        """As `docker inspect --type=container`; with `wait`, once it has been started, at most so
        many seconds later.

        Raises NoSuchContainer, or DeadlineExceeded if it was not started in that time.
        """
        if wait is None:
            return self._look(name)
        given_up = Cancellation()
        events = self.events.follow({}, given_up, container=name, seconds=wait)
        try:
            found = self._started(name)
            while found is None:
                if next(events, None) is None:
                    raise DeadlineExceeded(f"inspect: {name} was not started within {wait:g} s")
                found = self._started(name)
            return found
        finally:
            given_up.set()
            events.close()

    def _look(self, name: str) -> MesosContainer:
        return mesos_container([completed(self.containers.inspect(name).raw)])

    def _started(self, name: str) -> MesosContainer | None:
        try:
            found = self._look(name)
        except NoSuchContainer:
            return None
        return found if found.started else None

    def ps(self, *, all: bool = False, prefix: str = "") -> list[MesosContainer]:  # noqa: A002 - as docker ps
        """As Mesos: docker.cpp, `ps`. Those that go away meanwhile, or cannot be read, are left
        out; Mesos fails.

        Without a prefix these are all containers of the node, whoever made them, in whatever state.
        """
        try:
            listed = self.containers.ls(all=all, prefix=prefix)
        except RuntimeFailure as failure:
            raise type(failure)(f"Docker ps batch failed {failure}") from failure
        return [found for each in listed if (found := _readable(each)) is not None]

    def pull(self, directory: str, image: str, *, force: bool = False,
             cancel: Cancel | None = None) -> MesosImage:
        """As Mesos: docker.cpp, `pull`; `directory` is the sandbox. Images of Docker 26 and later
        are read, too.
        """
        self.images.pull(image, sandbox=directory, force=force, cancel=cancel)
        try:
            return mesos_image(completed_image(self.images.inspect(image)))
        except SpecError as error:
            raise SpecError("", f"Unable to create image: {error.problem}") from error

    def stats(self, name: str) -> Stats:
        """What a running container uses, from the kernel's files. Raises ContainerNotRunning, and
        NodeLacks where the engine makes no cgroups.
        """
        pid = self.containers.inspect(name).pid
        try:
            if pid is not None:
                return stats(pid)
        except LookupError as error:
            raise NodeLacks(f"The kernel does not say what container {name} uses: {error}") from error
        except (OSError, ValueError) as error:
            raise ContainerNotRunning(f"Container {name} is not running: {error}") from error
        raise ContainerNotRunning(f"Container {name} is not running")

    def close(self) -> None:
        """Close the idle connections."""
        self.api.close()


def _readable(found: Inspection) -> MesosContainer | None:
    try:
        return mesos_container([completed(found.raw)])
    except SpecError as error:
        log.warning("Leaving out container %s: %s", found.id, error.problem)
        return None


def copy_output(stream: OutputStream, write: Write, cancel: Cancel | None = None) -> bool:
    """Hand on what comes until the stream ends; False if it was cancelled before."""
    wake = os.eventfd(0)
    forget = cancel.on_set(lambda: os.eventfd_write(wake,
                                                    1)) if cancel is not None else lambda: None
    poll = select.poll()
    poll.register(stream, select.POLLIN)
    poll.register(wake, select.POLLIN)
    try:
        while (pieces := stream.read()) is not None:
            for descriptor, text in pieces:
                write(descriptor, text)
            if not pieces and any(descriptor == wake for descriptor, _ in poll.poll()):
                return False
        return True
    finally:
        forget()
        os.close(wake)


def cpu_cgroup_mounted(root: Path) -> bool:
    """Whether CPU limits can be had: version 1 with its own hierarchy, or version 2 with the
    controller.
    """
    controllers = root / "cgroup.controllers"
    if controllers.exists():
        return "cpu" in controllers.read_text().split()
    return (root / "cpu" / "cpu.shares").exists()
