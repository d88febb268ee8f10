"""What Java takes for a URI. As java.net.URI: RFC 2396, which is stricter than what today's
libraries call a URL.

What stands before a colon that comes before any of `/?#` is a scheme, and has to be one. After it
comes a path, or something opaque; without a scheme it is a path. Blanks, braces and backslashes are
in none of them.
"""
from __future__ import annotations

import re

_PATH = r"(?:[A-Za-z0-9_.!~*'();:@&=+$,\-/]|%[0-9A-Fa-f]{2}|[^\x00-\x9f\s])"
_ANY = rf"(?:{_PATH}|[?\[\]])"
_SCHEME = re.compile(r"([^/?#:]*):")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_HIERARCHICAL = re.compile(
    rf"(?://(?=.)(?:(?!/){_PATH}|[\[\]])*|(?!//)){_PATH}*(?:\?{_ANY}*)?(?:#{_ANY}*)?")
_OPAQUE = re.compile(rf"(?!/){_ANY}+(?:#{_ANY}*)?")


def is_uri(text: str) -> bool:
    """Whether it is one, absolute or relative."""
    scheme = _SCHEME.match(text)
    if scheme is None:
        return _HIERARCHICAL.fullmatch(text) is not None
    rest = text[scheme.end():]
    form = _HIERARCHICAL if rest.startswith("/") else _OPAQUE
    return _NAME.fullmatch(scheme[1]) is not None and form.fullmatch(rest) is not None


def file_path(text: str) -> str:
    """The path in a URI, without what is around it; empty in an opaque one."""
    scheme = _SCHEME.match(text)
    rest = text[scheme.end():] if scheme is not None else text
    if scheme is not None and not rest.startswith("/"):
        return ""
    path = re.split(r"[?#]", rest, maxsplit=1)[0]
    return "/" + path[2:].partition("/")[2] if path.startswith("//") else path
