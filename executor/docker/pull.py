"""Pulls: one per image at a time, shared; with progress, limits, and another try where that can
help.

**Shared.** Whoever asks for an image that is being pulled waits for that pull and hears of its progress; it goes on as
long as anybody waits, and is cancelled with the last one. Who comes with other credentials waits for it too, then looks
whether the image is here, and pulls with its own if not: nobody fails because of another's password.

**Limits.** `idle` bounds the engine's silence while layers come in, `extract` while they are unpacked (a large layer is
silent for minutes), `total` all tries together.

**Tries.** Only what can change is tried again, later each time and at random, so that a crowd does not come back at
once: a registry that stalls or answers 5xx, an engine that is away. A registry that answers 429 is left alone for
longer; one that has no address, or where nobody listens, is soon given up. Not found, not authorised and a name that
is no name end the pull at once.
"""
from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from executor.docker.auth import Credentials
from executor.docker.door.calls import Call
from executor.engine.cancellation import Cancel, Cancellation
from executor.engine.errors import pull_failure
from executor.engine.failures import (
    BadNodeLogin,
    Cancelled,
    DeadlineExceeded,
    NotAuthorised,
    RateLimited,
    RegistryUnreachable,
    RuntimeFailure,
)
from executor.engine.port import PullListener, PullProgress
from specs.images.reference import parse_reference

_DONE: Final = frozenset({"Pull complete", "Already exists"})
_LAYER: Final = frozenset({"Pulling fs layer", "Waiting", "Downloading", "Verifying Checksum",
                           "Download complete", "Extracting", "Retrying"}) | _DONE


@dataclass(frozen=True, slots=True)
class PullSettings:
    """Limits in seconds, the tries, and the node's Docker configuration (a path or its JSON)."""

    idle: float = 120.0
    extract: float = 900.0
    total: float = 3600.0
    attempts: int = 6
    unreachable_attempts: int = 3  # where nobody is: some 3 s, for that is most often a mistyped name
    pause: float = 1.0  # before the second try, at most; doubles with each
    longest_pause: float = 60.0
    limited_pause: float = 15.0  # the same for 429
    node_config: str | None = None


class Progress:
    """Adds up what the engine tells of single layers."""

    def __init__(self, image: str) -> None:
        self._image = image
        self._status: dict[str, str] = {}
        self._bytes: dict[str, tuple[int, int]] = {}  # done, of

    def feed(self, message: Mapping[str, Any]) -> PullProgress | None:
        """Take one message in; the new sum if it was about a layer."""
        layer, status = str(message.get("id", "")), str(message.get("status", ""))
        known = status if status in _LAYER else status.partition(" ")[0]
        if not layer or known not in _LAYER:
            return None
        self._status[layer] = known
        detail = message.get("progressDetail") or {}
        if known == "Downloading" and detail:
            self._bytes[layer] = int(detail.get("current") or 0), int(detail.get("total") or 0)
        elif known in {"Download complete", "Pull complete"} and layer in self._bytes:
            size = max(self._bytes[layer])
            self._bytes[layer] = size, size
        return self.now()

    def now(self) -> PullProgress:
        done = sum(status in _DONE for status in self._status.values())
        return PullProgress(self._image, done, len(self._status),
                            sum(done for done, _ in self._bytes.values()),
                            sum(of for _, of in self._bytes.values()))

    @property
    def extracting(self) -> bool:
        """Whether the engine has nothing left to do but to unpack: then it may be silent for
        longer.
        """
        busy = {status for status in self._status.values() if status not in _DONE}
        return bool(busy) and busy <= {"Extracting", "Download complete", "Verifying Checksum"}


def reference(image: str) -> tuple[str, str]:
    """An image's name as the engine's pull wants it: repository, and tag (latest if none) or
    digest.
    """
    name = parse_reference(image)
    repository = name.repository if name.registry is None else f"{name.registry}/{name.repository}"
    return repository, name.digest or name.tag or "latest"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pull is for; pulls of the same are one. `image` is its name as somebody wrote it."""

    repository: str
    tag: str
    platform: str | None
    image: str = field(compare=False)

    @classmethod
    def of(cls, image: str, platform: str | None = None) -> Wanted:
        """Raises SpecError if the name is none."""
        return cls(*reference(image), platform, image)


def stream_error(message: Mapping[str, Any]) -> str | None:
    """The error in a message of a stream that began with 200; `error` is going away since Docker 28
    (API 1.48).
    """
    detail = message.get("errorDetail")
    text = detail.get("message") if isinstance(detail, Mapping) else None
    said = text or message.get("error")
    return str(said) if said else None


class SharedPull:
    """One pull under way and those who wait for it."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.cancel = Cancellation()
        self._changed = threading.Condition()
        self.waiting = 0
        self._done = False
        self._failure: RuntimeFailure | None = None
        self._listeners: list[PullListener] = []

    def join(self, listener: PullListener | None) -> bool:
        """Take part in this one and hear of it from now on; False if it is over or given up."""
        with self._changed:
            if self._done or self.cancel.is_set():
                return False
            self.waiting += 1
            if listener is not None:
                self._listeners.append(listener)
            return True

    def wait(self, listener: PullListener | None, cancel: Cancel | None) -> None:
        """Until its end, for one that has joined. Raises its failure, or Cancelled if this one
        gives up.
        """
        forget = cancel.on_set(self._notify) if cancel is not None else lambda: None
        try:
            with self._changed:
                self._changed.wait_for(lambda: self._done
                                       or (cancel is not None and cancel.is_set()))
                self.waiting -= 1
                done = self._done
                if not done and self.waiting == 0:
                    self.cancel.set()  # under the lock, so that nobody joins a pull that is given up
        finally:
            forget()
            if listener is not None:
                self._listeners.remove(listener)
        if not done:
            raise Cancelled("the pull was cancelled")
        if self._failure is not None:
            raise _again(self._failure)

    def finish(self, failure: RuntimeFailure | None) -> None:
        with self._changed:
            self._done, self._failure = True, failure
            self._changed.notify_all()

    def tell(self, progress: PullProgress) -> None:
        for listener in tuple(self._listeners):
            listener(progress)

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _again(failure: RuntimeFailure) -> RuntimeFailure:
    """The same failure for one more raiser: a raised exception belongs to one thread's traceback.
    """
    return type(failure)(*failure.args)


Lines = Callable[[Call, Wanted, str | None], Iterator[bytes]]
"""(call, what is wanted, X-Registry-Auth) → the lines of the engine's answer."""


class Puller:
    """Pulls from one engine; safe for threads."""

    def __init__(self, lines: Lines, settings: PullSettings) -> None:
        self._lines = lines
        self._settings = settings
        self._lock = threading.Lock()
        self._under_way: dict[Wanted, SharedPull] = {}

    def pull(self, wanted: Wanted, credentials: Credentials, listener: PullListener | None,
             cancel: Cancel | None) -> bool:
        """Pull, or wait for the pull of the same image.

        False if the pull waited for went with other credentials: then look for the image and come
        again.
        """
        if cancel is not None and cancel.is_set():
            raise Cancelled(f"{wanted.image}: the pull was cancelled")
        with self._lock:
            shared = self._under_way.get(wanted)
            if shared is None or not shared.join(listener):
                shared = SharedPull(credentials)
                shared.join(listener)
                self._under_way[wanted] = shared
                threading.Thread(target=self._run, args=(shared, wanted), name="pull",
                                 daemon=True).start()
        if shared.credentials == credentials:
            shared.wait(listener, cancel)
            return True
        try:
            shared.wait(listener, cancel)
        except Cancelled:
            if cancel is not None and cancel.is_set():
                raise
        except RuntimeFailure:
            pass
        return False

    def waiting(self, wanted: Wanted) -> int:
        """How many wait for this pull."""
        with self._lock:
            shared = self._under_way.get(wanted)
        return 0 if shared is None else shared.waiting

    def _run(self, shared: SharedPull, wanted: Wanted) -> None:
        failure: RuntimeFailure | None = None
        try:
            self._attempts(shared, wanted)
        except RuntimeFailure as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - those who wait must be told, whatever it is
            failure = RuntimeFailure(f"{wanted.image}: the pull failed: {error!r}")
        finally:
            with self._lock:
                if self._under_way.get(wanted) is shared:
                    del self._under_way[wanted]
            shared.finish(failure)

    def _attempts(self, shared: SharedPull, wanted: Wanted) -> None:
        import tenacity  # 20 ms and 3 MiB, which an executor spends only when it pulls

        settings, ends = self._settings, time.monotonic() + self._settings.total
        later = tenacity.wait_random_exponential(settings.pause, settings.longest_pause)
        much_later = tenacity.wait_random_exponential(settings.limited_pause,
                                                      4 * settings.longest_pause)
        often = tenacity.stop_after_attempt(settings.attempts)
        seldom = tenacity.stop_after_attempt(settings.unreachable_attempts)
        too_long = tenacity.stop_before_delay(settings.total)

        def failed(state: tenacity.RetryCallState, kind: type[RuntimeFailure]) -> bool:
            return state.outcome is not None and isinstance(state.outcome.exception(), kind)

        def pause(state: tenacity.RetryCallState) -> float:
            return (much_later if failed(state, RateLimited) else later)(state)

        def enough(state: tenacity.RetryCallState) -> bool:
            return too_long(state) or (seldom if failed(state, RegistryUnreachable)
                                       else often)(state)

        def pass_time(seconds: float) -> None:
            shared.cancel.wait(seconds)

        for attempt in tenacity.Retrying(
                retry=tenacity.retry_if_exception(lambda error: isinstance(error, RuntimeFailure)
                                                  and error.retry),
                stop=enough, wait=pause, sleep=pass_time, reraise=True):
            with attempt:
                self._once(shared, wanted, ends - time.monotonic())

    def _once(self, shared: SharedPull, wanted: Wanted, left: float) -> None:
        call = Call(f"pull of {wanted.image}", max(left, 0.0), self._settings.idle)
        progress = Progress(wanted.image)
        credentials = shared.credentials
        try:
            with call.cancelled_by(shared.cancel):
                for line in self._lines(call, wanted, credentials.header):
                    message = json.loads(line or b"{}")
                    if (said := stream_error(message)) is not None:
                        raise pull_failure(None, said)
                    now = progress.feed(message)
                    call.idle = self._settings.extract if progress.extracting else self._settings.idle
                    if now is not None:
                        shared.tell(now)
        except NotAuthorised as failure:
            kind = BadNodeLogin if credentials.nodes else NotAuthorised
            raise kind(f"{failure} ({credentials.source} was used)") from failure
        except DeadlineExceeded as failure:
            raise DeadlineExceeded(f"{failure} ({_told(progress.now())})") from failure


def _told(progress: PullProgress) -> str:
    return (
        f"{progress.layers_done} of {progress.layers} layers and {progress.bytes_done} of {progress.bytes} bytes "
            "were there")
