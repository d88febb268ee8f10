"""The driver: pymesos's MesosSchedulerDriver with its defects cured, as the port `scheduler.master.port.Master`.

Two threads. The I/O thread finds the master, subscribes and reads events; each event becomes one call of
`MasterEvents`, which only puts it into an inbox. The sender (scheduler/master/sender.py) posts calls. From pymesos come
the composition of calls, the dispatch of events, and the framework id that survives a reconnect. Ours are the
connections, the detector that follows the leading master in ZooKeeper (scheduler/master/detector.py), and with them:

- a stream without heartbeats is dropped and made anew, with back-off; so is one that breaks, and one that the
  master has not got any more, as it answers a call (403): a connection's end may come to one of its ends only;
- an event that cannot be handled is told and skipped, it does not end the driver or interrupt the main thread;
- a 307 is followed to the leading master; IPv6 addresses work; a large OFFERS event is not copied again and again;
- headers are made for each request; FAILURE may miss a status; what is mended in calls is in scheduler/master/calls.py,
  how a master is reached in scheduler/master/transport.py.
"""
from __future__ import annotations

import base64
import http.client
import json
import logging
import random
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from scheduler.address import ensemble, master_address
from scheduler.config import Config, Timing, back_off, framework_info
from scheduler.master.calls import MasterCalls
from scheduler.master.connection import Answer, EventStream, reason, refusal
from scheduler.master.detector import ZkDetector
from scheduler.master.port import MasterEvents
from scheduler.master.sender import MasterSender
from scheduler.master.transport import ExposedSecretError, Transport
from scheduler.master.unreadable import end_of, receipt
from specs.errors import SpecError
from specs.forms import Message
from specs.forms.codec import read
from specs.forms.recordio import RecordError
from specs.forms.taskstatus import status_from_mapping
from specs.messages.offer import Offer
from specs.network.address import HostPort, redirected

log = logging.getLogger(__name__)

_TEMPORARY: Final = (307, 408, 429, 500, 502, 503, 504)  # answers to SUBSCRIBE that time may change


class MesosDriver(MasterCalls):
    """`Master` over HTTP: at HOST:PORT, or at whatever zk://… says leads. `start` once, then `stop`."""

    def __init__(self, master: str, config: Config, *, framework_id: str | None = None,
                 secret: str | None = None, timing: Timing | None = None,
                 transport: Transport | None = None) -> None:
        """`framework_id`: of the framework that we were, where no storage knows it; `secret`: for the principal;
        `transport`: how masters are reached, plain if nothing is said.

        Raises SpecError if `master` cannot be one.
        """
        self._transport = transport or Transport()
        self._uri: HostPort | None = None if "://" in master else master_address(master)
        super().__init__(None, framework_info(config, framework_id), master, implicit_acknowledgements=False)
        if config.principal is not None and secret is not None:
            self._basic_credential = "Basic " + base64.b64encode(f"{config.principal}:{secret}".encode()).decode()
        self._zookeeper = None if self._uri is not None else ZkDetector(ensemble(master), self)
        self._timing = timing or Timing()
        self._sender = MasterSender(self._call_failed, self._timing.answer, self._transport,
                                    unsubscribed=self.resubscribe)
        self._events: MasterEvents
        self._change = threading.Condition()  # of the four below
        self._leader: HostPort | None = self._uri  # whom to ask next; None: ZooKeeper has not said yet
        self._stream: EventStream | None = None
        self._stopping = False
        self._tries = 0  # to subscribe, since the last time that it worked
        self._subscribed = False  # on this stream
        self._ever_subscribed = False
        self._silence = self._timing.heartbeat * self._timing.missed_heartbeats

    # The port.

    def start(self, events: MasterEvents, framework_id: str | None = None) -> None:
        if framework_id is not None:
            self.framework_id = framework_id
        self._events = events
        self._started = True
        self._sender.start()
        self._io_thread = threading.Thread(target=self._run, name="mesos events", daemon=True)
        self._io_thread.start()
        if self._zookeeper is not None:
            self._zookeeper.start()

    def stop(self, *, failover: bool = False) -> None:
        """As the port says; waits until what was asked is sent, a few seconds at most."""
        if not failover and self._subscribed:
            self._send({"type": "TEARDOWN", "framework_id": {"value": self.framework_id}})
        self._sender.finish(self._timing.goodbye)
        with self._change:
            self._started = False
            self._stopping = True
            self._change.notify_all()
            stream = self._stream
        if stream is not None:
            stream.close()
        if self._zookeeper is not None:
            self._zookeeper.stop(self._timing.goodbye)
        if self._io_thread is not None and self._io_thread is not threading.current_thread():
            self._io_thread.join(self._timing.goodbye)

    def resubscribe(self) -> None:
        with self._change:
            stream = self._stream
        if stream is not None:
            stream.close()

    # pymesos's own places.

    @property
    def connected(self) -> bool:
        """Whether calls are of use: a master answers 403 before SUBSCRIBED, and pymesos asserts a framework id."""
        return self._subscribed

    def _send(self, body: Mapping[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        self._sender.post(body)
        return {}

    def _call_failed(self, call: str, why: str) -> None:
        if not self._stopping:
            self._events.call_failed(call, why)

    # The I/O thread.

    def _run(self) -> None:
        while (address := self._next_address()) is not None:
            self._subscribed = False
            try:
                self._session(address)
            except Answer as answer:
                if not self._go_on_after(answer, address):
                    return
            except ExposedSecretError as error:
                self._events.refused(str(error))
                return
            except (OSError, http.client.HTTPException, RecordError) as error:
                self._lost(address, error)
                if self._stopping:
                    return
            except Exception as error:
                log.exception("A fault of ours on the connection to the master")
                self._lost(address, error)
            self._pause()

    # What ZooKeeper tells, on its thread (scheduler.master.detector.LeaderEvents).

    def leads(self, master: HostPort) -> None:
        """A master leads, which may be the one that we are connected to."""
        with self._change:
            if self._leader != master:
                self._leader, self._tries = master, 0  # it has only begun to lead: no long pauses from before
                self._change.notify_all()
            stream = self._stream if self._master != str(master) else None
        if stream is not None:
            stream.close()

    def nobody_leads(self, why: str) -> None:
        """The master that led is gone, or goes when it sees this itself; its stream ends with it."""
        with self._change:
            self._leader = None
        self.unreachable(why)

    def unreachable(self, why: str) -> None:
        """Of interest to those who wait for a master."""
        if not self._subscribed and not self._stopping:
            self._events.disconnected(why)

    def _next_address(self) -> HostPort | None:
        """Whom to ask; waits until somebody leads. None: the end."""
        with self._change:
            self._change.wait_for(lambda: self._stopping or self._leader is not None)
            return None if self._stopping else self._leader

    def _session(self, address: HostPort) -> None:
        self._transport.check(address, self._headers())
        stream = EventStream(address, self._timing.answer, self._transport)
        with self._change:
            self._stream = stream
            stopping = self._stopping
        try:
            if not stopping:
                self._master = str(address)
                stream_id = stream.subscribe(self._subscribe_call(), self._headers())
                self._sender.open(address, {**self._headers(), "Mesos-Stream-Id": stream_id})
                while True:
                    for record in stream.read():
                        self._take(record)
                    stream.patience(self._silence if self._subscribed else self._timing.answer)
        finally:
            self._sender.close()
            with self._change:
                self._stream = None
            stream.close()

    def _subscribe_call(self) -> bytes:
        call: dict[str, Any] = {"type": "SUBSCRIBE", "subscribe": {"framework_info": self.framework}}
        if self.framework_id:
            call["framework_id"] = {"value": self.framework_id}
        return json.dumps(call).encode()

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._basic_credential is not None:
            headers["Authorization"] = self._basic_credential
        return headers

    def _take(self, record: bytes) -> None:
        try:
            event = json.loads(record)
        except ValueError as error:
            raise RecordError(f"not JSON: {record[:100]!r}") from error
        try:
            self.on_event(event)
        except SpecError as error:
            log.warning("Skipping an event that cannot be read: %s: %.500r", error, record)
        except Exception:
            log.exception("Skipping an event that cannot be handled: %.500r", record)

    def _go_on_after(self, answer: Answer, address: HostPort) -> bool:
        """Whether to try again, and where."""
        leader = redirected(answer.status, answer.location, address)
        if leader is not None:
            log.info("The master at %s says that %s leads", address, leader)
            with self._change:
                self._leader = leader
            return True
        if answer.status in _TEMPORARY or (self._ever_subscribed and answer.status == 404):
            self._lost(address, answer)
            return not self._stopping
        self._events.refused(refusal(answer, address, named=self._basic_credential is not None))
        return False

    def _lost(self, address: HostPort, error: Exception) -> None:
        if not self._stopping:
            self._events.disconnected(f"{address}: {reason(error)}")
        with self._change:
            if self._uri is not None:
                self._leader = self._uri  # the one that a redirect led to is gone: ask from the start

    def _pause(self) -> None:
        with self._change:
            self._tries = 1 if self._subscribed else self._tries + 1
            seconds = back_off(self._tries - 1, random.random(),  # noqa: S311 - no secret
                               first=self._timing.first_pause, maximum=self._timing.last_pause)
            deadline = time.monotonic() + seconds
            before = self._leader
            self._change.wait_for(lambda: self._stopping or self._leader is not before, deadline - time.monotonic())

    # The events, as pymesos dispatches them: `on_` and the type's name.

    def on_subscribed(self, info: dict[str, Any]) -> None:
        """SUBSCRIBED."""
        self.framework_id = info["framework_id"]["value"]
        heartbeat = float(info.get("heartbeat_interval_seconds") or self._timing.heartbeat)
        self._silence = heartbeat * self._timing.missed_heartbeats
        self._subscribed = self._ever_subscribed = True
        self._events.subscribed(self.framework_id, str(self._master))

    def on_heartbeat(self) -> None:
        """HEARTBEAT: that it came is all it says."""

    def on_offers(self, event: dict[str, Any]) -> None:
        """OFFERS."""
        self._events.offers([offer for said in event.get("offers", ()) if (offer := self._offer(said)) is not None])

    def _offer(self, said: Message) -> Offer | None:
        """One that cannot be read goes back, or its resources would be ours for ever."""
        try:
            return read(Offer, said, strict=False)
        except SpecError as error:
            log.warning("Declining an offer that cannot be read: %s: %.500r", error, said)
            offer_id = said.get("id") if isinstance(said, dict) else None
            if isinstance(offer_id, dict) and isinstance(offer_id.get("value"), str):
                self._call("DECLINE", {"offer_ids": [offer_id]})
            return None

    def on_rescind(self, event: dict[str, Any]) -> None:
        """RESCIND."""
        self._events.rescinded(event["offer_id"]["value"])

    def on_update(self, event: dict[str, Any]) -> None:
        """UPDATE; acknowledged by whoever stores it."""
        said = event["status"]
        try:
            status = status_from_mapping(said)
        except SpecError as error:
            log.warning("An update that cannot be read: %s: %.500r", error, said)
            self._unreadable(said, error)
        else:
            self._events.update(status)

    def _unreadable(self, said: Any, why: SpecError) -> None:
        """It would come for ever, and hold up those behind it."""
        if not isinstance(said, dict):
            return
        if (end := end_of(said, why)) is not None:
            self._events.update(end)
        elif (answer := receipt(said)) is not None:
            self._call("ACKNOWLEDGE", answer)

    def on_message(self, message: dict[str, Any]) -> None:
        """MESSAGE."""
        self._events.message(message["agent_id"]["value"], message["executor_id"]["value"],
                             base64.b64decode(message.get("data", "")))

    def on_failure(self, failure: dict[str, Any]) -> None:
        """FAILURE of an executor, or of an agent with all that was on it."""
        if "executor_id" in failure:
            self._events.executor_failed(failure.get("agent_id", {}).get("value", ""), failure["executor_id"]["value"],
                                         failure.get("status"))
        else:
            self._events.agent_failed(failure["agent_id"]["value"])

    def on_error(self, event: dict[str, Any]) -> None:
        """ERROR: the subscription is over."""
        self._events.error(event.get("message", ""))
