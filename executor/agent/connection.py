"""The two HTTP connections to the agent: the stream that SUBSCRIBE opens, and the one for all other
calls.

Both run over TCP (IPv4 or IPv6), over TLS, or over a unix domain socket. **A peer that is gone is
noticed by the kernel**: an agent sends nothing for up to half an hour, so the stream's silence
tells nothing. Keepalive probes do: a host that went away without a word, or a firewall that forgot
us, ends the connection within about half a minute, at the price of one small packet in ten seconds.
TCP_USER_TIMEOUT does the same for bytes that we sent and nobody confirms.

Reading costs each byte a constant number of copies, whatever an event's size.
"""
from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from http_parser.http import HttpParser

from executor.agent.first_call import call_headers
from executor.settings.agent import AgentSettings
from specs.forms.recordio import RecordDecoder
from specs.network.address import HostPort
from specs.network.libprocess_ssl import TlsSettings

_READ_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Keepalive:
    """When a silent TCP peer counts as gone: `idle` + `interval` × `count` seconds, or
    `user_timeout` unconfirmed.
    """

    idle: int = 10
    interval: int = 5
    count: int = 4
    user_timeout: float = 30.0


class Refusal(Exception):  # noqa: N818 - an answer, not an error of the line
    """The agent answered, and the answer is not the one that was asked for."""

    def __init__(self, status: int, text: str, location: str | None = None) -> None:
        super().__init__(f"{status} {http.client.responses.get(status, 'Unknown')}: {text}")
        self.status = status
        self.text = text
        self.location = location

    def of(self, kind: str) -> str:
        """What Mesos says of it: src/executor/executor.cpp, `_send`."""
        reason = http.client.responses.get(self.status, "Unknown")
        return f"Received unexpected '{self.status} {reason}' ({self.text}) for {kind}"


def open_socket(settings: AgentSettings, address: HostPort, timeout: float,
                keepalive: Keepalive) -> socket.socket:
    """A connected socket with this timeout; raises OSError (also for TLS: ssl.SSLError is one)."""
    if settings.domain_socket is not None:
        return _open_unix(settings.domain_socket, timeout)
    connected = socket.create_connection((address.host, address.port), timeout)
    try:
        _keep_alive(connected, keepalive)
        if settings.tls is not None:
            return _tls_context(settings.tls).wrap_socket(connected, server_hostname=address.host)
    except BaseException:
        connected.close()
        raise
    return connected


def adopted_socket(descriptor: int, timeout: float, keepalive: Keepalive) -> socket.socket:
    """One that was opened before this module was loaded; raises OSError if it has broken since."""
    connected = socket.socket(fileno=descriptor)
    try:
        connected.settimeout(timeout)
        if connected.family != socket.AF_UNIX:
            _keep_alive(connected, keepalive)
    except BaseException:
        connected.close()
        raise
    return connected


def _keep_alive(connected: socket.socket, keepalive: Keepalive) -> None:
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, keepalive.idle)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, keepalive.interval)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, keepalive.count)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(keepalive.user_timeout * 1000))


def _open_unix(path: str, timeout: float) -> socket.socket:
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connected.settimeout(timeout)
        connected.connect(path)
    except BaseException:
        connected.close()
        raise
    return connected


def _tls_context(tls: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = tls.verify and tls.check_address
    context.verify_mode = ssl.CERT_REQUIRED if tls.verify else ssl.CERT_NONE
    if tls.ca_file or tls.ca_directory:
        context.load_verify_locations(cafile=tls.ca_file, capath=tls.ca_directory)
    elif tls.verify:
        context.load_default_certs()
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context


def request_headers(settings: AgentSettings, address: HostPort) -> dict[str, str]:
    """A fresh mapping with each call: what is added to one request never shows up in another."""
    return call_headers(str(address) if settings.domain_socket is None else "localhost", settings.token)


class EventStream:
    """The stream of one SUBSCRIBE, for a select loop: never blocks after its construction."""

    def __init__(self, connected: socket.socket, request: bytes) -> None:
        """Takes the socket over and sends the request, within the socket's timeout; nothing, where
        that has been done. Raises OSError.
        """
        self._socket = connected
        self._parser = HttpParser()
        self._records = RecordDecoder()
        self._subscribed = False
        self.ended = False  # there may be nothing to wait for at the socket, and still the end to be read
        connected.sendall(request)
        connected.setblocking(False)

    @property
    def subscribed(self) -> bool:
        """Whether the agent has answered 200."""
        return self._subscribed

    def fileno(self) -> int:
        """For select; TLS may hold more than the descriptor shows, so `read` takes all there is."""
        return self._socket.fileno()

    def read(self) -> list[bytes]:
        """The events that are complete now.

        Raises Refusal for an answer other than 200, OSError when the stream has ended, and
        RecordError (a ValueError) if it is not what a stream should be.
        """
        records: list[bytes] = []
        while not self.ended:
            try:
                data = self._socket.recv(_READ_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return records
            if data and self._parser.execute(data, len(data)) != len(data):
                raise ValueError(f"the agent's answer is not HTTP: {data[:64]!r}")
            self._check_answer(ended=not data)
            if self._subscribed and self._parser.is_partial_body():
                records += self._records.feed(self._parser.recv_body())
            self.ended = not data or (self._subscribed and self._parser.is_message_complete())
            if records and not (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
                return records  # if the stream has ended, the next read tells so
        if records:
            return records
        raise ConnectionResetError(
            "End-Of-File received from agent. The agent closed the event stream")

    def close(self) -> None:
        """Close the socket; further calls do nothing."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _check_answer(self, *, ended: bool) -> None:
        if self._subscribed or not self._parser.is_headers_complete():
            return
        status = self._parser.get_status_code()
        if status == http.client.OK:
            self._subscribed = True
        elif ended or self._parser.is_message_complete():
            headers = {name.lower(): value for name, value in self._parser.get_headers().items()}
            text = self._parser.recv_body().decode("utf-8", "replace")
            raise Refusal(status, text, headers.get("location"))


class CallConnection:
    """One keep-alive connection for calls; belongs to one thread."""

    def __init__(self, settings: AgentSettings, address: HostPort, timeout: float,
                 keepalive: Keepalive) -> None:
        """Connects with the first `post`."""
        self._settings = settings
        self._address = address
        self._connection = _OverSocket(settings, address, timeout, keepalive)

    def post(self, body: bytes) -> None:
        """Send one call; returns when the agent has accepted it.

        Raises Refusal for an answer other than 2xx, OSError or http.client.HTTPException if there
        was none.
        """
        self._connection.request("POST", self._settings.path, body,
                                 request_headers(self._settings, self._address))
        response = self._connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        if not 200 <= response.status < 300:
            raise Refusal(response.status, text, response.getheader("Location"))

    def abort(self) -> None:
        """End a `post` that is under way, with an error; from any thread."""
        connected = self._connection.sock
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it; a later `post` connects anew."""
        self._connection.close()


class _OverSocket(http.client.HTTPConnection):
    """http.client on a socket of ours."""

    def __init__(self, settings: AgentSettings, address: HostPort, timeout: float,
                 keepalive: Keepalive) -> None:
        super().__init__(address.host, address.port)
        self._open: Callable[[], socket.socket] = lambda: open_socket(settings, address, timeout,
                                                                      keepalive)

    def connect(self) -> None:
        """As http.client calls it when there is no socket."""
        self.sock = self._open()
