"""The one door to Docker: every call bounded, failures translated.

**Two ways.** What every task needs goes by `ask`, `stream` and `lines`, on an HTTP of our own
(http.py); the rest by `call`, on the Docker SDK (sdk.py), which is loaded then. An answer that goes
on (attach, logs, events, pull) is a socket that the caller has for himself, so that a followed
container costs a descriptor and a small object. **No call outlives its deadline**: see `calls.py`.
**No cost before use**: the API version is asked for once, with the first call.
"""
from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from executor.docker.door.calls import BoundedSocket, Call, Deadlines
from executor.docker.door.http import Ask, EngineHttp, EngineRefused
from executor.docker.door.streams import ChunkDecoder, LineDecoder, pieces
from executor.engine import errors
from executor.engine.failures import BadOption, DaemonUnavailable, RuntimeFailure, WrongVersion

if TYPE_CHECKING:
    from executor.docker.door.sdk import SdkClient

T = TypeVar("T")
Explain = Callable[[int, str], RuntimeFailure]
Called = Callable[[str, float, RuntimeFailure | None], None]  # what, after how many seconds, why it failed
NEWEST_API = (1, 51)  # Docker 28; newer engines understand it too
SOMEWHERE_API = "1.44"  # that every engine from 25 to 29 speaks


def nobody(what: str, seconds: float, failure: RuntimeFailure | None) -> None:
    """Hears of calls and does nothing."""


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

    def __init__(self, socket_path: str, deadlines: Deadlines | None = None,
                 called: Called | None = None) -> None:
        """Nothing is connected yet; `called` hears of each call, on the caller's thread.

        Raises BadOption, with Mesos's text, if the path is not absolute.
        """
        if not socket_path.startswith("/"):
            raise BadOption(f"Invalid Docker socket path: {socket_path}")
        self.socket_path = socket_path
        self.deadlines = deadlines or Deadlines()
        self._http = EngineHttp(socket_path)
        self._sdk: SdkClient | None = None
        self._version = ""
        self._called = called or nobody
        self._lock = threading.Lock()

    def ask(self, what: str, seconds: float, ask: Ask, read: Callable[[Any], T],
            explain: Explain = errors.failure) -> T:
        """A request within `seconds`; `read` is given the JSON that answers it, None for nothing.
        Raises RuntimeFailure, also where that is not what `read` expects.
        """
        def do() -> T:
            body = self._http.ask(ask, self._spoken_version())
            return read(json.loads(body) if body.strip() else None)

        return self._spoken(Call(what, seconds), explain, do)

    def call(self, what: str, seconds: float, do: Callable[[Any], T],
             explain: Explain = errors.failure) -> T:
        """Use the SDK's client within `seconds`; raises RuntimeFailure."""
        sdk = self._loaded()
        return self._spoken(Call(what, seconds), explain,
                            lambda: sdk.use(do, self._spoken_version()))

    def stream(self, call: Call, ask: Ask,
               explain: Explain = errors.failure) -> tuple[BoundedSocket, bool]:
        """A request whose answer goes on: its socket, and whether the body comes in chunks.

        The caller closes the socket.
        """
        return self._spoken(call, explain,
                            lambda: self._http.stream(ask, self._spoken_version()))

    def lines(self, call: Call, ask: Ask, explain: Explain = errors.failure) -> Iterator[bytes]:
        """An empty line once the engine has answered, then the lines of its streamed answer, on the
        caller's thread.

        Raises DaemonUnavailable if it breaks off.
        """
        sock, chunked = self.stream(call, ask, explain)
        yield b""
        decoder = ChunkDecoder(LineDecoder()) if chunked else LineDecoder()
        with sock:
            source = pieces(sock, decoder)
            while (found := self._translated(call, explain,
                                             lambda: next(source, None))) is not None:
                yield found[1]

    def api_version(self) -> tuple[int, int]:
        """The API version that is spoken: the engine's, or ours if that is older."""
        return self._spoken(Call("version", self.deadlines.quick), errors.failure,
                            lambda: _numbers(self._spoken_version()))

    def version_text(self, seconds: float | None = None) -> str:
        """The engine's version, as it says it: "20.10.24+dfsg1". Raises RuntimeFailure."""
        limit = self.deadlines.quick if seconds is None else seconds
        return self.ask("version", limit, Ask("GET", "/version"), lambda said: str(said["Version"]))

    def version(self) -> tuple[int, int, int]:
        """The engine's version, without what is behind the third number. Raises RuntimeFailure."""
        answer = self.version_text()
        numbers = re.match(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", answer)
        if numbers is None:
            raise DaemonUnavailable(f"Failed to parse docker version: {answer}")
        major, minor, patch = (int(number or 0) for number in numbers.groups())
        return major, minor, patch

    def cgroup_driver(self) -> str:
        """See the port. Raises RuntimeFailure."""
        return self.ask("info", self.deadlines.quick, Ask("GET", "/info"),
                        lambda said: str(said["CgroupDriver"]))

    def has_containerd_store(self) -> bool:
        """Whether it keeps images in containerd's store, which newer engines do. Raises RuntimeFailure."""
        return self.ask("info", self.deadlines.quick, Ask("GET", "/info"),
                        lambda said: "snapshotter" in str(said.get("DriverStatus")))

    def agree(self) -> None:
        """Ask anew which API version both sides speak: the engine may be another one than before.
        """
        self._spoken(Call("version", self.deadlines.quick), errors.failure, self._agree)

    def close(self) -> None:
        """Close the idle connections; streams belong to those who opened them."""
        self._http.close()
        if self._sdk is not None:
            self._sdk.close()

    def _loaded(self) -> SdkClient:
        with self._lock:
            if self._sdk is None:
                from executor.docker.door.sdk import SdkClient

                self._sdk = SdkClient(self.socket_path)
            return self._sdk

    def _spoken_version(self) -> str:
        if not self._version:
            with self._lock:
                if not self._version:
                    self._agree()
        return self._version

    def _agree(self) -> None:
        """Take the newest API version that both sides speak; the engine's oldest if that is newer
        than ours.

        A ping tells the newest, and that is all where ours is not older: to tell its version podman
        starts a dozen programs, which on a busy machine takes it many seconds.
        """
        try:
            pinged = self._http.headers(Ask("GET", "/_ping"), None).get("api-version")
        except EngineRefused as refusal:
            if refusal.status not in {400, 404}:
                raise
            pinged = None
        newest = _numbers(pinged) if pinged else None
        if newest is None or newest > NEWEST_API:
            newest, oldest = self._told()
            newest = min(newest, max(NEWEST_API, oldest))
        self._version = "{}.{}".format(*newest)

    def _told(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The newest and the oldest API version that the engine speaks."""
        try:
            answer = self._http.ask(Ask("GET", "/version"), None)
        except EngineRefused as refusal:
            if refusal.status not in {400, 404}:
                raise
            answer = self._http.ask(Ask("GET", "/version"), SOMEWHERE_API)  # without a version is deprecated
        said = json.loads(answer)
        return _numbers(str(said["ApiVersion"])), _numbers(str(said.get("MinAPIVersion") or "1.24"))

    def _spoken(self, call: Call, explain: Explain, do: Callable[[], T]) -> T:
        began = time.monotonic()
        try:
            answer = self._understood(call, explain, do)
        except RuntimeFailure as failure:
            self._called(call.what, time.monotonic() - began, failure)
            raise
        self._called(call.what, time.monotonic() - began, None)
        return answer

    def _understood(self, call: Call, explain: Explain, do: Callable[[], T]) -> T:
        """Once more, in another version, where the engine does not speak the one agreed on: it is
        another engine.
        """
        try:
            return self._translated(call, explain, do)
        except WrongVersion:
            self._translated(call, explain, self._agree)
            return self._translated(call, explain, do)

    def _translated(self, call: Call, explain: Explain, do: Callable[[], T]) -> T:
        try:
            with call.active():
                return do()
        except EngineRefused as error:
            raise self._refusal(call, explain, error) from error
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            # requests' errors are OSErrors; the others are what half an answer makes of it.
            raise call.verdict() or DaemonUnavailable(f"{call.what}: {_reason(error)}") from error

    @staticmethod
    def _refusal(call: Call, explain: Explain, refused: EngineRefused) -> RuntimeFailure:
        said = explain(refused.status, refused.text)
        said.answered = True
        return call.verdict() or said
