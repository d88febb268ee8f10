"""Who asks: by credential (`access`), or by the cookie that the page got for one.

A browser keeps no token where scripts can read it: `open` turns a caller into a session, whose id is
a cookie (HttpOnly, SameSite=Strict) for LASTING seconds. Browsers send cookies by themselves, also
for pages of other ports of this host, which are of the same *site*; so a request with a cookie
counts only if it comes from our own page (Origin, Sec-Fetch-Site), and one that is no GET only with
the session's CSRF token in a header, which no other page can read. A link for a browser (`link`) is
good once, for LINK_LASTING seconds.

Sessions are in memory: who starts the service again has the page ask again.
"""
from __future__ import annotations

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from scheduler.api.access import Access, Caller

LASTING: Final = 12 * 3600.0  # seconds of a session
LINK_LASTING: Final = 60.0  # seconds of a link
MOST: Final = 10_000  # sessions, and links; the oldest go
CSRF: Final = "X-CSRF-Token"
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that has proved who it is. `until`: seconds since 1970."""

    caller: Caller
    csrf: str
    until: float


class Gate:
    """Belongs to the server's loop."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.time) -> None:
        """`clock`: seconds since 1970."""
        self.access = access
        self._clock = clock
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._links: OrderedDict[str, tuple[Caller, float]] = OrderedDict()

    def caller(self, method: str, headers: Mapping[str, str], cookie: str | None) -> Caller | None:
        """Who sends this request; None: nobody that we know. `cookie`: the value of ours."""
        found = self.access.caller(headers.get("Authorization"))
        if found is not None:
            return found
        session = self.session(headers, cookie)
        if session is None or (method not in _READING and not _proves(headers, session)):
            return None
        return session.caller

    def session(self, headers: Mapping[str, str], cookie: str | None) -> Session | None:
        """The session of a request of our own page."""
        found = self._sessions.get(cookie or "")
        if found is None or found.until <= self._clock() or not _is_own(headers):
            return None
        return found

    def open(self, caller: Caller) -> tuple[str, Session]:
        """The value of a new session's cookie, and the session."""
        value = secrets.token_urlsafe(32)
        session = Session(caller, secrets.token_urlsafe(32), self._clock() + LASTING)
        self._sessions[value] = session
        _trim(self._sessions)
        return value, session

    def close(self, method: str, headers: Mapping[str, str], cookie: str | None) -> None:
        """The session of this request is over."""
        if cookie is not None and self.caller(method, headers, cookie) is not None:
            self._sessions.pop(cookie, None)

    def link(self, caller: Caller) -> tuple[str, float]:
        """A key that is good for one session of this caller, and until when."""
        key, until = secrets.token_urlsafe(32), self._clock() + LINK_LASTING
        self._links[key] = caller, until
        _trim(self._links)
        return key, until

    def redeem(self, key: str) -> Caller | None:
        """Whose key it is; None: nobody's any more."""
        caller, until = self._links.pop(key, (None, 0.0))
        return caller if until > self._clock() else None


def _proves(headers: Mapping[str, str], session: Session) -> bool:
    return hmac.compare_digest(headers.get(CSRF, "").encode(), session.csrf.encode())


def _is_own(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that our own page asks, or says nothing of it."""
    origin = headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("Host"):
        return False
    return headers.get("Sec-Fetch-Site", "none") in ("same-origin", "none")


def _trim(known: OrderedDict[str, Session] | OrderedDict[str, tuple[Caller, float]]) -> None:
    while len(known) > MOST:
        known.popitem(last=False)
