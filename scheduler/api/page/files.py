"""The page's files, as they lie in `static` (ours) and `vendor` (of npm packages, unchanged).

They are read once, compressed once, and told apart by a hash: a browser asks whether it has the
newest (304). The page runs no script and takes no style but from here, makes no markup out of text
(Trusted Types: the browser refuses `innerHTML` to every script), and is framed by nobody.

As the standards: Content Security Policy Level 3, Trusted Types.
"""
from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from aiohttp import web

from scheduler.api.errors import not_found
from scheduler.api.server import Asked

INDEX: Final = "static/index.html"
TYPES: Final = {".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript",
                ".css": "text/css", ".svg": "image/svg+xml"}  # other files of the folders are not served
HEADERS: Final = {
    "Content-Security-Policy": "; ".join((
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
        "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        "require-trusted-types-for 'script'", "trusted-types 'none'")),
    "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}


@dataclass(frozen=True, slots=True)
class File:
    """One file: `packed` is its gzip form, `tag` its ETag."""

    body: bytes
    packed: bytes
    tag: str
    media_type: str


class PageFiles:
    """Handlers."""

    def __init__(self) -> None:
        self.all: Mapping[str, File] = _read()

    async def index(self, asked: Asked) -> web.StreamResponse:
        """GET /: its links are relative, so that it may stand below a prefix, whose path ends with a slash."""
        path = asked.request.raw_path.partition("?")[0]
        if not path.endswith("/"):
            raise web.HTTPPermanentRedirect(path.rpartition("/")[2] + "/")
        return _answer(asked, self.all[INDEX])

    async def file(self, asked: Asked) -> web.StreamResponse:
        """GET /page/FILE."""
        found = self.all.get(asked.ids[0])
        if found is None:
            raise not_found(f"{asked.ids[0]} is not a file of the page")
        return _answer(asked, found)


def _answer(asked: Asked, file: File) -> web.Response:
    headers = {**HEADERS, "ETag": file.tag}
    if file.tag in asked.request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    packs = "gzip" in asked.request.headers.get("Accept-Encoding", "").lower()
    if packs:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=file.packed if packs else file.body, headers=headers,
                        content_type=file.media_type, charset="utf-8")


def _read() -> dict[str, File]:
    root = files("scheduler.api.page")
    return {path: _file(each) for name in ("static", "vendor")
            for path, each in _below(root.joinpath(name), name) if _suffix(path) in TYPES}


def _below(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for each in folder.iterdir():
        name = f"{path}/{each.name}"
        found += _below(each, name) if each.is_dir() else [(name, each)]
    return found


def _file(source: Traversable) -> File:
    body = source.read_bytes()
    return File(body, gzip.compress(body, 9, mtime=0), f'"{hashlib.sha256(body).hexdigest()[:32]}"',
                TYPES[_suffix(source.name)])


def _suffix(name: str) -> str:
    dot = name.rfind(".")
    return name[dot:] if dot >= 0 else ""
