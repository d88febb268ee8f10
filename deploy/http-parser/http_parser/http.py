"""`HttpParser` with the methods that pymesos's `process.Connection` calls, on top of httptools.

pymesos feeds it what it reads from a socket, asks whether the headers are complete, and takes the
body in pieces with `recv_body`. Only responses are parsed: pymesos is a client.
"""
from __future__ import annotations

from typing import Final

import httptools

_OK: Final = 0
_INVALID: Final = 1


class HttpParser:
    """An incremental parser of one HTTP response."""

    def __init__(self) -> None:
        self._events = _Events()
        self._parser = httptools.HttpResponseParser(self._events)
        self._errno = _OK

    def execute(self, data: bytes, length: int) -> int:
        """Parse `data[:length]`; returns how many bytes were understood, fewer than `length` after
        an error.
        """
        try:
            self._parser.feed_data(data[:length])
        except httptools.HttpParserUpgrade as upgrade:
            return int(upgrade.args[0])
        except httptools.HttpParserError:
            self._errno = _INVALID
            return 0
        return length

    def get_errno(self) -> int:
        """0 as long as all input was HTTP."""
        return self._errno

    def get_status_code(self) -> int:
        """The status of the response, 0 before its first line is complete."""
        return int(self._parser.get_status_code())

    def get_headers(self) -> dict[str, str]:
        """The headers so far; a header given twice is joined with commas."""
        return dict(self._events.headers)

    def is_headers_complete(self) -> bool:
        """Whether the empty line behind the headers was seen."""
        return self._events.headers_complete

    def is_chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return "chunked" in self.get_headers().get("Transfer-Encoding", "").lower()

    def is_partial_body(self) -> bool:
        """Whether `recv_body` has something to give."""
        return bool(self._events.body)

    def recv_body(self) -> bytes:
        """The part of the body that was not taken yet."""
        body, self._events.body = b"".join(self._events.body), []
        return body

    def is_message_complete(self) -> bool:
        """Whether the response has ended."""
        return self._events.message_complete


class _Events:
    """What httptools calls; keeps what the parser above is asked for."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.headers_complete = False
        self.message_complete = False
        self.body: list[bytes] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        key = name.decode("latin-1").title()  # pymesos looks the names up in upper or in title case
        text = value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        self.headers_complete = True

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        self.message_complete = True
