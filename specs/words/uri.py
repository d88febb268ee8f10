"""What is fetched into a sandbox: names and rules of URIs.

A URI without a scheme is a path. Names are cut at slashes and nowhere else, so a query stays in the
name, and what is unpacked is judged by that whole name. SpecErrors have Mesos's text where it has
one. As Mesos: slave/containerizer/fetcher.cpp, launcher/fetcher.cpp.
"""
from __future__ import annotations

import posixpath
import re
import string
import urllib.parse
from typing import Final

from specs.errors import SpecError

FILE: Final = "file://"
WEB: Final = ("http://", "https://")
TAR: Final = (".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")
ZIP: Final = ".zip"
GZIP: Final = ".gz"  # of one file
_AUTHORITY: Final = re.compile(r"([^/]*)//([^/?#]*)(.*)", re.DOTALL)
_IN_URLS: Final = "".join(sorted(set(string.punctuation) | {"%"}))
_IN_NO_HOST: Final = frozenset(string.whitespace + "\0")

_HOME: Final = (
    "A relative path was passed for the resource but the Mesos framework home was not specified. "
                "Please either provide this config option or avoid using a relative path")


def base_name(uri: str) -> str:
    """The last part, which names the file unless `output_file` does. As Mesos: `Fetcher::basename`.
    """
    if any(character in uri for character in "\\'\0"):
        raise SpecError("", "Illegal characters in URI")
    before, found, path = uri.partition("://")
    if not found or len(before) < 2:
        return posixpath.basename(uri.rstrip("/")) or ("/" if uri else ".")
    rest = path.partition("/")[2]
    if not rest:
        raise SpecError("", f"Malformed URI (missing path): {uri}")
    return rest.rpartition("/")[2]


def target_name(uri: str, output_file: str | None) -> str:
    """Where in the sandbox it goes, a relative path that does not lead out."""
    if output_file is None:
        name = base_name(uri)
        if name in {"", ".", "..", "/"}:
            raise SpecError("", f"names no file: {uri}")
        return name
    base_name(uri)
    if not output_file:
        raise SpecError("", "URI output file path is empty")
    name = posixpath.normpath(output_file)
    if output_file.startswith("/") or name.split("/")[
            0] == ".." or name == "." or output_file.endswith("/"):
        raise SpecError("", "URI output file must be within the sandbox directory")
    return name


def local_path(uri: str) -> str | None:
    """The path of a file of the node, None for what comes over the network. As Mesos:
    `Fetcher::uriToLocalPath`.
    """
    uri = uri.lstrip()
    if not uri.startswith(FILE) and "://" in uri:
        return None
    path = uri.removeprefix(FILE).removeprefix("localhost")
    if not path.startswith("/"):
        raise SpecError("", "File URI only supports absolute paths" if uri.startswith(FILE)
                        else _HOME)
    return path


def web_address(uri: str) -> tuple[str, str | None]:
    """A URL as it is asked for, and the login `name:password` that it may hold.

    What no URL may have in it (a blank, a letter that is not ASCII) is encoded, as a browser does;
    curl, which Mesos's fetcher is, does so with most of it. Raises SpecError.
    """
    found = _AUTHORITY.fullmatch(uri.lstrip())
    if found is None:
        raise SpecError("", "is no URL")
    scheme, authority, rest = found.groups()
    try:
        parts = urllib.parse.urlsplit(f"{scheme}//{authority}")
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise SpecError("", f"is no URL: {error}") from None
    if not host or set(host) & _IN_NO_HOST:
        raise SpecError("", "is no URL: it names no host" if not host else f"is no URL: no host is called {host!r}")
    login = None if parts.username is None else ":".join(
        (urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or "")))
    there = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{there}{urllib.parse.quote(rest, safe=_IN_URLS)}", login


def check_uri(uri: str, output_file: str | None) -> None:
    """What can be said against it before it is fetched. Raises SpecError; its path is the field of
    the URI.
    """
    try:
        base_name(uri)
        local = local_path(uri)
    except SpecError as error:
        raise error.under("value") from None
    if local is None and not uri.lstrip().lower().startswith(WEB):
        scheme = uri.lstrip().partition("://")[0]
        raise SpecError("value", f"'{scheme}' cannot be fetched: only file, http and https can")
    if local is None:
        try:
            web_address(uri)
        except SpecError as error:
            raise error.under("value") from None
    try:
        target_name(uri, output_file)
    except SpecError as error:
        raise error.under("value" if output_file is None else "output_file") from None


def unpacks(name: str) -> bool:
    """Whether a file of this name is unpacked."""
    return name.endswith((*TAR, ZIP, GZIP))
