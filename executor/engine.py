"""The container engine as the supervisor uses it: every call on a worker, every answer an event.

Pools by how long their calls take, so that nothing waits behind what it need not wait for: creates and starts (capped:
beyond about two per core only the latency grows), pulls (each as long as the network wants), urgent calls (look,
signal, forced removal), removals after the end (one at a time, they are in nobody's way). The engine itself is built
with the first call, which spares the start of the executor the time that the SDK takes to load.
"""
from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from executor.events import (
    Created,
    Event,
    ImageMissing,
    NotStarted,
    Removed,
    SignalFailed,
    Started,
    StartUnclear,
)
from executor.logs import Logs
from executor.outcomes import Failure
from executor.plan import Plan
from executor.runtime import (
    Cancellation,
    Cancelled,
    ContainerEvent,
    ContainerRuntime,
    DaemonUnavailable,
    DeadlineExceeded,
    ImageNotFound,
    Inspection,
    NoSuchContainer,
    RuntimeFailure,
)
from executor.statuses import inspect_data, network_infos
from executor.workers import Workers

log = logging.getLogger(__name__)

UNCLEAR = (DaemonUnavailable, DeadlineExceeded)
URGENT_CALLS = 4
PULLS = 8
REMOVAL_PATIENCE = 5.0  # seconds that a removal waits for the starts to be done: it costs the engine as much as a start
MANY_REMOVALS = 100  # waiting ones, from which on they wait no more

Post = Callable[[str, Event], None]


class Engine:
    """Methods return at once. `post` takes what becomes of a task, `tell` what the engine tells unasked."""

    def __init__(self, runtime: Callable[[], ContainerRuntime], labels: Mapping[str, str], logs: Logs, post: Post,
                 tell: Callable[[ContainerEvent], None], *, starts: int, strict: bool) -> None:
        self._make = runtime
        self._labels = labels
        self._logs = logs
        self._post = post
        self._tell = tell
        self._strict = strict
        self._lock = threading.Lock()
        self._runtime: ContainerRuntime | None = None
        self._over = Cancellation()
        self._starts = Workers("start", starts)
        self._pulls = Workers("pull", PULLS)
        self._urgent = Workers("urgent", URGENT_CALLS)
        self._removals = Workers("remove", 1)

    @property
    def runtime(self) -> ContainerRuntime:
        """The engine itself, for calls that may block; its events are told from the first use on."""
        with self._lock:
            if self._runtime is None:
                runtime = self._make()
                events = runtime.events(self._labels, self._over)
                threading.Thread(target=self._listen, args=(events,), name="events", daemon=True).start()
                self._runtime = runtime
            return self._runtime

    def warm_up(self) -> None:
        """Load the SDK now, while nobody waits for it."""
        self._urgent.submit(lambda: self.runtime.version() and None)

    def start(self, task_id: str, plan: Plan, wanted: Callable[[], bool]) -> None:
        """-> ImageMissing, or Created and then Started, or NotStarted, or StartUnclear.

        `wanted` is asked on the worker before each step: who waits for his turn may be killed before it comes.
        """
        self._starts.submit(lambda: self._start(task_id, plan, wanted))

    def pull(self, image: str, sandbox: str, *, force: bool, cancel: Cancellation, listener: Callable[..., None],
             done: Callable[[Failure | None], None]) -> None:
        """Get the image; `done` is called on a worker."""
        def job() -> None:
            try:
                self.runtime.pull(image, sandbox=sandbox, force=force, listener=listener, cancel=cancel)
            except RuntimeFailure as error:
                done(Failure.of(error))
            else:
                done(None)
        self._pulls.submit(job)

    def look(self, container: str, found: Callable[[Inspection | Failure | None], None]) -> None:
        """How the container is; None if there is none. `found` is called on a worker."""
        def job() -> None:
            try:
                found(self.runtime.inspect(container))
            except NoSuchContainer:
                found(None)
            except RuntimeFailure as error:
                found(Failure.of(error))
        self._urgent.submit(job)

    def signal(self, task_id: str, container: str, signal: str) -> None:
        """-> SignalFailed if it could not be delivered."""
        def job() -> None:
            try:
                self.runtime.kill(container, signal)
            except RuntimeFailure as error:
                self._post(task_id, SignalFailed(Failure.of(error)))
        self._urgent.submit(job)

    def force_remove(self, task_id: str, container: str) -> None:
        """-> Removed or SignalFailed."""
        def job() -> None:
            try:
                self.runtime.remove(container)
            except RuntimeFailure as error:
                self._post(task_id, SignalFailed(Failure.of(error)))
            else:
                self._post(task_id, Removed())
        self._urgent.submit(job)

    def remove(self, container: str) -> None:
        """Remove what is left of a container, when nobody waits to be started; a failure is logged."""
        def job() -> None:
            if self._removals.backlog < MANY_REMOVALS:
                self._starts.wait_idle(REMOVAL_PATIENCE)
            self._remove(container)
        self._removals.submit(job)

    def reread(self, task_id: str, container: str, *, follow: bool, done: Callable[[], None]) -> None:
        """Bring the output that was missed while the engine was gone, from its own log; `done` comes on a worker."""
        def job() -> None:
            try:
                self._logs.follow_again(task_id, self.runtime.logs(container, follow=follow))
            except RuntimeFailure as error:
                log.warning("Cannot read the rest of the output of task %s: %s", task_id, error)
            done()
        self._urgent.submit(job)

    def close(self, timeout: float) -> None:
        """Wait for the removals, at most `timeout` seconds, then end the event stream."""
        done = threading.Event()
        self._removals.submit(done.set)
        done.wait(timeout)
        self._over.set()

    def _listen(self, events: Iterable[ContainerEvent]) -> None:
        for event in events:
            self._tell(event)

    def _start(self, task_id: str, plan: Plan, wanted: Callable[[], bool]) -> None:
        began = time.monotonic()
        if not wanted():
            self._post(task_id, NotStarted(Failure(Cancelled, "")))
            return
        container = self._create(task_id, plan)
        if container is None:
            return
        self._post(task_id, Created(container))
        try:
            if not wanted():
                raise Cancelled
            self._logs.follow(task_id, self.runtime.attach(container, tty=plan.tty))
            self.runtime.start(container)
        except UNCLEAR as error:
            self._logs.abandon(task_id)
            self._post(task_id, StartUnclear(Failure.of(error)))
        except RuntimeFailure as error:
            self._logs.abandon(task_id)
            if not self._strict:
                self._remove(container)
            self._post(task_id, NotStarted(Failure.of(error)))
        else:
            self._post(task_id, self._started(container, plan))
            log.info("Task %s: container started in %.0f ms", task_id, 1000 * (time.monotonic() - began))

    def _create(self, task_id: str, plan: Plan) -> str | None:
        """The container's id, or None and an event why there is none."""
        try:
            return self.runtime.create(plan.payload, plan.name)
        except ImageNotFound:
            self._post(task_id, ImageMissing())
        except RuntimeFailure as error:  # a create alone never runs anything
            if isinstance(error, UNCLEAR):
                self.remove(plan.name)
            self._post(task_id, NotStarted(Failure.of(error)))
        return None

    def _started(self, container: str, plan: Plan) -> Event:
        try:
            inspection = self.runtime.inspect(container)
        except NoSuchContainer:
            return Started(container, False, None, None, (), None)
        except RuntimeFailure as error:
            log.warning("Failed to inspect container '%s': %s", plan.name, error)
            return Started(container, True, None, None, (), None)
        infos = network_infos(inspection.addresses, plan.network_infos, strict=self._strict)
        stop_signal = (inspection.raw.get("Config") or {}).get("StopSignal")
        return Started(container, inspection.running, inspection.pid, stop_signal, infos,
                       inspect_data(inspection.raw, strict=self._strict))

    def _remove(self, container: str) -> None:
        try:
            self.runtime.remove(container)
        except RuntimeFailure as error:
            log.warning("Cannot remove container %s: %s", container, error)

