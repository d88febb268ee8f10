"""One file of the node, or one from a web server, read piece by piece.

What is not there, or not allowed, is the task's to put right (`NotThereError`); where nobody
answers, or not for long, it is not (`AwayError`), and asking again a little later may help.

As Mesos: launcher/fetcher.cpp (`download`), stout/net.hpp: redirects are followed, and only 200 is
a success. Beyond it: a login in the URL is sent as such and goes nowhere else, and a redirect leads
to the web only.
"""
from __future__ import annotations

import base64
import contextlib
import http.client
import os
import ssl
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final

from specs.errors import SpecError
from specs.words.uri import local_path, web_address

PIECE: Final = 1 << 18  # bytes
ATTEMPTS: Final = 3
PAUSE: Final = 1.0  # seconds before the second; three times as long before the third


class NotThereError(Exception):
    """The file cannot be had, however often one asks."""


class AwayError(Exception):
    """Nobody answers, or not with the file: it may be there in a while."""


@dataclass(frozen=True, slots=True)
class Source:
    """An open file. `validator` tells this version of it from others; None where nothing does.
    `mode`: of a file of the node. `size` None: not known."""

    stream: IO[bytes] | http.client.HTTPResponse
    size: int | None
    validator: str | None
    mode: int | None = None

    def pieces(self) -> Iterator[bytes]:
        """All of it. Raises AwayError if it breaks off."""
        count = 0
        try:
            while piece := self.stream.read(PIECE):
                count += len(piece)
                yield piece
        except TimeoutError:
            raise AwayError("no byte came for too long") from None
        except (OSError, http.client.HTTPException) as error:
            raise AwayError(_text(error)) from None
        if self.size is not None and count < self.size:
            raise AwayError(f"it broke off after {count} of {self.size} bytes")


@contextmanager
def opened(uri: str, kept: Source | None, stall: float) -> Iterator[Source]:
    """The file; `kept` itself if that is still this version of it. Both are closed in the end.
    `stall`: seconds.

    Raises NotThereError and AwayError.
    """
    with contextlib.ExitStack() as streams:
        if kept is not None:
            streams.callback(kept.stream.close)
        known = kept.validator if kept is not None else None
        path = local_path(uri)
        found = _open_file(path) if path is not None else _open_web(uri.lstrip(), known, stall)
        if found is not None:
            streams.callback(_close, found)
        if kept is not None and (found is None or (path is not None and found.validator == known)):
            found = kept
        if found is None:
            raise AwayError("it was told to be unchanged, and nobody had asked")
        yield found


def _close(source: Source) -> None:
    with contextlib.suppress(OSError):
        source.stream.close()


def attempts() -> Iterator[bool]:
    """One round for each try, with the pauses between them; whether it is the last."""
    for number in range(ATTEMPTS):
        if number:
            time.sleep(PAUSE * 3 ** (number - 1))
        yield number == ATTEMPTS - 1


def _open_file(path: str) -> Source:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not hold us up
    except OSError as error:
        raise NotThereError(_text(error)) from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise NotThereError("it is a folder" if stat.S_ISDIR(found.st_mode) else "it is not a file")
    version = f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}"
    return Source(os.fdopen(descriptor, "rb", buffering=0), found.st_size, version,
                  stat.S_IMODE(found.st_mode))


def _open_web(uri: str, known: str | None, stall: float) -> Source | None:
    """None: still the version that `known` tells from others."""
    try:
        address, login = web_address(uri)
    except SpecError as error:
        raise NotThereError(error.problem) from None
    request = urllib.request.Request(address, headers={"User-Agent": "mesos-docker", "Accept": "*/*"})  # noqa: S310 - http and https only, judged before
    _log_in(request, login)
    for name, value in _conditions(known):
        request.add_header(name, value)
    try:
        response = _opener().open(request, timeout=stall)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 304 and known is not None:
            return None
        later = error.code >= 500 or error.code in {408, 425, 429}
        text = f"received HTTP return code {error.code}"
        text += ", which leads nowhere" if 300 <= error.code < 400 else ""
        raise (AwayError if later else NotThereError)(text) from None
    except urllib.error.URLError as error:
        raise _unreachable(error.reason) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _unreachable(error) from None
    if response.status != 200:
        response.close()
        raise NotThereError(f"received HTTP return code {response.status}")
    size = response.headers.get("Content-Length")
    return Source(response, int(size) if size and size.isdecimal() else None,
                  _validator(response.headers))


def _log_in(request: urllib.request.Request, login: str | None) -> None:
    if login is not None:
        secret = base64.b64encode(login.encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {secret}")


def _unreachable(error: object) -> Exception:
    """A certificate that is not believed, or a URL that is none, will not get better; a server that
    is away may.
    """
    lasting = isinstance(error, ssl.SSLCertVerificationError | ValueError | http.client.InvalidURL)
    return (NotThereError if lasting else AwayError)(_text(error))


def _text(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "no answer came in time"
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(said)


class _Redirects(urllib.request.HTTPRedirectHandler):  # to the web only: Python refuses the rest
    max_redirections = 20

    def redirect_request(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str,
                         headers: http.client.HTTPMessage, newurl: str) -> urllib.request.Request | None:
        """With the login that the new URL may hold, and no other."""
        try:
            address, login = web_address(newurl)
        except SpecError:
            raise urllib.error.HTTPError(newurl, code, msg, headers, fp) from None
        request = super().redirect_request(req, fp, code, msg, headers, address)
        if request is not None:
            _log_in(request, login)
        return request


def _opener() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()  # no file:, ftp: or data: anywhere
    for handler in (urllib.request.ProxyHandler(), urllib.request.HTTPHandler(),
                    urllib.request.HTTPSHandler(),
                    _Redirects(), urllib.request.HTTPErrorProcessor(),
                    urllib.request.HTTPDefaultErrorHandler()):
        opener.add_handler(handler)
    return opener


def _validator(headers: Mapping[str, str]) -> str | None:
    """An ETag, or the time of the last change; the first letter says which."""
    tag, changed = headers.get("ETag"), headers.get("Last-Modified")
    return f"e{tag}" if tag else f"m{changed}" if changed else None


def _conditions(known: str | None) -> list[tuple[str, str]]:
    if known is None:
        return []
    return [("If-None-Match" if known[0] == "e" else "If-Modified-Since", known[1:])]
