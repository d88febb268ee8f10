"""The container engine as the supervisor uses it: every call on a worker, every answer an event.

Pools by how long their calls take, so that nothing waits behind what it need not wait for: creates
and starts (capped: beyond about two per core only the latency grows), pulls (each as long as the
network wants), urgent calls (look, signal, forced removal), removals after the end (one at a time,
they are in nobody's way). The engine itself is built with the first call, which spares the start of
the executor the time that its modules take to load.
"""
from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from executor.admission.plan import Plan
from executor.admission.sandbox import check_volumes
from executor.engine.cancellation import Cancellation
from executor.engine.failures import Cancelled, ImageNotFound, NoSuchContainer, RuntimeFailure
from executor.engine.port import Address, ContainerAction, ContainerEvent, ContainerRuntime, Inspection, PullListener
from executor.engine.silence import Asked, Meaning, meaning
from executor.life.events import Created, Event, ImageMissing, NotStarted, Removed, SignalFailed, Started, StartUnclear
from executor.life.outcomes import Failure
from executor.life.shown import inspect_data, network_infos
from executor.node.cgroups import Cgroups
from executor.node.cni import Cni
from executor.node.output.logs import Logs
from executor.node.processes import end_processes
from executor.supervision.blocking.attempts import attempt, end_unsaid, failure_of
from executor.supervision.blocking.leftovers import Leftovers
from executor.supervision.blocking.outputs import Outputs
from executor.supervision.blocking.workers import Workers
from executor.supervision.parents import Parents
from executor.supervision.succession.handing_over import hand_over
from executor.telemetry.log import of_task

log = logging.getLogger(__name__)


URGENT_CALLS = 4
PULLS = 8
REMOVAL_PATIENCE = 5.0  # seconds that a removal waits for the starts: it costs as much as one
FIRST_PATIENCE = 30.0  # seconds that a start waits for what has to be done before any
LATE_CREATE = 60.0  # seconds in which an engine that did not answer may still make a container
CLOSE_PAUSE = 0.5  # seconds between two tries of a removal, when we end
MANY_REMOVALS = 100  # waiting ones, from which on they wait no more

Post = Callable[[Event], None]  # takes what becomes of one task


@dataclass(frozen=True, slots=True)
class Start:
    """A container to be made and started, and who hears of it.

    `wanted` is asked on the worker before each step: who waits for his turn may be killed before it
    comes. `output_ended` is called, on the watcher's thread, when the output ends and nobody has
    waited for that.
    """

    task_id: str
    plan: Plan
    wanted: Callable[[], bool]
    post: Post
    output_ended: Callable[[], None]


class EngineCalls:
    """Methods return at once, save `remove_now`."""

    def __init__(self, runtime: Callable[[], ContainerRuntime], labels: Mapping[str, str],
                 logs: Logs, *, starts: int, strict: bool, cni: Cni | None = None,
                 parents: Parents | None = None) -> None:
        """`runtime` builds the engine.

        Containers with `labels` are ours; at most so many `starts` at once. `cni` attaches those
        that want it; `parents` knows below which cgroup they are made.
        """
        self._parents = parents or Parents("")
        self._make = runtime
        self._labels = labels
        self._logs = logs
        self._strict = strict
        self._cni = cni
        self.cgroups = Cgroups()
        self._told: Callable[[ContainerEvent], None] = lambda _: None
        self._lock = threading.Lock()
        self._runtime: ContainerRuntime | None = None
        self._leftovers = Leftovers(self.remove)
        self._over = Cancellation()
        self._may_start = threading.Event()
        self._may_start.set()
        self._starts = Workers("start", starts)
        self._pulls = Workers("pull", PULLS)
        self._urgent = Workers("urgent", URGENT_CALLS)
        self._removals = Workers("remove", 1)
        self.outputs = Outputs(lambda: self.runtime, logs, self._urgent)

    @property
    def runtime(self) -> ContainerRuntime:
        """The engine itself, for calls that may block.

        Its events are told from the first use on.
        """
        with self._lock:
            if self._runtime is None:
                runtime = self._make()
                events = runtime.events.follow(self._labels, self._over)
                threading.Thread(target=self._listen, args=(events,), name="events",
                                 daemon=True).start()
                self._runtime = runtime
            return self._runtime

    def open(self, told: Callable[[ContainerEvent], None]) -> None:
        """Load what talks to Docker now, while nobody waits for it.

        `told` takes what the engine tells unasked, on its thread.
        """
        self._told = told

        def load() -> None:
            attempt(self.runtime.engine.agree)  # one that is away tells later
        self._urgent.submit(load)

    def first(self, job: Callable[[], None]) -> None:
        """Run a job that may block, on a worker.

        What is started after this call waits for it, FIRST_PATIENCE.
        """
        self._may_start.clear()

        def work() -> None:
            try:
                job()
            finally:
                self._may_start.set()
        self._urgent.submit(work)

    def start(self, start: Start) -> None:
        """-> ImageMissing, or Created and then Started, or NotStarted, or StartUnclear."""
        self._starts.submit(lambda: self._start(start))

    def pull(self, image: str, platform: str | None, sandbox: str, *, force: bool,
             cancel: Cancellation,
             listener: PullListener, done: Callable[[Failure | None], None]) -> None:
        """Get the image; `done` is called on a worker."""
        def job() -> None:
            done(failure_of(lambda: self.runtime.images.pull(
                image, platform=platform, sandbox=sandbox, force=force, listener=listener,
                cancel=cancel)))
        self._pulls.submit(job)

    def look(self, container: str, found: Callable[[Inspection | Failure | None], None]) -> None:
        """How the container is; None if there is none. `found` is called on a worker."""
        def job() -> None:
            answer = attempt(lambda: self.runtime.containers.inspect(container))
            gone = isinstance(answer, Failure) and issubclass(answer.kind, NoSuchContainer)
            found(None if gone else answer)
        self._urgent.submit(job)

    def signal(self, container: str, signal: str, post: Post, first: str | None = None,
               sent: Callable[[], None] = lambda: None) -> None:
        """-> SignalFailed if it could not be delivered; else `sent` is called, on a worker."""
        def job() -> None:
            if first is not None:
                failure_of(lambda: self.runtime.containers.kill(container, first))
            failure = failure_of(lambda: self.runtime.containers.kill(container, signal))
            if failure is not None:
                post(SignalFailed(failure))
            else:
                sent()
        self._urgent.submit(job)

    def force_remove(self, container: str, post: Post) -> None:
        """-> Removed or SignalFailed."""
        def job() -> None:
            failure = failure_of(lambda: self.runtime.containers.remove(container))
            ran = failure is None and end_processes(container)
            post(Removed(ran=ran) if failure is None else SignalFailed(failure))
        self._urgent.submit(job)

    def clear_away(self, container: str, read: Callable[[Callable[[bool], None]], None],
                   post: Post) -> None:
        """-> Removed or SignalFailed: it may run, though nobody has said that it was started. `read`
        brings its output home, and has its argument called then: whether there is any.
        """
        def remove(*, ran: bool) -> None:
            self.force_remove(container, lambda answer: post(
                Removed(ran=ran or answer.ran) if isinstance(answer, Removed) else answer))

        def job() -> None:
            ended = end_unsaid(self.runtime.containers, container)
            if isinstance(ended, Failure):
                post(SignalFailed(ended))
            else:
                read(lambda wrote: remove(ran=ended or wrote))
        self._urgent.submit(job)

    def forget(self, container: str, cni: tuple[str, ...] = ()) -> None:
        """It has ended: detach it from what we, or a process before us, attached it to."""
        self.cgroups.forget(container)
        if self._cni is not None and cni:
            self._removals.submit(partial(self._cni.detach, container, cni))

    def remove(self, container: str) -> None:
        """Remove what is left of a container, when nobody waits to be started.

        An engine that is away, or does not answer, is asked again when it is back, and at the end.
        """
        def job() -> None:
            if self._removals.backlog < MANY_REMOVALS:
                self._starts.wait_idle(REMOVAL_PATIENCE)
            self.remove_now(container)
        self._removals.submit(job)

    def remove_now(self, container: str) -> None:
        """Remove a container at once, on a thread that may wait.

        If the engine cannot now, it is asked again.
        """
        try:
            self.runtime.containers.remove(container)
        except RuntimeFailure as error:
            log.warning("Cannot remove container %s: %s", container, error)
            if meaning(Asked.REMOVE, type(error)) is Meaning.LATER:
                self._leftovers.add(container)

    def close(self, timeout: float) -> None:
        """Wait for the removals, at most `timeout` seconds, then end the event stream.

        What the engine could not remove meanwhile is asked for again while there is time: nobody does
        after us.
        """
        ends = time.monotonic() + timeout
        self._leftovers.again()
        self._removals.wait_idle(timeout)
        while self._leftovers and (left := ends - time.monotonic()) > 0:
            time.sleep(min(left, CLOSE_PAUSE))
            self._leftovers.again()
            self._removals.wait_idle(max(0.0, ends - time.monotonic()))
        self._over.set()

    def _listen(self, events: Iterable[ContainerEvent]) -> None:
        for event in events:
            self._told(event)
            if event.action is ContainerAction.RESYNC:
                self._leftovers.again()

    def _start(self, start: Start) -> None:
        self._may_start.wait(FIRST_PATIENCE)
        began = time.monotonic()
        if not start.wanted():
            start.post(NotStarted(Failure(Cancelled, "")))
            return
        warnings: list[str] = []
        container = self._create(start, warnings.append)
        if container is None:
            return
        start.post(Created(container))
        answer = attempt(lambda: self._running(container, start, tuple(warnings)))
        if not isinstance(answer, Failure):
            start.post(answer)
            took = 1000 * (time.monotonic() - began)
            log.info("Task %s: container %s (%.12s, image %s) started in %.0f ms", start.task_id,
                     start.plan.name, container, start.plan.image, took, extra=of_task(start.task_id))
            return
        self._logs.abandon(start.task_id)
        if meaning(Asked.START, answer.kind) is Meaning.MAY_RUN:
            start.post(StartUnclear(answer))
            return
        if not self._strict:
            self.remove_now(container)
            end_processes(container)  # of a start before, in which the engine was killed
        start.post(NotStarted(answer))

    def _running(self, container: str, start: Start, warnings: tuple[str, ...]) -> Started:
        self._run(container, start)
        return replace(self._started(container, start.plan), warnings=warnings)

    def _create(self, start: Start, warned: Callable[[str], None]) -> str | None:
        """The container's id, or None and an event why there is none."""
        answer = attempt(lambda: self.runtime.containers.create(
            self._parents.placed(start.plan.payload, lambda: self.runtime.engine),
            start.plan.name, warned))
        if isinstance(answer, str):
            return answer
        if meaning(Asked.CREATE, answer.kind) is Meaning.NEVER_RAN:
            self.remove(start.plan.name)
            self._leftovers.add(start.plan.name, LATE_CREATE)  # the engine may make it only now
        start.post(ImageMissing() if issubclass(answer.kind, ImageNotFound) else NotStarted(answer))
        return None

    def _run(self, container: str, start: Start) -> None:
        if not start.wanted():
            raise Cancelled
        hand_over(self.runtime.containers, container, start.plan)
        check_volumes(start.plan.volumes, links=not start.plan.restarts, missing=self._strict)
        stream = self.runtime.containers.attach(container, tty=start.plan.tty)
        self._logs.follow(start.task_id, stream, start.output_ended)
        self.runtime.containers.start(container)

    def _started(self, container: str, plan: Plan) -> Started:
        try:
            inspection = self.runtime.containers.inspect(container)
        except NoSuchContainer:
            return Started(container, False, None, None, (), None)
        except RuntimeFailure as error:
            log.warning("Failed to inspect container '%s': %s", plan.name, error)
            if plan.cni:
                raise
            return Started(container, True, None, None, (), None)
        if inspection.pid is not None:
            self.cgroups.remember(container, inspection.pid)
        joined = self._joined(container, inspection, plan)
        infos = network_infos((*joined, *inspection.addresses), plan.network_infos,
                              strict=self._strict)
        stop_signal = (inspection.raw.get("Config") or {}).get("StopSignal")
        return Started(container, inspection.running, inspection.pid, stop_signal, infos,
                       inspect_data(inspection.raw, strict=self._strict))

    def _joined(self, container: str, inspection: Inspection, plan: Plan) -> tuple[Address, ...]:
        """Its addresses on the networks that are not the engine's."""
        if self._cni is None or not plan.cni or inspection.pid is None:
            return ()
        return self._cni.attach(container, inspection.pid, plan.cni)
