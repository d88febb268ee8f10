"""Which task waits for which image: one pull per image, its result for all. Belongs to the supervisor's thread."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from executor.engine.cancellation import Cancellation
from executor.engine.port import PullProgress
from executor.life.events import Event, Pulled, PullFailed, PullProgressed
from executor.life.outcomes import Failure

PROGRESS_INTERVAL = 5.0  # seconds between two updates about one pull


class Puller(Protocol):
    """Who gets an image on a worker, where `listener` and `done` are called too: the engine."""

    def pull(self, image: str, sandbox: str, *, force: bool, cancel: Cancellation,
             listener: Callable[[PullProgress], None], done: Callable[[Failure | None], None]) -> None: ...


@dataclass(slots=True)
class _Pull:
    tasks: list[str]
    cancel: Cancellation = field(default_factory=Cancellation)


class Pulls:
    """`sandbox` may hold credentials for registries; `on_loop` runs a call on the supervisor's thread."""

    def __init__(self, puller: Puller, sandbox: str, post: Callable[[str, Event], None],
                 on_loop: Callable[[Callable[[], None]], None], clock: Callable[[], float]) -> None:
        self._puller = puller
        self._sandbox = sandbox
        self._post = post
        self._on_loop = on_loop
        self._clock = clock
        self._pulls: dict[str, _Pull] = {}

    def want(self, task_id: str, image: str, *, force: bool) -> None:
        """-> Pulled, PullFailed or PullProgressed, until `drop`. A pull under way serves for a forced one too."""
        pull = self._pulls.get(image)
        if pull is not None:
            pull.tasks.append(task_id)
            return
        pull = self._pulls[image] = _Pull([task_id])
        told = self._clock()

        def progressed(progress: PullProgress) -> None:
            nonlocal told
            if self._clock() - told >= PROGRESS_INTERVAL:
                told = self._clock()
                self._on_loop(lambda: self._progressed(pull, progress))

        self._puller.pull(image, self._sandbox, force=force, cancel=pull.cancel, listener=progressed,
                          done=lambda failure: self._on_loop(lambda: self._done(image, pull, failure)))

    def drop(self, task_id: str) -> None:
        """The task needs it no more; the last one cancels."""
        for image, pull in list(self._pulls.items()):
            if task_id in pull.tasks:
                pull.tasks.remove(task_id)
                if not pull.tasks:
                    del self._pulls[image]
                    pull.cancel.set()

    def _progressed(self, pull: _Pull, progress: PullProgress) -> None:
        for task_id in pull.tasks:
            self._post(task_id, PullProgressed(progress_text(progress)))

    def _done(self, image: str, pull: _Pull, failure: Failure | None) -> None:
        if self._pulls.get(image) is pull:
            del self._pulls[image]
        for task_id in pull.tasks:
            self._post(task_id, Pulled() if failure is None else PullFailed(failure))


def progress_text(progress: PullProgress) -> str:
    """How far it is, for people."""
    done = f"{progress.layers_done} of {progress.layers} layers"
    if progress.bytes:
        done += f", {progress.bytes_done / 1e6:.1f} of {progress.bytes / 1e6:.1f} MB"
    return f"Pulling image {progress.image}: {done}"
