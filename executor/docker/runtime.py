"""The port of `executor.engine.port` on a real engine: the parts of this room, put together."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from executor.docker.api import Api
from executor.docker.calls import Deadlines
from executor.docker.containers import Containers
from executor.docker.images import Images
from executor.docker.pull import PullSettings
from executor.engine.cancellation import Cancel
from executor.engine.port import ContainerEvent, ExecResult, Inspection, OutputStream, PullListener


class DockerRuntime:
    """The port on a real engine; `containers`, `images` and `networks` hold what it does not need of Docker."""

    def __init__(self, socket_path: str, deadlines: Deadlines | None = None,
                 pull_settings: PullSettings | None = None) -> None:
        """Connects to nothing yet. Raises BadOption if the path is not absolute."""
        self.api = Api(socket_path, deadlines)
        self._containers = Containers(self.api)
        self._images = Images(self.api, pull_settings or PullSettings())

    def version(self) -> tuple[int, int, int]:
        return self.api.version()

    def has_image(self, image: str) -> bool:
        return self._images.has(image)

    def pull(self, image: str, *, sandbox: str | None = None, force: bool = False,
             listener: PullListener | None = None, cancel: Cancel | None = None) -> None:
        self._images.pull(image, sandbox=sandbox, force=force, listener=listener, cancel=cancel)

    def create(self, payload: Mapping[str, Any], name: str) -> str:
        return self._containers.create(payload, name)

    def attach(self, container: str, *, tty: bool | None = None) -> OutputStream:
        return self._containers.attach(container, tty=tty)

    def logs(self, container: str, *, follow: bool = True, since: float | None = None) -> OutputStream:
        return self._containers.logs(container, follow=follow, since=since)

    def start(self, container: str) -> None:
        self._containers.start(container)

    def inspect(self, container: str) -> Inspection:
        return self._containers.inspect(container)

    def kill(self, container: str, signal: str) -> None:
        self._containers.kill(container, signal)

    def stop(self, container: str, grace: float, signal: str | None = None) -> None:
        self._containers.stop(container, grace, signal)

    def remove(self, container: str, *, force: bool = True, volumes: bool = True) -> None:
        self._containers.remove(container, force=force, volumes=volumes)

    def containers(self, labels: Mapping[str, str], *, all: bool = True) -> Sequence[Inspection]:  # noqa: A002 - the port's
        return self._containers.ls(labels, all=all)

    def events(self, labels: Mapping[str, str], cancel: Cancel) -> Iterator[ContainerEvent]:
        return self.api.events(labels, cancel)

    def exec(self, container: str, argv: Sequence[str], *, env: Mapping[str, str] | None = None,
             timeout: float | None = None) -> ExecResult:
        return self._containers.exec(container, argv, env=env, timeout=timeout)

    def close(self) -> None:
        self.api.close()
