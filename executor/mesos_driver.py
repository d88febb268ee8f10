"""The driver: pymesos's MesosExecutorDriver with its defects cured, as the port `executor.mesos.Agent`.

Two threads. pymesos's I/O thread connects, subscribes and reads events; each event becomes one call of `AgentEvents`.
The sender thread posts calls on the second connection, one after the other, so that updates keep their order and the
supervisor never waits for the network. Both meet in the outbox (`executor/outbox.py`):

    send -> outbox -> queue -> sender -> agent -> ACKNOWLEDGED -> out of the outbox
               |                                                       ^
               +---- SUBSCRIBE after every loss, carries all of it ----+

When a SUBSCRIBE is made it takes everything in the outbox with it and the queue is emptied; what is sent later queues
up until the agent answers with an event. So an update may reach the agent twice (it knows it by its uuid), but none is
forgotten, and none overtakes an earlier one of its task.

What becomes of a loss is decided in `executor/outage.py`. This driver never kills its own process: SHUTDOWN, and an
agent that is lost for good, are `AgentEvents.shutdown`, and acknowledgements are taken until `stop`.
"""
from __future__ import annotations

import dataclasses
import json
import logging
import os
import random
import select
import signal
import threading
import time
import urllib.parse
import uuid
from base64 import b64decode
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, Final

from executor import agent_calls, outage
from executor.agent_connection import CallConnection, EventStream, Keepalive, Refusal, open_socket, request_headers
from executor.agent_sender import AgentSender
from executor.agent_settings import AgentAddress, AgentSettings, agent_settings
from executor.mesos import AgentEvents
from executor.outage import Outage, Step
from executor.outbox import Outbox, acknowledged, launched, stored
from specs.executor_call import call_problem
from specs.status import TaskStatus

_sigint: Final = signal.getsignal(signal.SIGINT)
import pymesos  # noqa: E402 - between two lines that undo what importing it does: it takes SIGINT over
from pymesos.process import Process  # noqa: E402 - as above

if _sigint is not None:  # None: it belongs to somebody outside Python
    signal.signal(signal.SIGINT, _sigint)
pymesos.logger.removeHandler(pymesos.handler)  # it writes all of its records to stderr, besides our own handlers

log = logging.getLogger(__name__)

HEARTBEAT_INTERVAL: Final = 30 * 60.0  # both ways; as Mesos: slave/constants.hpp, executor/executor.cpp
_EVENTS: Final = frozenset({"SUBSCRIBED", "LAUNCH", "LAUNCH_GROUP", "KILL", "ACKNOWLEDGED", "MESSAGE", "SHUTDOWN",
                            "ERROR", "HEARTBEAT"})


@dataclasses.dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `answer` bounds the wait for a connection, for the first event of a stream, and for a call's answer."""

    answer: float = 10.0
    heartbeat: float = HEARTBEAT_INTERVAL
    keepalive: Keepalive = dataclasses.field(default_factory=Keepalive)


def settings_from_environment(environ: MutableMapping[str, str] = os.environ) -> AgentSettings:
    """What the agent says in our environment (SpecError if it says too little); the token is erased from it.

    Containers and helpers inherit the environment; the token must not reach them.
    """
    settings = agent_settings(environ, str(Path.cwd()))
    environ.pop("MESOS_EXECUTOR_AUTHENTICATION_TOKEN", None)
    return settings


class MesosDriver(pymesos.MesosExecutorDriver):  # type: ignore[misc] # pymesos has no types
    """`Agent` over HTTP. `start` once, then `stop`; `events` is called on the driver's threads."""

    stream_id: Any  # pymesos: None means not connected
    _wakeup_fds: Any  # pymesos: the pipe that ends a wait, None when there is no thread

    def __init__(self, settings: AgentSettings, events: AgentEvents, *, timing: Timing | None = None,
                 clock: Callable[[], float] = time.time) -> None:
        """`clock` stamps the updates, seconds since the epoch."""
        Process.__init__(self, master=settings.address.authority)  # the next class reads os.environ, and reads it wrong
        self._settings = settings
        self._events = events
        self._timing = timing or Timing()
        self._clock = clock
        self._target: AgentAddress | None = None  # where a redirect sends the next try
        self._outage = Outage()
        self._registered = False
        self._subscribed_at: float | None = None  # monotonic time of the stream's first event
        self._heard_heartbeat = False  # on this stream; agents before Mesos 1.10 send none
        self._broken: str | None = None  # why the sender wants the stream to be made anew
        self._refusal: str | None = None  # the last one told, so that each is told once
        self._change = threading.Condition()
        self._box = Outbox()
        self._over = False  # nothing will be acknowledged any more: stopped, or the agent given up
        self._sender = AgentSender(self, agent_calls.heartbeat(settings), self._timing.heartbeat)

    # The port.

    def start(self) -> None:
        """Start both threads; returns at once."""
        self._sender.start()
        super().start()

    def send(self, status: TaskStatus) -> None:
        """Report an update; it gets a uuid and the time, if it has none. An impossible update is logged, not sent."""
        stamped = dataclasses.replace(
            status, uuid=status.uuid or uuid.uuid4().bytes,
            timestamp=self._clock() if status.timestamp is None else status.timestamp)
        call = agent_calls.update(self._settings, stamped)
        problem = call_problem(call)
        with self._change:
            if self._over:
                problem = problem or "the driver has ended"
            if problem is None:
                try:
                    self._box = stored(self._box, stamped)
                except ValueError as error:
                    problem = str(error)
            if problem is None:
                self._sender.enqueue(call)  # under the lock: the queue's order is the outbox's
        if problem is not None:
            log.error("Dropping UPDATE %s of task %s: %s", status.state, status.task_id, problem)

    def message(self, data: bytes) -> None:
        """Send a framework message if there is an agent to take it. As Mesos: dropped otherwise."""
        if self._sender.in_session:
            self._sender.enqueue(agent_calls.message(self._settings, data))
        else:
            log.warning("Dropping MESSAGE: the agent is out of reach")

    def drained(self, timeout: float) -> bool:
        """Whether all is acknowledged within `timeout` seconds; False at once when nobody is left to do so."""
        with self._change:
            self._change.wait_for(lambda: self._box.empty or self._over, timeout)
            return self._box.empty

    def stop(self) -> None:
        """End both threads and both connections; returns at once, `join` waits."""
        self._end()
        self._sender.stop()
        super().stop()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the threads, at most `timeout` seconds for each; not from within `events`."""
        thread = self._io_thread
        if thread is not None:
            thread.join(timeout)
        self._sender.join(timeout)

    # What the sender tells.

    def session_broken(self, why: str) -> None:
        """The connection for calls is lost: the stream goes with it, as in Mesos."""
        self._broken = why
        self._notify()

    def call_refused(self, kind: str, refusal: Refusal) -> None:
        """The agent will not take this call: nothing that we could repair."""
        self._contained(self._events.error, f"Received unexpected '{refusal}' for {kind}")

    # The I/O thread.

    def _run(self) -> None:
        try:
            while not self.aborted:
                delay = self._session()
                if not self._go_on():
                    break
                self._wait(delay)
        except Exception:
            log.exception("The connection to the agent ended by a fault of ours")
            self._tell_shutdown("the connection to the agent ended by a fault of the executor")
        finally:
            self._end()
            self._sender.stop()
            with self._lock:
                for descriptor in self._wakeup_fds:
                    os.close(descriptor)
                self._wakeup_fds = None

    def _session(self) -> float:
        """Connect, subscribe, read to the end; seconds to wait before the next try."""
        address, self._target = self._target or self._settings.address, None
        self._subscribed_at, self._heard_heartbeat, self._broken = None, False, None
        answered = False
        stream: EventStream | None = None
        try:
            connected = open_socket(self._settings, address, self._timing.answer, self._timing.keepalive)
            stream = EventStream(connected, self._settings.path, request_headers(self._settings, address),
                                 self.gen_request())
            self._read_events(stream, address)
        except Refusal as refusal:
            answered = True
            self._refused(refusal, address)
        except (OSError, ValueError) as error:
            self._lost(str(error) or repr(error))
        finally:
            self._sender.close()
            self.stream_id = None
            if stream is not None:
                stream.close()
        lasted = 0.0 if self._subscribed_at is None else time.monotonic() - self._subscribed_at
        return outage.pause(self._settings, answered=answered, session=lasted, chance=random.random())  # noqa: S311 - no secret

    def gen_request(self) -> bytes:
        """The body of SUBSCRIBE, with all that the outbox holds; what was queued for the sender is in it."""
        with self._change:
            self._sender.clear()
            return json.dumps(agent_calls.subscribe(self._settings, self._box)).encode()

    def _read_events(self, stream: EventStream, address: AgentAddress) -> None:
        """Until `stop`; raises when the stream ends, breaks, or stays silent for too long."""
        heard = time.monotonic()
        while True:
            allowed = self._allowed_silence()
            ready = self._poll(stream.fileno(), None if allowed is None else heard + allowed - time.monotonic())
            if self.aborted:
                return
            if self._broken is not None:
                raise ConnectionResetError(self._broken)
            if ready:
                for record in stream.read():
                    heard = time.monotonic()
                    self._first_event(address)
                    self._take(record)
            elif allowed is not None and time.monotonic() >= heard + allowed:
                raise TimeoutError(f"the agent was silent for {allowed} s")

    def _allowed_silence(self) -> float | None:
        if self._subscribed_at is None:
            return self._timing.answer
        return 2 * self._timing.heartbeat + self._timing.answer if self._heard_heartbeat else None

    def _first_event(self, address: AgentAddress) -> None:
        if self._subscribed_at is None:
            self._subscribed_at = time.monotonic()
            self._outage = dataclasses.replace(self._outage, since=None)
            self._refusal = None
            self.stream_id = ""  # pymesos: connected
            self._sender.open(CallConnection(self._settings, address, self._timing.answer, self._timing.keepalive))

    def _take(self, record: bytes) -> None:
        """Hand one event over. A fault in doing so is logged: it must not end the driver, nor become a task's fate."""
        try:
            event = json.loads(record)
        except ValueError as error:
            self._contained(self._events.error, f"Failed to de-serialize event: {error}")
            return
        if not isinstance(event, dict) or event.get("type") not in _EVENTS:
            log.warning("Ignoring an event that is not known here: %.200r", record)
            return
        self._contained(self.process_event, event)

    def _contained(self, call: Callable[[Any], None], argument: Any) -> None:
        try:
            call(argument)
        except Exception:
            log.exception("A fault while handling what the agent said: %.500r", argument)

    def _lost(self, why: str) -> None:
        log.warning("Lost the agent: %s", why)
        self._outage = outage.lost(self._outage, time.monotonic())
        if self._subscribed_at is not None:
            self._contained(lambda _: self._events.disconnected(), None)

    def _refused(self, refusal: Refusal, address: AgentAddress) -> None:
        text = f"Received unexpected '{refusal}' for SUBSCRIBE"
        log.warning("%s", text)
        self._target = _redirected(refusal, address)
        if self._target is not None:
            return
        self._outage = outage.refused(self._outage, refusal.status, time.monotonic())
        if self._outage.since is not None and text != self._refusal:
            self._refusal = text
            self._contained(self._events.error, text)

    def _go_on(self) -> bool:
        what = outage.step(self._outage, self._settings, time.monotonic())
        if what is Step.SHUT_DOWN:
            why = f"Recovery timeout of {self._settings.recovery_timeout:g} s exceeded" if self._settings.checkpoint \
                else "the connection to the agent is lost, and the framework does not checkpoint"
            log.warning("Shutting down: %s", why)
            self._tell_shutdown(why)
        if what is Step.GIVE_UP:
            log.error("The agent did not come back; giving up")
        return what is not Step.GIVE_UP

    def _tell_shutdown(self, why: str) -> None:
        self._outage = dataclasses.replace(self._outage, shutting_down=True)
        self._contained(self._events.shutdown, why)

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self.aborted and (left := deadline - time.monotonic()) > 0:
            self._poll(None, left)

    def _poll(self, descriptor: int | None, timeout: float | None) -> bool:
        """Wait for input, a notice or the time; whether there is input. No select: descriptors may be above 1023."""
        with self._lock:
            notices = self._wakeup_fds[0]
        poll = select.poll()
        poll.register(notices, select.POLLIN)
        if descriptor is not None:
            poll.register(descriptor, select.POLLIN)
        ready = {each for each, _ in poll.poll(None if timeout is None else max(0, int(timeout * 1000) + 1))}
        if notices in ready:
            os.read(notices, select.PIPE_BUF)
        return descriptor in ready

    def _end(self) -> None:
        with self._change:
            self._over = True
            self._change.notify_all()

    # The events, as pymesos dispatches them: `on_` and the type's name.

    def on_subscribed(self, info: dict[str, Any]) -> None:
        """SUBSCRIBED."""
        if self._registered:
            self._events.reregistered(info.get("agent_info", {}))
        else:
            self._registered = True
            self._events.registered(*(info.get(name, {}) for name in ("executor_info", "framework_info", "agent_info")))

    def on_launch(self, event: dict[str, Any]) -> None:
        """LAUNCH; also of a task that is known: what that means is not the driver's to say."""
        task = event["task"]
        with self._change:
            self._box = launched(self._box, task["task_id"]["value"], task)
        self._events.launch(task)

    def on_launch_group(self, event: dict[str, Any]) -> None:
        """LAUNCH_GROUP: each task for itself. The master lets no Docker task into a group."""
        for task in event["task_group"]["tasks"]:
            self._contained(self.on_launch, {"task": task})

    def on_kill(self, event: dict[str, Any]) -> None:
        """KILL, with its kill_policy."""
        grace = event.get("kill_policy", {}).get("grace_period", {}).get("nanoseconds")
        self._events.kill(event["task_id"]["value"], None if grace is None else int(grace) / 1e9)

    def on_acknowledged(self, event: dict[str, Any]) -> None:
        """ACKNOWLEDGED."""
        task_id, update = event["task_id"]["value"], b64decode(event["uuid"])
        with self._change:
            self._box = acknowledged(self._box, task_id, update)
            self._change.notify_all()
        self._events.acknowledged(task_id, update)

    def on_message(self, event: dict[str, Any]) -> None:
        """MESSAGE."""
        self._events.message(b64decode(event["data"]))

    def on_error(self, event: dict[str, Any]) -> None:
        """ERROR."""
        self._events.error(event["message"])

    def on_shutdown(self) -> None:
        """SHUTDOWN: the supervisor's to do; the driver lives on, for the acknowledgements."""
        self._tell_shutdown("the agent asked for it")

    def on_event(self, event: dict[str, Any]) -> None:
        """Note that the agent sends heartbeats; the rest is pymesos's."""
        self._heard_heartbeat = self._heard_heartbeat or event["type"] == "HEARTBEAT"
        super().on_event(event)


def _redirected(refusal: Refusal, address: AgentAddress) -> AgentAddress | None:
    """Where a 307 points to, if it points elsewhere."""
    if refusal.status != 307 or not refusal.location:
        return None
    try:
        parts = urllib.parse.urlsplit(refusal.location)
        target = AgentAddress(parts.hostname, parts.port or address.port) if parts.hostname else None
    except ValueError:
        return None
    return None if target == address else target
