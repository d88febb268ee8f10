"""Requests that a browser sends for another site's page. Loopback is no wall against them: any page
may post to it.

A page can do two things without being asked whether it may. It can send a *simple* request, which
carries no JSON type, and changes something although its answer cannot be read; and it can have its
own name point at this machine (DNS rebinding), after which it is of the same origin. The first is
refused wherever it would change something; the second where nobody has to say who asks, for
otherwise the page lacks the token: on loopback always, elsewhere of browsers (Origin), which name
themselves in whatever changes something and in each WebSocket. There are no CORS headers, so all
other requests of foreign pages are held back by the browser itself.

As the Fetch standard: "CORS-safelisted request-header", and `Sec-Fetch-Site`.
"""
from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

_OWN = ("same-origin", "none")  # what browsers say of requests of our own page, and of an address that was typed


def is_foreign(headers: Mapping[str, str]) -> bool:
    """Whether a request to change something may come from another site's page, without a question
    before it.

    Programs send no Origin; a browser always does with what is no GET.
    """
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/json":
        return False
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in _OWN
    origin = headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("Host")


def is_misdirected(host: str, known: Collection[str]) -> bool:
    """Whether a Host header has a name that is not ours: neither an address, nor localhost, nor one
    of the `known`.
    """
    name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    if name in known or name == "localhost" or name.endswith(".localhost") or not name:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return True
    return False
