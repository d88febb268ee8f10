"""Images: whether one is here, pull, and Docker's everyday commands for them."""
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from executor import docker_auth, docker_errors
from executor.docker_calls import Call
from executor.docker_pull import Puller, PullSettings
from executor.runtime import Cancel, ImageNotFound, NoSuchContainer, PullListener

if TYPE_CHECKING:
    from executor.docker_runtime import Engine


class Images:
    """The images of one engine."""

    def __init__(self, engine: Engine, settings: PullSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._puller = Puller(self._pull_lines, settings)

    def has(self, image: str) -> bool:
        """Whether it is here, by name with tag (latest if none), digest or id."""
        try:
            self.inspect(image)
        except ImageNotFound:
            return False
        return True

    def inspect(self, image: str) -> dict[str, Any]:
        """As `docker image inspect`. Raises ImageNotFound."""
        try:
            return self._engine.call("image inspect", self._engine.deadlines.quick,
                                     lambda api: dict(api.inspect_image(image)))
        except NoSuchContainer as failure:  # a 404 whose text names no kind
            raise ImageNotFound(str(failure)) from failure

    def pull(self, image: str, *, sandbox: str | None = None, force: bool = False,
             listener: PullListener | None = None, cancel: Cancel | None = None) -> None:
        """See the port. As Mesos: docker.cpp, `pull`; beyond it, `latest` is added with force, too."""
        while force or not self.has(image):
            credentials = docker_auth.find(image, sandbox, self._settings.node_config)
            if self._puller.pull(image, credentials, listener, cancel):
                return

    def _pull_lines(self, call: Call, repository: str, tag: str, auth: str | None) -> Iterator[bytes]:
        params = {"fromImage": repository, "tag": tag}
        headers = {"X-Registry-Auth": auth} if auth is not None else {}
        return self._engine.lines(
            call, lambda api: api._post(api._url("/images/create"), params=params, headers=headers, stream=True),
            docker_errors.pull_failure)
