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
from typing import TypeVar

from executor.admission.plan import Plan
from executor.engine.cancellation import Cancellation
from executor.engine.failures import (
    Cancelled,
    DaemonUnavailable,
    DeadlineExceeded,
    Fault,
    ImageNotFound,
    NoSuchContainer,
    RuntimeFailure,
)
from executor.engine.port import ContainerAction, ContainerEvent, ContainerRuntime, Inspection, PullListener
from executor.life.events import Created, Event, ImageMissing, NotStarted, Removed, SignalFailed, Started, StartUnclear
from executor.life.outcomes import Failure
from executor.life.shown import inspect_data, network_infos
from executor.node.logs import Logs
from executor.supervision.workers import Workers

log = logging.getLogger(__name__)


T = TypeVar("T")

UNCLEAR = (DaemonUnavailable, DeadlineExceeded, Fault)
URGENT_CALLS = 4
PULLS = 8
REMOVAL_PATIENCE = 5.0  # seconds that a removal waits for the starts to be done: it costs the engine as much as a start
SWEEP_PATIENCE = 30.0  # seconds that a start waits for what an earlier executor has left to be removed
SWEPT_BY = ("mesos-docker.framework-id", "mesos-docker.executor-id", "mesos-docker.agent-id")
OWNER = "mesos-docker.owner"
MANY_REMOVALS = 100  # waiting ones, from which on they wait no more

Post = Callable[[Event], None]  # takes what becomes of one task


class EngineCalls:
    """Methods return at once. `tell` takes what the engine tells unasked."""

    def __init__(self, runtime: Callable[[], ContainerRuntime], labels: Mapping[str, str], logs: Logs,
                 tell: Callable[[ContainerEvent], None], *, starts: int, strict: bool) -> None:
        self._make = runtime
        self._labels = labels
        self._logs = logs
        self._tell = tell
        self._strict = strict
        self._lock = threading.Lock()
        self._runtime: ContainerRuntime | None = None
        self._unremoved: set[str] = set()  # the engine was away when their removal was due
        self._over = Cancellation()
        self._swept = threading.Event()
        self._swept.set()
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
                events = runtime.events.follow(self._labels, self._over)
                threading.Thread(target=self._listen, args=(events,), name="events", daemon=True).start()
                self._runtime = runtime
            return self._runtime

    def warm_up(self) -> None:
        """Load the SDK now, while nobody waits for it."""
        self._urgent.submit(lambda: self.runtime.engine.version() and None)

    def sweep(self) -> None:
        """Remove what an earlier executor with our ids has left, before anything is started.

        An agent has one executor of a framework and an id at a time, and tells the end of its tasks when it ends
        without a word, as by SIGKILL. So containers with our labels and another owner belong to nobody.
        """
        wanted = {name: self._labels.get(name, "") for name in SWEPT_BY}
        if self._strict or not all(wanted.values()):
            return
        self._swept.clear()

        def job() -> None:
            try:
                self._remove_orphans(wanted)
            finally:
                self._swept.set()
        self._urgent.submit(job)

    def start(self, task_id: str, plan: Plan, wanted: Callable[[], bool], post: Post) -> None:
        """-> ImageMissing, or Created and then Started, or NotStarted, or StartUnclear.

        `wanted` is asked on the worker before each step: who waits for his turn may be killed before it comes.
        """
        self._starts.submit(lambda: self._start(task_id, plan, wanted, post))

    def pull(self, image: str, sandbox: str, *, force: bool, cancel: Cancellation, listener: PullListener,
             done: Callable[[Failure | None], None]) -> None:
        """Get the image; `done` is called on a worker."""
        def job() -> None:
            done(_failure(lambda: self.runtime.images.pull(image, sandbox=sandbox, force=force, listener=listener,
                                                    cancel=cancel)))
        self._pulls.submit(job)

    def look(self, container: str, found: Callable[[Inspection | Failure | None], None]) -> None:
        """How the container is; None if there is none. `found` is called on a worker."""
        def job() -> None:
            answer = _attempt(lambda: self.runtime.containers.inspect(container))
            gone = isinstance(answer, Failure) and issubclass(answer.kind, NoSuchContainer)
            found(None if gone else answer)
        self._urgent.submit(job)

    def signal(self, container: str, signal: str, post: Post, first: str | None = None) -> None:
        """-> SignalFailed if it could not be delivered."""
        def job() -> None:
            if first is not None:
                _failure(lambda: self.runtime.containers.kill(container, first))
            failure = _failure(lambda: self.runtime.containers.kill(container, signal))
            if failure is not None:
                post(SignalFailed(failure))
        self._urgent.submit(job)

    def force_remove(self, container: str, post: Post) -> None:
        """-> Removed or SignalFailed."""
        def job() -> None:
            failure = _failure(lambda: self.runtime.containers.remove(container))
            post(Removed() if failure is None else SignalFailed(failure))
        self._urgent.submit(job)

    def remove(self, container: str) -> None:
        """Remove what is left of a container, when nobody waits to be started.

        An engine that is away, or does not answer, is asked again when it is back, and at the end.
        """
        def job() -> None:
            if self._removals.backlog < MANY_REMOVALS:
                self._starts.wait_idle(REMOVAL_PATIENCE)
            self._remove(container)
        self._removals.submit(job)

    def reread(self, task_id: str, container: str, *, follow: bool, done: Callable[[], None]) -> None:
        """Bring the output that was missed while the engine was gone, from its own log; `done` comes on a worker."""
        def job() -> None:
            try:
                self._logs.follow_again(task_id, self.runtime.containers.logs(container, follow=follow))
            except RuntimeFailure as error:
                log.warning("Cannot read the rest of the output of task %s: %s", task_id, error)
            done()
        self._urgent.submit(job)

    def close(self, timeout: float) -> None:
        """Wait for the removals, at most `timeout` seconds, then end the event stream."""
        self._remove_again()
        done = threading.Event()
        self._removals.submit(done.set)
        done.wait(timeout)
        self._over.set()

    def _listen(self, events: Iterable[ContainerEvent]) -> None:
        for event in events:
            self._tell(event)
            if event.action is ContainerAction.RESYNC:
                self._remove_again()

    def _start(self, task_id: str, plan: Plan, wanted: Callable[[], bool], post: Post) -> None:
        self._swept.wait(SWEEP_PATIENCE)
        began = time.monotonic()
        if not wanted():
            post(NotStarted(Failure(Cancelled, "")))
            return
        container = self._create(plan, post)
        if container is None:
            return
        post(Created(container))
        failure = _failure(lambda: self._run(task_id, container, plan, wanted))
        if failure is None:
            post(self._started(container, plan))
            log.info("Task %s: container started in %.0f ms", task_id, 1000 * (time.monotonic() - began))
            return
        self._logs.abandon(task_id)
        if issubclass(failure.kind, UNCLEAR):
            post(StartUnclear(failure))
            return
        if not self._strict:
            self._remove(container)
        post(NotStarted(failure))

    def _run(self, task_id: str, container: str, plan: Plan, wanted: Callable[[], bool]) -> None:
        if not wanted():
            raise Cancelled
        self._logs.follow(task_id, self.runtime.containers.attach(container, tty=plan.tty))
        self.runtime.containers.start(container)

    def _create(self, plan: Plan, post: Post) -> str | None:
        """The container's id, or None and an event why there is none."""
        answer = _attempt(lambda: self.runtime.containers.create(plan.payload, plan.name))
        if isinstance(answer, str):
            return answer
        if issubclass(answer.kind, UNCLEAR):  # a create alone never runs anything
            self.remove(plan.name)
        post(ImageMissing() if issubclass(answer.kind, ImageNotFound) else NotStarted(answer))
        return None

    def _started(self, container: str, plan: Plan) -> Event:
        try:
            inspection = self.runtime.containers.inspect(container)
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
            self.runtime.containers.remove(container)
        except RuntimeFailure as error:
            log.warning("Cannot remove container %s: %s", container, error)
            if isinstance(error, UNCLEAR):
                with self._lock:
                    self._unremoved.add(container)

    def _remove_orphans(self, wanted: Mapping[str, str]) -> None:
        found = _attempt(lambda: self.runtime.containers.ls(wanted))
        if isinstance(found, Failure):
            log.warning("Cannot look for containers of an earlier executor: %s", found.text)
            return
        for container in found:
            labels = (container.raw.get("Config") or {}).get("Labels") or {}
            if labels.get(OWNER) != self._labels.get(OWNER):
                log.warning("Removing the container of task %s: its executor ended without a word",
                            labels.get("mesos-docker.task-id"))
                self._remove(container.id)

    def _remove_again(self) -> None:
        with self._lock:
            unremoved, self._unremoved = self._unremoved, set()
        for container in unremoved:
            self.remove(container)


def _attempt(call: Callable[[], T]) -> T | Failure:
    """What a call to the engine gives. A fault of ours is a failure too: nobody must wait for ever."""
    try:
        return call()
    except RuntimeFailure as error:
        return Failure.of(error)
    except Exception as error:
        log.exception("A fault in a call to the engine")
        return Failure(Fault, f"{type(error).__name__}: {error}")


def _failure(call: Callable[[], None]) -> Failure | None:
    """Why a call without an answer failed, if it did."""
    return _attempt(call)
