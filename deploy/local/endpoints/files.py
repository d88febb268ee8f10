"""/files/browse, /files/read, /files/download: sandboxes over HTTP.

A file is asked for by its real path under a sandbox, by the path with `latest` for the run, or by the virtual path
/frameworks/F/executors/E/runs/latest/… . Nothing outside of attached folders can be read, also not through a link.

As Mesos: files/files.cpp.
"""
from __future__ import annotations

import grp
import mimetypes
import os
import pwd
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from deploy.local.wire.server import Request, Response, json_response, not_found, text
from specs.forms import Json

MAX_READ: Final = 16 * os.sysconf("SC_PAGESIZE")  # bytes in one answer


class FilesError(Exception):
    """What was asked for cannot be given; `status` is the HTTP status."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status

    def response(self) -> Response:
        return text(self.status, str(self))


class Files:
    """Serves what is attached: `attached()` gives folders by the name under which they can be asked for."""

    def __init__(self, attached: Callable[[], Mapping[str, Path]]) -> None:
        self._attached = attached

    def routes(self) -> dict[str, Callable[[Request], Response]]:
        return {"/files/browse": self._browse, "/files/browse.json": self._browse, "/files/read": self._read,
                "/files/read.json": self._read, "/files/download": self._download,
                "/files/download.json": self._download, "/files/debug": self._debug, "/files/debug.json": self._debug}

    def resolve(self, path: str) -> Path:
        """The real path behind an asked one; raises FilesError."""
        attached = self._attached()
        parts = path.removesuffix("/").split("/")
        for length in range(len(parts), 0, -1):
            root = attached.get("/".join(parts[:length]))
            if root is None:
                continue
            real = (root / "/".join(parts[length:])).resolve()
            if not real.is_relative_to(root.resolve()):
                raise FilesError(400, f"'{root / '/'.join(parts[length:])}' is inaccessible.\n")
            if not real.exists():
                break
            return real
        raise FilesError(404)

    def list(self, path: str) -> list[Json]:
        """The entries of a folder, as the message FileInfo but for `mtime`, in seconds; raises FilesError."""
        real = self.resolve(unquote(path))
        entries = sorted(real.iterdir()) if real.is_dir() else []
        return [_file_info(unquote(path).rstrip("/") + "/" + entry.name, entry) for entry in entries if entry.exists()]

    def read(self, path: str, offset: int, length: int | None) -> tuple[int, bytes]:
        """The size of a file and a piece of it; raises FilesError."""
        real = self.resolve(unquote(path))
        if real.is_dir():
            raise FilesError(400, "Cannot read a directory.\n")
        try:
            with real.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                wanted = size - offset if length is None else length
                if offset >= size or wanted == 0:
                    return size, b""
                file.seek(offset)
                return size, file.read(min(wanted, MAX_READ))
        except OSError as error:
            raise FilesError(500, f"Failed to open file at '{real}': {error.strerror}.\n") from error

    # ---- HTTP

    def _browse(self, request: Request) -> Response:
        try:
            return json_response([{**info, "mode": stat.filemode(info["mode"])}
                                  for info in self.list(_path(request))])
        except FilesError as error:
            return error.response()

    def _read(self, request: Request) -> Response:
        try:
            path = _path(request)
            offset, length = _range(request)
            if offset == -1:  # asks for the size only
                return json_response({"data": "", "offset": self.read(path, 0, 0)[0]})
            _, data = self.read(path, offset, length)
            return json_response({"data": data.decode("utf-8", "surrogateescape"), "offset": offset})
        except FilesError as error:
            return error.response()

    def _download(self, request: Request) -> Response:
        try:
            real = self.resolve(unquote(_path(request)))
        except FilesError as error:
            return not_found() if error.status == 404 else error.response()  # the others have no words for it
        if real.is_dir():
            return text(400, "Cannot download a directory.\n")
        kind = mimetypes.guess_type(real.name)[0] or "application/octet-stream"
        return Response(200, real.read_bytes(), kind, {"Content-Disposition": f"attachment; filename={real.name}"})

    def _debug(self, _: Request) -> Response:
        return json_response({name: str(path) for name, path in self._attached().items()})


def _path(request: Request) -> str:
    path = request.query.get("path")
    if not path:
        raise FilesError(400, "Expecting 'path=value' in query.\n")
    return path


def _range(request: Request) -> tuple[int, int | None]:
    offset, length = -1, None
    text_ = request.query.get("offset")
    if text_ is not None:
        offset = _number("offset", text_)
        if offset < -1:
            raise FilesError(400, f"Negative offset provided: {offset}.\n")
    text_ = request.query.get("length")
    if text_ is not None:
        length = _number("length", text_)
        if length < -1:
            raise FilesError(400, f"Negative length provided: {length}.\n")
        length = None if length == -1 else length
    return offset, length


def _number(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise FilesError(400, f"Failed to parse {name}: Failed to convert '{value}' to number.\n") from None


def _file_info(path: str, entry: Path) -> Json:
    found = entry.stat()
    return {"path": path, "nlink": found.st_nlink, "size": found.st_size, "mtime": float(int(found.st_mtime)),
            "mode": found.st_mode, "uid": _name(pwd.getpwuid, found.st_uid),
            "gid": _name(grp.getgrgid, found.st_gid)}


def _name(lookup: Callable[[int], Any], number: int) -> str:
    """The name of a user or group; its number if nobody has named it."""
    try:
        return str(lookup(number)[0])
    except KeyError:
        return str(number)
