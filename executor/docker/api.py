"""The one door to the Docker SDK: its low-level client, every call bounded, failures translated.

**Two clients.** One for calls that are answered at once; its connections are kept and used again. One for answers that
go on (attach, logs, events, pull): there the SDK sends the request and reads the header, then the socket is taken out
of its hands, so that a followed container costs a descriptor and a small object, not an HTTP response. **Nothing from
the environment**: neither DOCKER_HOST and its kin, nor a proxy, nor a Docker configuration in HOME; an executor's
environment is its task's. **No call outlives its deadline**: see `calls.py`. **No cost before use**: the API
version is asked for once, with the first call.
"""
from __future__ import annotations

import http.client
import io
import os
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import docker
from docker.transport.unixconn import UnixHTTPAdapter, UnixHTTPConnection, UnixHTTPConnectionPool

from executor.docker.calls import BoundedSocket, Call, Deadlines
from executor.docker.streams import ChunkDecoder, LineDecoder, pieces
from executor.engine import errors
from executor.engine.failures import BadOption, DaemonUnavailable, RuntimeFailure, WrongVersion

T = TypeVar("T")
Explain = Callable[[int, str], RuntimeFailure]
NEWEST_API = (1, 51)  # Docker 28; newer engines understand it too
SOMEWHERE_API = "1.44"  # that every engine from 25 to 29 speaks
UPGRADE = {"Connection": "Upgrade", "Upgrade": "tcp"}  # asks for a raw connection: no chunks, nothing to parse
MAX_IDLE = 32  # connections kept open for the next call


class _Connection(UnixHTTPConnection):  # type: ignore[misc] # the SDK has no types
    """The SDK's connection on a bounded socket."""

    buffering = -1

    def connect(self) -> None:
        self.sock = BoundedSocket(buffering=self.buffering)
        try:
            self.sock.connect(self.unix_socket)
        except OSError as error:
            self.sock.close()
            if error.errno is None:
                raise
            raise OSError(error.errno, error.strerror, self.unix_socket) from error


class _StreamConnection(_Connection):
    """Reads the header byte by byte, so that nothing of the stream behind it is left in a buffer.
    """

    buffering = 0


class _Pool(UnixHTTPConnectionPool):  # type: ignore[misc]
    connection: type[_Connection] = _Connection

    def _new_conn(self) -> _Connection:
        return self.connection(self.base_url, self.socket_path, self.timeout)


class _Adapter(UnixHTTPAdapter):  # type: ignore[misc]
    """One pool for all addresses; the SDK's has one for each path, so it hardly ever uses a
    connection twice.
    """

    def __init__(self, socket_path: str, connection: type[_Connection]) -> None:
        super().__init__(f"http+unix://{socket_path}", timeout=None, max_pool_size=MAX_IDLE)
        self._pool = _Pool("http+docker://localhost", socket_path, timeout=None, maxsize=MAX_IDLE)
        self._pool.connection = connection

    def get_connection(self, url: str, proxies: object = None) -> _Pool:  # noqa: ARG002 - the SDK's signature
        return self._pool

    def close(self) -> None:
        super().close()
        self._pool.close()


class _Client(docker.APIClient):  # type: ignore[misc]
    """The SDK's client, without what its constructor reads from HOME and the environment."""

    def __init__(self, socket_path: str, connection: type[_Connection]) -> None:
        super(docker.APIClient, self).__init__()  # requests' part; the SDK's own would read configurations
        self.base_url = "http+docker://localhost"
        self.timeout = None  # the call's, not the client's
        self.trust_env = False
        self.credstore_env = None
        self._general_configs: dict[str, Any] = {}
        self._auth_configs = docker.auth.AuthConfig({})
        self._custom_adapter = _Adapter(socket_path, connection)
        self.mount("http+docker://", self._custom_adapter)
        self._version = ""


def _numbers(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def _reason(error: BaseException) -> str:
    """The innermost error: requests and urllib3 put it last among the arguments of their own."""
    while error.args and isinstance(error.args[-1], BaseException):
        error = error.args[-1]
    return str(error) or type(error).__name__


class Api:
    """One engine by its socket: the calls and the streams, bounded, with typed failures. Safe for
    threads.
    """

    def __init__(self, socket_path: str, deadlines: Deadlines | None = None) -> None:
        """Nothing is connected yet. Raises BadOption, with Mesos's text, if the path is not
        absolute.
        """
        if not socket_path.startswith("/"):
            raise BadOption(f"Invalid Docker socket path: {socket_path}")
        self.socket_path = socket_path
        self.deadlines = deadlines or Deadlines()
        self._calls = _Client(socket_path, _Connection)
        self._streams = _Client(socket_path, _StreamConnection)
        self._lock = threading.Lock()

    def call(self, what: str, seconds: float, do: Callable[[Any], T],
             explain: Explain = errors.failure) -> T:
        """Use the SDK's client within `seconds`; raises RuntimeFailure."""
        return self._spoken(Call(what, seconds), explain, lambda: do(self._versioned(self._calls)))

    def stream(self, call: Call, request: Callable[[Any], Any],
               explain: Explain = errors.failure) -> tuple[BoundedSocket, bool]:
        """Send a request (with stream=True) and take over its socket; whether its body comes in
        chunks.

        The caller closes the socket.
        """
        return self._spoken(call, explain,
                            lambda: self._taken(request(self._versioned(self._streams))))

    def lines(self, call: Call, request: Callable[[Any], Any],
              explain: Explain = errors.failure) -> Iterator[bytes]:
        """An empty line once the engine has answered, then the lines of its streamed answer, on the
        caller's thread.

        Raises DaemonUnavailable if it breaks off.
        """
        sock, chunked = self.stream(call, request, explain)
        yield b""
        decoder = ChunkDecoder(LineDecoder()) if chunked else LineDecoder()
        with sock:
            source = pieces(sock, decoder)
            while (found := self._translated(call, explain,
                                             lambda: next(source, None))) is not None:
                yield found[1]

    def api_version(self) -> tuple[int, int]:
        """The API version that is spoken: the engine's, or ours if that is older."""
        return self.call("version", self.deadlines.quick, lambda sdk: _numbers(sdk.api_version))

    def version(self) -> tuple[int, int, int]:
        """The engine's version, without what is behind the third number. Raises RuntimeFailure."""
        answer = self.call("version", self.deadlines.quick,
                           lambda sdk: str(sdk.version()["Version"]))
        numbers = re.match(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", answer)
        if numbers is None:
            raise DaemonUnavailable(f"Failed to parse docker version: {answer}")
        major, minor, patch = (int(number or 0) for number in numbers.groups())
        return major, minor, patch

    def agree(self) -> None:
        """Ask anew which API version both sides speak: the engine may be another one than before.
        """
        self.call("version", self.deadlines.quick, self._agree)

    def close(self) -> None:
        """Close the idle connections; streams belong to those who opened them."""
        self._calls.close()
        self._streams.close()

    def _versioned(self, client: _Client) -> _Client:
        if not client._version:
            with self._lock:
                if not client._version:
                    self._agree(self._calls)
        return client

    def _agree(self, client: _Client) -> None:
        """Take the newest API version that both sides speak; the engine's oldest if that is newer
        than ours.
        """
        answer = client._get(f"{client.base_url}/version")
        if answer.status_code in {400, 404}:  # asking without a version is deprecated
            answer = client._get(f"{client.base_url}/v{SOMEWHERE_API}/version")
        said = client._result(answer, json=True)
        newest, oldest = _numbers(str(said["ApiVersion"])), _numbers(str(said.get("MinAPIVersion")
                                                                         or "1.24"))
        self._calls._version = self._streams._version = "{}.{}".format(*min(newest,
                                                                            max(NEWEST_API,
                                                                                oldest)))

    def _taken(self, response: Any) -> tuple[BoundedSocket, bool]:
        body = response.raw._fp
        if response.status_code >= 400:
            body.fp = io.BufferedReader(body.fp)
            self._streams._raise_for_status(response)
        sock = BoundedSocket(fileno=os.dup(body.fp.fileno()))
        response.close()
        return sock, bool(body.chunked)

    def _spoken(self, call: Call, explain: Explain, do: Callable[[], T]) -> T:
        """Once more, in another version, where the engine does not speak the one agreed on: it is
        another engine.
        """
        try:
            return self._translated(call, explain, do)
        except WrongVersion:
            self._translated(call, explain, lambda: self._agree(self._calls))
            return self._translated(call, explain, do)

    def _translated(self, call: Call, explain: Explain, do: Callable[[], T]) -> T:
        try:
            with call.active():
                return do()
        except docker.errors.APIError as error:
            text = error.explanation or error.response.reason or f"status {error.status_code}"
            said = explain(error.status_code, text)
            said.answered = True
            raise call.verdict() or said from error
        except (OSError, ValueError, LookupError, TypeError, AttributeError,
                http.client.HTTPException) as error:
            # requests' errors are OSErrors; the others are what half an answer makes of the SDK.
            raise call.verdict() or DaemonUnavailable(f"{call.what}: {_reason(error)}") from error
