"""All of an executor's libprocess sockets: the one that listens, those who dialled it, and the link.

The link is the connection that we made to the agent: what we say goes over it, and its end is the
agent's exit. What the agent says comes over connections of its own making. Both stay open. A
message to an agent without a link is lost, as in libprocess; the session says it again.

**The port is open to everybody on this machine**, so what a stranger can do is bounded: the number
of connections, the size of a request (requests.py), and how long one may stay half sent. When there
are too many, those go first that never said anything which our agent could have said.
"""
from __future__ import annotations

import contextlib
import ipaddress
import logging
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from executor.agent.first_call import ACTOR, Begun
from executor.agent.v0 import tls
from executor.agent.v0.channel import Channel
from executor.agent.v0.complaints import Complaints
from executor.agent.v0.listening import adopted, listen, own_address, plain_host, resolved
from executor.agent.v0.requests import BadRequest, Request, RequestReader, answer, message
from executor.settings.libprocess import LibprocessSettings
from specs.errors import SpecError
from specs.network.pid import Pid, parse_pid

log = logging.getLogger(__name__)

MAX_CONNECTIONS: Final = 64
HALF_SENT: Final = 30.0  # seconds that a request may take to come
MAX_UNREAD: Final = 1024 * 1024  # bytes of answers that somebody does not read
_KEEPALIVE: Final = ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 4))


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it came, for our actor. `here`: it comes from this machine."""

    sender: Pid
    name: str
    body: bytes
    host: str
    here: bool


@dataclass(slots=True)
class _Caller:
    """Somebody who dialled us."""

    channel: Channel
    host: str
    here: bool
    reader: RequestReader = field(default_factory=RequestReader)
    since: float = 0.0  # when the request that is half sent began; 0: there is none
    known: bool = False  # it has said something that our agent could have said
    closing: bool = False  # once what waits has gone out


class Network:
    """Belongs to one thread, but for `wake`. `received` says whether a letter is our agent's."""

    def __init__(self, settings: LibprocessSettings, agent: Pid, received: Callable[[Letter], bool],
                 link_ended: Callable[[], None], complaints: Complaints,
                 begun: Begun | None = None) -> None:
        """Listens, where it is not `begun`; raises OSError, also for certificates that cannot be read
        (ssl.SSLError)."""
        self._settings = settings
        self._received = received
        self._link_ended = link_ended
        self._complaints = complaints
        self._client = None if settings.tls is None else tls.client_context(settings.tls)
        self._server = None if settings.tls is None else tls.server_context(settings.tls)
        self._listener = listen(settings, agent.address) if begun is None else adopted(begun.listener)
        self._selector = selectors.DefaultSelector()
        self._callers: dict[int, _Caller] = {}  # by descriptor
        self._link: Channel | None = None
        self._agent: Pid | None = None
        self._plain = False  # whether TLS to this agent has failed, and plain HTTP is tried
        self._notice, self._noticed = socket.socketpair()
        self._noticed.setblocking(False)
        self._notice.setblocking(False)
        self._selector.register(self._noticed, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self.pid = Pid(ACTOR, own_address(settings, self._listener, agent.address))

    def wake(self) -> None:
        """End a `wait`; from any thread."""
        with contextlib.suppress(OSError):  # full of notices, or closed
            self._notice.send(b"x")

    def link(self, to: Pid) -> None:
        """Connect to the agent, instead of the connection that may be there; `link_ended` if it fails."""
        self._plain = False
        self._agent = to
        self._dial(to)

    def go_on(self, to: Pid, connection: int) -> None:
        """Take this connection to the agent, over which something has been said, for the link."""
        self._agent = to
        self._linked(adopted(connection), to)

    def send(self, name: str, body: bytes) -> None:
        """Send a message to the agent, if there is a link."""
        if self._link is not None and self._agent is not None:
            self._link.write(message(self.pid, self._agent, name, body))

    def wait(self, timeout: float | None) -> None:
        """Wait for something to happen, at most `timeout` seconds, and deal with it."""
        self._watch()
        bounds = [bound for bound in (timeout, self._patience()) if bound is not None]
        ready = self._selector.select(min(bounds) if bounds else None)
        descriptors = {key.fd for key, _ in ready}
        if self._noticed.fileno() in descriptors:
            self._noticed.recv(4096)
        if self._link is not None and self._link.descriptor in descriptors:
            self._read_link(self._link)  # first: whether the agent is gone decides whom we listen to
        for descriptor in descriptors & self._callers.keys():
            self._read_caller(descriptor, self._callers[descriptor])
        if self._listener.fileno() in descriptors:
            self._accept()
        self._drop_slow()

    def close(self) -> None:
        """Close all sockets."""
        self._drop_link()
        for descriptor in list(self._callers):
            self._hang_up(descriptor)
        self._selector.close()
        for each in (self._listener, self._notice, self._noticed):
            each.close()

    # The link.

    def _dial(self, to: Pid) -> None:
        self._drop_link()
        try:
            address = resolved(to.address)
            connection = socket.socket(address[0], socket.SOCK_STREAM)
        except OSError as error:
            self._lost(error)
            return
        connection.setblocking(False)
        connection.connect_ex(address[1])  # what it ends with is said when the socket is ready
        self._linked(connection, to)

    def _linked(self, connection: socket.socket, to: Pid) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
        self._link = Channel(connection, tls=None if self._plain else self._client,
                             server_name=to.address.host)
        self._selector.register(self._link.descriptor, self._link.interest)

    def _read_link(self, link: Channel) -> None:
        try:
            came = link.ready()  # answers; libprocess reads them only to throw them away
        except OSError as error:
            if not self._downgraded(link, error):
                self._lost(error)
            return
        if came is None:
            self._lost(None)

    def _downgraded(self, link: Channel, error: OSError) -> bool:
        """Whether the agent is dialled without TLS now, which it may not speak.

        As Mesos: process.cpp, `link_connect`.
        """
        allowed = self._settings.tls is not None and self._settings.tls.downgrade
        if not allowed or self._plain or not link.shaking or self._agent is None:
            return False
        log.warning("TLS with the agent failed (%s); dialling it without", error)
        self._plain = True
        self._dial(self._agent)
        if self._link is not None:
            self._link.write(link.unsent)
        return True

    def _lost(self, error: OSError | None) -> None:
        log.warning("The link to the agent at %s has ended%s",
                    self._agent, "" if error is None else f": {error}")
        self._drop_link()
        self._link_ended()

    def _drop_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            self._selector.unregister(link.descriptor)
            link.close()

    # Who dials us.

    def _accept(self) -> None:
        try:
            connection, peer = self._listener.accept()
        except OSError as error:
            self._complaints.say("A connection could not be accepted: %s", error)
            return
        if len(self._callers) >= MAX_CONNECTIONS:
            self._make_room()
        host = plain_host(str(peer[0]))
        here = host == plain_host(str(connection.getsockname()[0])) or \
            ipaddress.ip_address(host).is_loopback
        downgrade = self._settings.tls is not None and self._settings.tls.downgrade
        channel = Channel(connection, tls=self._server, accepted=True, plain_too=downgrade)
        self._callers[channel.descriptor] = _Caller(channel, host, here, since=time.monotonic())
        self._selector.register(channel.descriptor, channel.interest)

    def _read_caller(self, descriptor: int, caller: _Caller) -> None:
        try:
            came = caller.channel.ready()
            if came is None or (caller.closing and not caller.channel.waiting) \
                    or caller.channel.waiting > MAX_UNREAD:
                self._hang_up(descriptor)
                return
            for request in () if caller.closing else caller.reader.feed(came):
                caller.channel.write(self._answer(caller, request))
        except BadRequest as error:
            self._complaints.say("Somebody at %s speaks no libprocess: %s", caller.host, error)
            caller.channel.write(answer(400, "Bad Request", _date()))
            caller.closing = True
        except OSError as error:
            log.debug("A connection from %s has ended: %s", caller.host, error)
            self._hang_up(descriptor)
            return
        if not caller.reader.halfway and not caller.closing and caller.channel.open and caller.known:
            caller.since = 0.0
        elif not caller.since:
            caller.since = time.monotonic()

    def _answer(self, caller: _Caller, request: Request) -> bytes:
        status, reason = self._delivered(caller, request)
        return answer(status, reason, _date())

    def _delivered(self, caller: _Caller, request: Request) -> tuple[int, str]:
        """As Mesos: process.cpp, `handle`."""
        claimed, (actor, name) = request.sender, request.target
        if claimed is None or actor != self.pid.id:
            self._complaints.say("Somebody at %s asks for %s %.100r; there is nothing", caller.host,
                        request.method, request.path)
            return 404, "Not Found"
        try:
            sender = parse_pid(claimed)
        except SpecError as error:
            self._complaints.say("A message from %s says no sender: it %s", caller.host,
                                 error.problem)
            return 400, "Bad Request"
        if self._settings.require_peer_address_ip_match and sender.address.host != caller.host:
            self._complaints.say("A message of %s comes from %s", sender, caller.host)
            return 400, "Bad Request"
        ours = self._received(Letter(sender, name, request.body, caller.host, caller.here))
        caller.known = caller.known or ours
        return 202, "Accepted"

    def _make_room(self) -> None:
        oldest = min(self._callers, key=lambda each: (self._callers[each].known,
                                                      self._callers[each].since))
        self._complaints.say("Too many connections; closing one from %s",
                             self._callers[oldest].host)
        self._hang_up(oldest)

    def _hang_up(self, descriptor: int) -> None:
        caller = self._callers.pop(descriptor)
        self._selector.unregister(descriptor)
        caller.channel.close()

    # Time, and what is waited for.

    def _patience(self) -> float | None:
        begun = [caller.since for caller in self._callers.values() if caller.since]
        return max(0.0, min(begun) + HALF_SENT - time.monotonic()) if begun else None

    def _drop_slow(self) -> None:
        now = time.monotonic()
        for descriptor, caller in list(self._callers.items()):
            if caller.since and now - caller.since >= HALF_SENT:
                self._hang_up(descriptor)

    def _watch(self) -> None:
        """Have the selector wait for what each channel now waits for."""
        channels = [caller.channel for caller in self._callers.values()]
        for channel in [*channels, *([self._link] if self._link is not None else [])]:
            if self._selector.get_key(channel.descriptor).events != channel.interest:
                self._selector.modify(channel.descriptor, channel.interest)


def _date() -> str:
    """Now, as HTTP writes it; without email.utils, which takes a tenth of the start to load."""
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
