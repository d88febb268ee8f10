"""The Docker SDK's low-level client, for what few tasks need: archives, networks, everyday commands
for images. Loaded with the first such call, as it costs more memory than the whole executor.

**Nothing from the environment**: neither DOCKER_HOST and its kin, nor a proxy, nor a Docker
configuration in HOME; an executor's environment is its task's.
"""
from __future__ import annotations

import http.client
from collections.abc import Callable
from typing import Any, TypeVar

import docker
from docker.transport.unixconn import UnixHTTPAdapter, UnixHTTPConnection, UnixHTTPConnectionPool

from executor.docker.door.calls import BoundedSocket
from executor.docker.door.http import MAX_IDLE, EngineRefused, complaint

T = TypeVar("T")


class _Connection(UnixHTTPConnection):  # type: ignore[misc] # the SDK has no types
    """The SDK's connection on a bounded socket."""

    def connect(self) -> None:
        self.sock = BoundedSocket()
        try:
            self.sock.connect(self.unix_socket)
        except OSError as error:
            self.sock.close()
            if error.errno is None:
                raise
            raise OSError(error.errno, error.strerror, self.unix_socket) from error


class _Pool(UnixHTTPConnectionPool):  # type: ignore[misc]
    def _new_conn(self) -> _Connection:
        return _Connection(self.base_url, self.socket_path, self.timeout)


class _Adapter(UnixHTTPAdapter):  # type: ignore[misc]
    """One pool for all addresses; the SDK's has one for each path, so it hardly ever uses a
    connection twice.
    """

    def __init__(self, socket_path: str) -> None:
        super().__init__(f"http+unix://{socket_path}", timeout=None, max_pool_size=MAX_IDLE)
        self._pool = _Pool("http+docker://localhost", socket_path, timeout=None, maxsize=MAX_IDLE)

    def get_connection(self, url: str, proxies: object = None) -> _Pool:  # noqa: ARG002 - the SDK's signature
        return self._pool

    def close(self) -> None:
        super().close()
        self._pool.close()


class SdkClient(docker.APIClient):  # type: ignore[misc]
    """The SDK's client, without what its constructor reads from HOME and the environment."""

    def __init__(self, socket_path: str) -> None:
        super(docker.APIClient, self).__init__()  # requests' part; the SDK's own would read configurations
        self.base_url = "http+docker://localhost"
        self.timeout = None  # the call's, not the client's
        self.trust_env = False
        self.credstore_env = None
        self._general_configs: dict[str, Any] = {}
        self._auth_configs = docker.auth.AuthConfig({})
        self._custom_adapter = _Adapter(socket_path)
        self.mount("http+docker://", self._custom_adapter)
        self._version = ""

    def use(self, do: Callable[[Any], T], version: str) -> T:
        """Do this, in that version of the API. Raises EngineRefused, and what half an answer makes
        of the SDK.
        """
        self._version = version
        try:
            return do(self)
        except http.client.HTTPException as error:
            raise ConnectionError(str(error) or type(error).__name__) from error

    def _raise_for_status(self, response: Any) -> None:
        """As for what is asked without the SDK, which looks up a `message` that podman may leave out."""
        status = response.status_code
        if status >= 400:
            raise EngineRefused(status, complaint(response.content, status, response.reason))
