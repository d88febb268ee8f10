"""What web pages may make a browser ask of us: nothing that changes or tells anything. Pure.

A browser on this machine reaches loopback, for any page that it shows. Three ways lead there, and
each is told by headers that a page cannot set: a name of the page's own that was bound to our
address (Host), a request to us from a page of another origin (Origin, Sec-Fetch-Site, of old
browsers Referer), and our JSON as a script with a function of the page's choice (`jsonp`). Programs
send none of these headers but Host, with our address in it.
"""
from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

_FUNCTION: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*(\.[A-Za-z_$][A-Za-z0-9_$]*)*", re.ASCII)
_LONGEST: Final = 128  # characters of a function's name
_OWN_SITE: Final = frozenset({"same-origin", "none"})  # none: typed by a person


def refusal(method: str, headers: Mapping[str, str], names: Collection[str]) -> str | None:
    """Why a request is refused (403), or None. `headers` by any case; `names`: what we are called,
    in lower case, besides our addresses."""
    host = headers.get("Host", "")
    if host and not _is_ours(host, names):
        return f"The Host header does not name this process: '{_shown(host)}'"
    origin = headers.get("Origin")
    if origin is not None and not _is_origin_of(origin, host):
        return f"Requests from other origins are refused: '{_shown(origin)}'"
    if headers.get("Sec-Fetch-Site", "none") not in _OWN_SITE and not (
            method in {"GET", "HEAD"} and headers.get("Sec-Fetch-Mode") == "navigate"):
        return "Requests from other sites are refused"
    referer = headers.get("Referer")
    if method not in {"GET", "HEAD"} and referer is not None and not _is_origin_of(referer, host):
        return f"Requests from other origins are refused: '{_shown(referer)}'"
    return None


def is_function(name: str) -> bool:
    """Whether `?jsonp=` names a function, and nothing else that a script could hold."""
    return len(name) <= _LONGEST and _FUNCTION.fullmatch(name) is not None


def _is_ours(host: str, names: Collection[str]) -> bool:
    """An address cannot be bound to another one; a name can."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name in names or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_origin_of(url: str, host: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower() != ""


def _shown(text: str) -> str:
    return "".join(char if " " <= char < "\x7f" else "?" for char in text[:200])
