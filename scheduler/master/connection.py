"""The two HTTP connections to the master: the stream that SUBSCRIBE opens, and the one for all
other calls.

A master sends a heartbeat every 15 seconds, so a stream that stays silent for several of them is
dead, whatever TCP believes: the socket's time-out is that patience. Reading costs each byte a
constant number of copies, whatever an event's size (specs/forms/recordio.py).
"""
from __future__ import annotations

import contextlib
import http.client
import select
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from scheduler.master.transport import Transport, is_closed
from specs.forms.recordio import RecordDecoder, RecordError
from specs.network.address import HostPort

PATH = "/api/v1/scheduler"
_READ_BYTES = 256 * 1024
_LINE_BYTES = 64 * 1024
_HEADERS = 100  # of an answer to a call
_BODY_BYTES = 1024 * 1024  # of one
_TEXT_BYTES = 500  # of an answer that goes into a message for people


class Answer(Exception):  # noqa: N818 - an answer, not an error of the line
    """The master answered, and the answer is not the one that was asked for. `location`: where a
    307 points to.
    """

    def __init__(self, status: int, text: str, location: str | None = None) -> None:
        super().__init__(f"{status} {http.client.responses.get(status, '')}".strip() + (f": {text}"
                                                                                        if text
                                                                                        else ""))
        self.status = status
        self.text = text
        self.location = location


class EventStream:
    """One subscription. Used by one thread; `close` may be called by any, and ends a `read` that
    waits.
    """

    def __init__(self, address: HostPort, timeout: float, transport: Transport) -> None:
        """Connects. Raises OSError; `timeout` in seconds is for each wait until `patience` says
        otherwise.
        """
        self._address = address
        self._connection = transport.http(address, timeout)
        self._socket: socket.socket = self._connection.sock
        self._response: http.client.HTTPResponse | None = None
        self._records = RecordDecoder()

    def subscribe(self, body: bytes, headers: Mapping[str, str]) -> str:
        """Send SUBSCRIBE; the stream's id. Raises Answer, OSError or http.client.HTTPException."""
        try:
            self._connection.request("POST", PATH, body, {**headers, "Host": str(self._address)})
            self._response = self._connection.getresponse()
        except (ssl.SSLEOFError, BrokenPipeError, ConnectionResetError) as error:
            wanted = ("ask for a certificate of ours" if isinstance(self._socket, ssl.SSLSocket)
                      else "speak TLS: https://HOST:PORT")
            raise ConnectionResetError(
                f"it closed the connection without a word, as those do who {wanted}") from error
        if self._response.status != http.client.OK:
            raise Answer(self._response.status, _text(self._response),
                         self._response.getheader("Location"))
        return self._response.getheader("Mesos-Stream-Id", "")

    def patience(self, seconds: float) -> None:
        """How long the stream may be silent."""
        self._socket.settimeout(seconds)

    def read(self) -> list[bytes]:
        """The next events, at least one. Raises OSError at the end and in silence, RecordError for
        anything else.
        """
        if self._response is None:
            raise ValueError("not subscribed")
        while True:
            piece = self._response.read1(_READ_BYTES)
            if not piece:
                raise ConnectionResetError("the master closed the event stream")
            if records := self._records.feed(piece):
                return records

    def close(self) -> None:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # also of TLS, without a goodbye
        self._socket.close()


class Unanswered(Exception):  # noqa: N818 - a fact about calls, the error is its cause
    """The connection broke; `answers` are those that had come until then, to the first calls."""

    def __init__(self, answers: list[Answer | None], cause: Exception) -> None:
        super().__init__(reason(cause))
        self.answers = answers


class CallConnection:
    """One keep-alive connection for calls, used by one thread; connects when it is needed.

    Calls are pipelined: all are written before the first answer is read, so that a round trip is
    paid once for many. A master serves the requests of a connection in order (libprocess does, and
    Mesos's own library relies on it).
    """

    def __init__(self, address: HostPort, headers: Mapping[str, str], timeout: float,
                 transport: Transport) -> None:
        self._address = address
        self._timeout = timeout
        self._transport = transport
        lines = [f"POST {PATH} HTTP/1.1", f"Host: {address}",
                 *(f"{name}: {value}" for name, value in headers.items())]
        self._head = "\r\n".join(lines).encode("latin-1")
        self._socket: socket.socket | None = None
        self._answers: IO[bytes] | None = None

    def post(self, bodies: Sequence[bytes]) -> list[Answer | None]:
        """Send calls; for each None if it was accepted, or the answer. Raises Unanswered."""
        answers: list[Answer | None] = []
        try:
            connected, stream = self._connected()
            connected.sendall(b"".join(self._request(body) for body in bodies))
            for _ in bodies:
                answers.append(_answer(stream))  # noqa: PERF401 - those that came before an error are needed
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.close()
            raise Unanswered(answers, error) from error
        return answers

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._answers is not None:
            self._answers.close()
        self._socket = self._answers = None

    def _request(self, body: bytes) -> bytes:
        return b"%s\r\nContent-Length: %d\r\n\r\n%s" % (self._head, len(body), body)

    def _connected(self) -> tuple[socket.socket, IO[bytes]]:
        if self._socket is not None and self._closed_by_peer(self._socket):
            self.close()
        if self._socket is None or self._answers is None:
            self._socket = self._transport.open(self._address, self._timeout)
            self._answers = self._socket.makefile("rb")
        return self._socket, self._answers

    @staticmethod
    def _closed_by_peer(connected: socket.socket) -> bool:
        """An idle connection has nothing to say, except that it is closed."""
        poll = select.poll()
        poll.register(connected, select.POLLIN)
        return is_closed(connected, readable=bool(poll.poll(0)))


def _answer(stream: IO[bytes]) -> Answer | None:
    """Read one response to its end; None for any success."""
    version, _, rest = stream.readline(_LINE_BYTES).partition(b" ")
    if not version:
        raise ConnectionResetError("the master closed the connection")
    if not version.startswith(b"HTTP/1."):
        raise http.client.BadStatusLine(version.decode("latin-1"))
    status = int(rest[:3])
    headers: dict[str, str] = {}
    lines = iter(lambda: stream.readline(_LINE_BYTES).strip(), b"")
    for number, line in enumerate(lines):
        if number == _HEADERS:
            raise http.client.HTTPException(f"got more than {_HEADERS} headers")
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b"".join(_chunks(stream))
    else:
        body = stream.read(_bounded(int(headers.get("content-length", 0))))
    if 200 <= status < 300:
        return None
    return Answer(status, body[:_TEXT_BYTES].decode("utf-8", "replace").strip(),
                  headers.get("location"))


def _bounded(length: int) -> int:
    if not 0 <= length <= _BODY_BYTES:
        raise http.client.HTTPException(f"an answer of {length} bytes")
    return length


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    taken = 0
    while length := int(stream.readline(_LINE_BYTES).partition(b";")[0], 16):
        taken = _bounded(taken + _bounded(length))
        yield stream.read(length)
        stream.readline(_LINE_BYTES)
    stream.readline(_LINE_BYTES)


def _text(response: http.client.HTTPResponse) -> str:
    """The answer's text, cut; the rest is read and dropped, so that the connection can be used
    again.
    """
    text = response.read(_TEXT_BYTES).decode("utf-8", "replace").strip()
    while response.read(_READ_BYTES):
        pass
    return text


def reason(error: Exception) -> str:
    """An error as the end of a sentence."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not hold: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        said = (error.reason or str(error)).replace("_", " ").lower()
        return f"what answers does not speak TLS with us ({said})"
    if isinstance(error, RecordError):
        return f"what answers is not a Mesos event stream ({error})"
    if isinstance(error, Answer) and error.status == 307:
        return "it does not lead, and names nobody else who does"
    if isinstance(error, http.client.IncompleteRead):
        return "the master closed the connection"
    if isinstance(error, http.client.HTTPException):
        return f"what answers is not HTTP ({str(error).strip() or type(error).__name__})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def refusal(answer: Answer, address: HostPort, *, named: bool) -> str:
    """What an answer that no time will change means, as a sentence. `named`: we said who we are."""
    if answer.status == 400 and "agent::Call" in answer.text:  # an agent takes the path for that of its own API
        return f"what answers at {address} is a Mesos agent, not a master"
    if answer.status in (404, 405, 501):
        return f"what answers at {address} is not a Mesos master ({answer.status} for its scheduler API)"
    if answer.status == 401 and named:
        return f"the master at {address} does not take our principal and secret (401)"
    if answer.status == 401:
        return f"the master at {address} wants a principal and a secret (401)"
    return f"the master at {address} refuses us: {answer}"
