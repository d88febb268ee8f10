"""`executor.agent.port.Agent` over libprocess: the session's state and its one thread.

    send, message, stop --> inbox --> thread <-- sockets (network.py)
                                        |
                            session.py: what to do about it

Everything that happens goes through the thread, which owns session and network. Others see two
things of it, behind a lock: whether all is acknowledged, and until when the agent is waited for.
"""
from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import assert_never

from executor.agent.first_call import REGISTER, Begun
from executor.agent.outage import RETURN_WAIT
from executor.agent.port import AgentEvents
from executor.agent.v0 import messages as m
from executor.agent.v0 import session as s
from executor.agent.v0.complaints import Complaints
from executor.agent.v0.network import Letter, Network
from executor.settings.agent import AgentSettings
from executor.settings.libprocess import LibprocessSettings
from executor.unique import unique_bytes
from specs.errors import SpecError
from specs.messages.status import TaskStatus

log = logging.getLogger(__name__)


class LibprocessDriver:
    """`begin` and `start` once, in this order, then `stop`. Between the two the agent is answered,
    and what it says waits."""

    def __init__(self, settings: AgentSettings, listening: LibprocessSettings, *,
                 clock: Callable[[], float] = time.time, begun: Begun | None = None) -> None:
        """Listens from now on; raises OSError. `clock` stamps the updates, seconds since the epoch.
        `begun`: we are registering already."""
        self._settings = settings
        self._clock = clock
        self._session = s.V0Session(settings.pid)
        self._resent = 0
        self._complaints = Complaints()
        self._begun = begun
        self._network = Network(listening, settings.pid, self._receive, self._link_ended,
                                self._complaints, begun)
        self._events: AgentEvents
        self._inbox: deque[Callable[[], s.Step]] = deque()
        self._change = threading.Condition()  # guards what follows
        self._drained = True
        self._over = False
        self._patient_until: float | None = None
        self._told = threading.Event()  # there is somebody to be told
        self._thread = threading.Thread(target=self._run, name="mesos-libprocess", daemon=True)

    def begin(self) -> None:
        """Dial the agent and register, if that is not done, on a thread of its own."""
        self._thread.start()

    # The port.

    def start(self, events: AgentEvents) -> None:
        """Tell `events` from now on what the agent says."""
        self._events = events
        self._told.set()

    def send(self, status: TaskStatus) -> None:
        """Report an update: kept until acknowledged.

        One that cannot be said is logged and dropped.
        """
        stamped = dataclasses.replace(
            status, uuid=status.uuid or unique_bytes(),
            timestamp=self._clock() if status.timestamp is None else status.timestamp)
        try:
            m.update(self._settings, stamped, str(self._network.pid))
        except SpecError as error:
            log.error("Dropping the update %s of task %s: %s",  # noqa: TRY400 - its stack says nothing
                      status.state, status.task_id, error)
            return
        self._put(lambda: s.say(self._session, stamped), drained=False)

    def message(self, data: bytes) -> None:
        """Send a framework message, if the agent is in reach."""
        self._put(lambda: s.say_message(self._session, data))

    def updates(self) -> tuple[int, int]:
        """How many updates are not acknowledged, and how many were sent again after a loss."""
        return len(self._session.box.updates), self._resent

    def drained(self, timeout: float) -> bool:
        """Whether all is acknowledged within `timeout` seconds.

        False at once when nobody is left to do so.
        """
        with self._change:
            self._change.wait_for(lambda: self._drained or self._over, timeout)
            return self._drained

    def awaited(self) -> float:
        """Seconds for which the agent, out of reach, is worth waiting for."""
        with self._change:
            until = self._patient_until
        return 0.0 if until is None else until - time.monotonic()

    def stop(self) -> None:
        """End the thread and all connections; returns at once, `join` waits."""
        with self._change:
            self._over = True
            self._change.notify_all()
        self._told.set()
        self._network.wake()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the thread's end; not from within an event."""
        if self._thread.is_alive():
            self._thread.join(timeout)

    @property
    def alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    # The thread.

    def _run(self) -> None:
        try:
            if self._begun is not None:
                self._network.go_on(self._settings.pid, self._begun.connection)
            else:
                self._network.link(self._settings.pid)
                self._network.send(REGISTER, m.register(self._settings))
            while not self._over:
                self._network.wait(self._timeout())
                self._work()
        except Exception:
            log.exception("The connection to the agent ended by a fault of ours")
            self._tell(
                s.TellShutdown("the connection to the agent ended by a fault of the executor"))
        finally:
            with self._change:
                self._over = True
                self._change.notify_all()
            self._network.close()

    def _put(self, fact: Callable[[], s.Step], *, drained: bool | None = None) -> None:
        with self._change:
            self._inbox.append(fact)
            self._drained = self._drained if drained is None else drained
        self._network.wake()

    def _timeout(self) -> float | None:
        due = s.deadline(self._session, self._settings)
        return None if due is None else max(0.0, due - time.monotonic())

    def _work(self) -> None:
        while self._inbox:
            try:
                step = self._inbox.popleft()()
            except ValueError as error:  # the outbox's: an update that cannot be
                log.error("Dropping an update: %s", error)  # noqa: TRY400 - as above
                continue
            self._take(step)
        self._take(s.tick(self._session, self._settings, time.monotonic()))
        with self._change:  # here and not when it is heard: who waits for that may end us, and the answer goes first
            self._drained = self._session.box.empty and not self._inbox
            self._change.notify_all()

    def _take(self, step: s.Step) -> None:
        was_away = self._session.away
        self._session, actions = step
        for action in actions:
            self._carry_out(action)
        with self._change:
            self._drained = self._drained and self._session.box.empty and not self._inbox
            self._over = self._over or self._session.over
            self._patient_until = self._patience(was_away)
            self._change.notify_all()

    def _patience(self, was_away: bool) -> float | None:
        session = self._session
        if session.away and session.lost is not None and self._settings.checkpoint:
            return s.deadline(session, self._settings)
        return time.monotonic() + RETURN_WAIT if was_away else self._patient_until

    def _carry_out(self, action: s.Action) -> None:
        match action:
            case s.Link(to):
                self._network.link(to)
            case s.SendUpdate(status):
                self._network.send(m.UPDATE, m.update(self._settings, status,
                                                      str(self._network.pid)))
            case s.SendReregister(box):
                self._resent += len(box.updates)
                self._network.send(m.REREGISTER, m.reregister(self._settings, box))
            case s.SendMessage(data):
                self._network.send(m.MESSAGE, m.message(self._settings, data))
            case s.Ignored(what):
                self._complaints.say("Ignoring %s", what)
            case s.Tell() | s.TellLost() | s.TellShutdown():
                self._tell(action)
            case _:
                assert_never(action)

    def _tell(self, action: s.Tell | s.TellLost | s.TellShutdown) -> None:
        """A fault in telling is logged: it must not end the driver, nor become a task's fate."""
        self._told.wait()
        if self._over:
            return
        try:
            match action:
                case s.Tell(heard):
                    self._tell_heard(heard)
                case s.TellLost():
                    self._events.disconnected()
                case s.TellShutdown(why):
                    self._events.shutdown(why)
                case _:
                    assert_never(action)
        except Exception:  # of the arguments nothing is logged: a task's environment holds secrets
            log.exception("A fault while handling what the agent said")

    def _tell_heard(self, heard: m.Heard) -> None:
        match heard:
            case m.Registered():
                log.info("Registered with the agent %s", heard.agent_id)
                self._events.registered(heard.executor_info, heard.framework_info, heard.agent_info)
            case m.Reregistered():
                self._events.reregistered(heard.agent_info)
            case m.RunTask():
                self._events.launch(heard.task)
            case m.KillTask():
                self._events.kill(heard.task_id, heard.grace)
            case m.Acknowledged():
                self._events.acknowledged(heard.task_id, heard.uuid)
            case m.FrameworkMessage():
                self._events.message(heard.data)
            case m.Reconnect() | m.Shutdown():
                pass  # the session's own
            case _:
                assert_never(heard)

    # What the network tells, on the thread.

    def _link_ended(self) -> None:
        self._take(s.link_ended(self._session, self._settings, time.monotonic()))

    def _receive(self, letter: Letter) -> bool:
        """Whether it is a letter of our agent's."""
        try:
            said = m.parse(letter.name, letter.body)
        except SpecError as error:
            self._complaints.say("Ignoring a %.100r from %s at %s: %s", letter.name, letter.sender,
                                 letter.host, error)
            return False
        if said is None:
            self._complaints.say("Ignoring a %.100r from %s at %s: no executor reads it",
                                 letter.name, letter.sender, letter.host)
            return False
        sender = s.MessageSender(letter.sender, letter.host, letter.here)
        step = s.heard(self._session, sender, said, self._settings, time.monotonic())
        self._take(step)
        return not any(isinstance(action, s.Ignored) for action in step[1])
