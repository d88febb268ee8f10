"""The port of `executor.engine.port` on a real engine: the parts of this room, put together."""
from __future__ import annotations

from executor.docker.containers import DockerContainers
from executor.docker.door.api import Api, Called, nobody
from executor.docker.door.calls import Deadlines
from executor.docker.events import DockerEvents
from executor.docker.images import DockerImages
from executor.docker.pull import PullSettings


class DockerRuntime:
    """Implements ContainerRuntime."""

    def __init__(self, socket_path: str, deadlines: Deadlines | None = None,
                 pull_settings: PullSettings | None = None, called: Called = nobody) -> None:
        """Connects to nothing yet; `called` hears of each call. Raises BadOption if the path is not
        absolute.
        """
        self.engine = Api(socket_path, deadlines, called)
        self.containers = DockerContainers(self.engine)
        self.images = DockerImages(self.engine, pull_settings)
        self.events = DockerEvents(self.engine)
