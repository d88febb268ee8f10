"""The driver: pymesos's MesosExecutorDriver with its defects cured, as the port
`executor.agent.port.Agent`.

Two threads. pymesos's I/O thread connects, subscribes and reads events; each event becomes one call
of `AgentEvents`. The sender thread posts calls on a second connection, one after the other, so that
updates keep their order and the supervisor never waits for the network. They meet in
`executor/agent/sender.py`.

What becomes of a loss is decided in `executor/agent/outage.py`. This driver never kills its own
process: SHUTDOWN, and an agent that is lost for good, are `AgentEvents.shutdown`, and
acknowledgements are taken until `stop`.

Import this module in the main thread: pymesos cannot be imported in any other.
"""
from __future__ import annotations

import dataclasses
import json
import logging
import os
import random
import signal
import time
from base64 import b64decode
from collections.abc import Callable
from typing import Any, Final

from executor.agent import outage
from executor.agent.connection import CallConnection, Refusal
from executor.agent.first_call import Begun
from executor.agent.outage import Outage, Reaction
from executor.agent.outbox import Outbox
from executor.agent.port import AgentEvents, Keeper
from executor.agent.sender import Sender
from executor.agent.session import Session, Timing, wait_readable
from executor.settings.agent import AgentSettings
from specs.messages.status import TaskStatus
from specs.network.address import HostPort, redirected

_sigint: Final = signal.getsignal(signal.SIGINT)
import pymesos  # noqa: E402 - between two lines that undo what importing it does: it takes SIGINT over
from pymesos.process import Process  # noqa: E402 - as above

if _sigint is not None:  # None: it belongs to somebody outside Python
    signal.signal(signal.SIGINT, _sigint)
pymesos.logger.removeHandler(pymesos.handler)  # it writes all of its records to stderr, besides our own handlers
pymesos.logger.setLevel(logging.NOTSET)  # it says INFO, whatever level we were told

log = logging.getLogger(__name__)

_EVENTS: Final = frozenset({"SUBSCRIBED", "LAUNCH", "LAUNCH_GROUP", "KILL", "ACKNOWLEDGED",
                            "MESSAGE", "SHUTDOWN", "ERROR", "HEARTBEAT"})


class MesosDriver(pymesos.MesosExecutorDriver):  # type: ignore[misc] # pymesos has no types
    """`Agent` over HTTP. `start` once, then `stop`."""

    stream_id: Any  # pymesos: None means not connected
    _wakeup_fds: Any  # pymesos: the pipe that ends a wait, None when there is no thread
    _events: AgentEvents  # from `start` on

    def __init__(self, settings: AgentSettings, *, timing: Timing | None = None,
                 clock: Callable[[], float] = time.time, box: Outbox | None = None,
                 keeper: Keeper | None = None, begun: Begun | None = None) -> None:
        """`clock` stamps the updates, seconds since the epoch. `box`, `keeper`: as the sender's.
        `begun`: we are subscribing already."""
        Process.__init__(self, master=str(settings.address))  # the next class reads os.environ, and reads it wrong
        self._settings = settings
        self._timing = timing or Timing()
        self._target: HostPort | None = None  # where a redirect sends the next try
        self._outage = Outage()
        self._registered = False
        self._begun = begun  # for the first session
        self._current: Session | None = None
        self._broken: str | None = None  # why the sender wants the stream to be made anew
        self._refusal: str | None = None  # the last one told, so that each is told once
        self._sender = Sender(settings, self, self._timing.heartbeat, clock, box=box, keeper=keeper)

    # The port.

    def start(self, events: AgentEvents) -> None:
        """Start both threads; returns at once. `events` is called on them."""
        self._events = events
        self._sender.start()
        super().start()

    def send(self, status: TaskStatus) -> None:
        """Report an update: kept until acknowledged.

        One that no agent would take is logged and dropped.
        """
        self._sender.send(status)

    def message(self, data: bytes) -> None:
        """Send a framework message, if the agent is in reach."""
        self._sender.message(data)

    def updates(self) -> tuple[int, int]:
        """How many updates are not acknowledged, and how many were sent again after a loss."""
        return self._sender.updates()

    def drained(self, timeout: float) -> bool:
        """Whether all is acknowledged within `timeout` seconds.

        False at once when nobody is left to do so.
        """
        return self._sender.drained(timeout)

    def awaited(self) -> float:
        """Seconds for which it is worth waiting for an agent that is out of reach, or just back."""
        return outage.awaited(self._outage, self._settings, time.monotonic())

    def stop(self) -> None:
        """End both threads and both connections; returns at once, `join` waits."""
        self._sender.end()
        super().stop()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the threads, at most `timeout` seconds for each; not from within an event."""
        if self._io_thread is not None:
            self._io_thread.join(timeout)
        self._sender.join(timeout)

    @property
    def alive(self) -> bool:
        """Whether one of the threads still runs."""
        return self._sender.alive or (self._io_thread is not None and self._io_thread.is_alive())

    # What the sender tells.

    def session_broken(self, why: str) -> None:
        """The connection for calls is lost: the stream goes with it, as in Mesos."""
        self._broken = why
        self._notify()

    def call_refused(self, kind: str, refusal: Refusal) -> None:
        """The agent will not take this call: nothing that we could repair."""
        if kind == "HEARTBEAT":  # agents before Mesos 1.10 do not know it
            log.info("%s", refusal.of(kind))
        else:
            self._contained(self._events.error, refusal.of(kind))

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
            self._sender.end()
            with self._lock:
                for descriptor in self._wakeup_fds:
                    os.close(descriptor)
                self._wakeup_fds = None

    def _session(self) -> float:
        """Connect, subscribe, read to the end; seconds to wait before the next try."""
        address, self._target = self._target or self._settings.address, None
        self._broken = None
        session: Session | None = None
        answered = False
        try:
            begun, self._begun = self._begun, None
            session = self._current = Session(self._settings, address, self._timing, begun)
            session.subscribe(self.gen_request())
            self._read_events(session)
        except Refusal as refusal:
            answered = True
            self._refused(refusal, address)
        except Exception as error:
            if not isinstance(error, OSError | ValueError):
                log.exception("A fault of ours ended the session with the agent")
            self._lost(error, told=session is not None and session.subscribed)
        finally:
            self._sender.pause()
            self.stream_id = self._current = None
            if session is not None:
                session.close()
        return outage.pause(self._settings, answered=answered, session=session.lasted if session else 0.0,
                            chance=random.random())  # noqa: S311 - no secret

    def gen_request(self) -> bytes:
        """The body of SUBSCRIBE."""
        return self._sender.subscribe()

    def _read_events(self, session: Session) -> None:
        """Until `stop`; raises when the session ends."""
        while not self.aborted:
            if self._broken is not None:
                raise ConnectionResetError(self._broken)
            begun = session.subscribed
            for record in session.events(self._notices()):
                if not begun:
                    begun = True
                    self._begin(session.address)
                self._take(record)

    def _begin(self, address: HostPort) -> None:
        """The agent is there, and calls can be sent."""
        self._outage = outage.found(self._outage, time.monotonic())
        self._refusal = None
        self.stream_id = ""  # pymesos: connected
        self._sender.begin(CallConnection(self._settings, address, self._timing.answer,
                                          self._timing.keepalive))

    def _take(self, record: bytes) -> None:
        """Hand one event over. A fault in doing so is logged: it must not end the driver, nor
        become a task's fate.
        """
        try:
            event = json.loads(record)
        except (ValueError, RecursionError) as error:
            self._contained(self._events.error, f"Failed to de-serialize event: {error}")
            return
        kind = event.get("type") if isinstance(event, dict) else None
        if not isinstance(kind, str) or kind not in _EVENTS:
            log.warning("Ignoring an event of type %.100r", kind)
            return
        self._contained(self.process_event, event)

    def _contained(self, call: Callable[..., None], *arguments: Any) -> None:
        try:
            call(*arguments)
        except Exception:  # of the arguments nothing is logged: a task's environment holds secrets
            log.exception("A fault while handling what the agent said")

    def _lost(self, error: Exception, *, told: bool) -> None:
        log.warning("Lost the agent: %s", error or repr(error))
        self._outage = outage.lost(self._outage, time.monotonic())
        if told:
            self._contained(self._events.disconnected)

    def _refused(self, refusal: Refusal, address: HostPort) -> None:
        text = refusal.of("SUBSCRIBE")
        log.warning("%s", text)
        self._target = redirected(refusal.status, refusal.location, address)
        if self._target is not None:
            return
        self._outage = outage.refused(self._outage, refusal.status, refusal.text, time.monotonic())
        if self._outage.since is not None and text != self._refusal:
            self._refusal = text
            self._contained(self._events.error, text)

    def _go_on(self) -> bool:
        what = outage.reaction(self._outage, self._settings, time.monotonic())
        if what is Reaction.SHUT_DOWN:
            why = outage.reason(self._outage, self._settings)
            log.warning("Shutting down: %s", why)
            self._tell_shutdown(why)
        if what is Reaction.GIVE_UP:
            log.error("The agent did not come back; giving up")
        return what is not Reaction.GIVE_UP

    def _tell_shutdown(self, why: str) -> None:
        self._outage = dataclasses.replace(self._outage, shutdown=time.monotonic())
        self._contained(self._events.shutdown, why)

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self.aborted and time.monotonic() < deadline:
            wait_readable(self._notices(), None, deadline)

    def _notices(self) -> int:
        with self._lock:
            return int(self._wakeup_fds[0])

    # The events, as pymesos dispatches them: `on_` and the type's name.

    def on_subscribed(self, info: dict[str, Any]) -> None:
        """SUBSCRIBED."""
        if self._registered:
            self._events.reregistered(info.get("agent_info", {}))
        else:
            self._registered = True
            self._events.registered(*(info.get(name, {})
                                      for name in ("executor_info", "framework_info",
                                                   "agent_info")))

    def on_launch(self, event: dict[str, Any]) -> None:
        """LAUNCH; also of a task that is known: what that means is not the driver's to say."""
        task = event["task"]
        self._sender.launched(task["task_id"]["value"], task)
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
        self._sender.acknowledged(task_id, update)
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

    def _delay_kill(self) -> None:
        """Nothing: pymesos would kill our process group here, whatever our containers do."""

    def on_event(self, event: dict[str, Any]) -> None:
        """Note that the agent sends heartbeats; the rest is pymesos's."""
        if event["type"] == "HEARTBEAT" and self._current is not None:
            self._current.heartbeats = True
        super().on_event(event)
