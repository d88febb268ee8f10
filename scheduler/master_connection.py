"""The two HTTP connections to the master: the stream that SUBSCRIBE opens, and the one for all other calls.

A master sends a heartbeat every 15 seconds, so a stream that stays silent for several of them is dead, whatever TCP
believes: the socket's time-out is that patience. Reading costs each byte a constant number of copies, whatever an
event's size (specs/recordio.py).
"""
from __future__ import annotations

import contextlib
import http.client
import select
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from scheduler.config import MasterAddress, master_address
from specs.errors import SpecError
from specs.recordio import RecordDecoder, RecordError

PATH = "/api/v1/scheduler"
_READ_BYTES = 256 * 1024
_TEXT_BYTES = 500  # of an answer that goes into a message for people


class Answer(Exception):  # noqa: N818 - an answer, not an error of the line
    """The master answered, and the answer is not the one that was asked for. `location`: where a 307 points to."""

    def __init__(self, status: int, text: str, location: str | None = None) -> None:
        super().__init__(f"{status} {http.client.responses.get(status, '')}".strip() + (f": {text}" if text else ""))
        self.status = status
        self.text = text
        self.location = location


def redirected(answer: Answer) -> MasterAddress | None:
    """The leading master that a 307 names. As Mesos: master/http.cpp, `redirect`: a Location without scheme."""
    if answer.status != 307 or not answer.location:
        return None
    try:
        return master_address(urlsplit(answer.location).netloc or answer.location)
    except (SpecError, ValueError):
        return None


class EventStream:
    """One subscription. Used by one thread; `close` may be called by any, and ends a `read` that waits."""

    def __init__(self, address: MasterAddress, timeout: float) -> None:
        """Connects. Raises OSError; `timeout` in seconds is for each wait until `patience` says otherwise."""
        self._address = address
        self._connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout)
        self._connection.connect()
        self._socket: socket.socket = self._connection.sock
        self._response: http.client.HTTPResponse | None = None
        self._records = RecordDecoder()

    def subscribe(self, body: bytes, headers: Mapping[str, str]) -> str:
        """Send SUBSCRIBE; the stream's id. Raises Answer, OSError or http.client.HTTPException."""
        self._connection.request("POST", PATH, body, {**headers, "Host": str(self._address)})
        self._response = self._connection.getresponse()
        if self._response.status != http.client.OK:
            raise Answer(self._response.status, _text(self._response), self._response.getheader("Location"))
        return self._response.getheader("Mesos-Stream-Id", "")

    def patience(self, seconds: float) -> None:
        """How long the stream may be silent."""
        self._socket.settimeout(seconds)

    def read(self) -> list[bytes]:
        """The next events, at least one. Raises OSError at the end and in silence, RecordError for anything else."""
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
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class CallConnection:
    """One keep-alive connection for calls, used by one thread; connects when it is needed."""

    def __init__(self, address: MasterAddress, headers: Mapping[str, str], timeout: float) -> None:
        self._connection = http.client.HTTPConnection(address.host, address.port, timeout=timeout)
        self._headers = {**headers, "Host": str(address)}

    def post(self, body: bytes) -> None:
        """Send one call; returns when it is accepted. Raises Answer, OSError or http.client.HTTPException."""
        if self._closed_by_peer():
            self._connection.close()
        try:
            self._connection.request("POST", PATH, body, self._headers)
            response = self._connection.getresponse()
            text = _text(response)
        except BaseException:
            self._connection.close()
            raise
        if not 200 <= response.status < 300:
            raise Answer(response.status, text, response.getheader("Location"))

    def close(self) -> None:
        self._connection.close()

    def _closed_by_peer(self) -> bool:
        """An idle connection has nothing to say, except that it is closed."""
        connected = self._connection.sock
        if connected is None:
            return False
        poll = select.poll()
        poll.register(connected, select.POLLIN)
        return bool(poll.poll(0))


def _text(response: http.client.HTTPResponse) -> str:
    """The answer's text, cut; the rest is read and dropped, so that the connection can be used again."""
    text = response.read(_TEXT_BYTES).decode("utf-8", "replace").strip()
    while response.read(_READ_BYTES):
        pass
    return text


def reason(error: Exception) -> str:
    """An error as the end of a sentence."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, RecordError):
        return f"what answers is not a Mesos event stream ({error})"
    if isinstance(error, http.client.HTTPException):
        return f"what answers is not HTTP ({str(error).strip() or type(error).__name__})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def refusal(answer: Answer, address: MasterAddress) -> str:
    """What an answer that no time will change means, as a sentence."""
    if answer.status in (404, 405, 501):
        return f"what answers at {address} is not a Mesos master ({answer.status} for its scheduler API)"
    if answer.status == 401:
        return f"the master at {address} wants a principal and a secret (401)"
    return f"the master at {address} refuses us: {answer}"
