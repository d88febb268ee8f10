"""/files/browse, /files/read, /files/download: sandboxes over HTTP.

A file is asked for by its real path under a sandbox, by the path with `latest` for the run, or by
the virtual path /frameworks/F/executors/E/runs/latest/… . Nothing outside of attached folders can
be read, also not through a link. What is there belongs to tasks: it is opened in
`containers.sandbox_files` alone, beside the event loop.

As Mesos: files/files.cpp. That a named pipe is an error, and not waited for, is ours.
"""
from __future__ import annotations

import grp
import mimetypes
import os
import pwd
import stat
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar
from urllib.parse import quote

from deploy.local.containers.sandbox_files import (
    Entry,
    NotThereError,
    OutsideError,
    WrongKindError,
    list_folder,
    open_file,
    read_piece,
)
from deploy.local.wire.beside import Beside
from deploy.local.wire.exchange import Answer, Download, Handler, Request, Response, json_response, not_found, text
from specs.forms import Json

T = TypeVar("T")

MAX_READ: Final = 16 * os.sysconf("SC_PAGESIZE")  # bytes in one answer
THREADS: Final = 4
PATIENCE: Final = 10.0  # seconds for a file system to answer


class FilesError(Exception):
    """What was asked for cannot be given; `status` is the HTTP status."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status

    def response(self) -> Response:
        return text(self.status, str(self))


class Files:
    """Serves what is attached: `attached()` gives folders by the name under which they can be asked
    for.
    """

    def __init__(self, attached: Callable[[], Mapping[str, Path]]) -> None:
        self._attached = attached
        self._beside = Beside(THREADS, PATIENCE)

    def routes(self) -> dict[str, Handler]:
        named: dict[str, Handler] = {"/files/browse": self._browse, "/files/read": self._read,
                                     "/files/download": self._download, "/files/debug": self._debug}
        return {**named, **{f"{path}.json": handler for path, handler in named.items()}}

    async def list(self, path: str) -> list[Json]:
        """The entries of a folder, as the message FileInfo but for `mtime`, in seconds; raises
        FilesError.
        """
        path = _from_uri(path)
        entries = await self._do(path, list_folder)
        return [_file_info(f"{path.rstrip('/')}/{entry.name}", entry) for entry in entries]

    async def read(self, path: str, offset: int, length: int | None) -> tuple[int, bytes]:
        """The size of a file and a piece of it; raises FilesError."""
        return await self._do(_from_uri(path),
                              partial(read_piece, offset=offset, length=length, most=MAX_READ))

    async def _do(self, path: str, work: Callable[[Path, str], T], verb: str = "read") -> T:
        """Work on what an asked path means; raises FilesError."""
        root, rest = self._place(path)
        try:
            return await self._beside.do(lambda: work(root, rest))
        except NotThereError:
            raise FilesError(404) from None
        except OutsideError:
            raise FilesError(400, f"'{root / rest}' is inaccessible.\n") from None
        except WrongKindError as error:
            what = "a directory" if error.is_folder else "what is not a regular file"
            raise FilesError(400, f"Cannot {verb} {what}.\n") from None
        except TimeoutError:
            raise FilesError(503,
                             f"Failed to open file at '{root / rest}': no answer in {PATIENCE:g} s.\n") from None
        except OSError as error:
            raise FilesError(500,
                             f"Failed to open file at '{root / rest}': {error.strerror}.\n") from error

    def _place(self, path: str) -> tuple[Path, str]:
        """The attached folder that an asked path begins with, and the rest of the path; raises
        FilesError.
        """
        attached = self._attached()
        parts = path.removesuffix("/").split("/")
        for length in range(len(parts), 0, -1):
            root = attached.get("/".join(parts[:length]))
            if root is not None:
                return root, "/".join(parts[length:])
        raise FilesError(404)

    # ---- HTTP

    async def _browse(self, request: Request) -> Response:
        try:
            return json_response([{**info, "mode": stat.filemode(info["mode"])}
                                  for info in await self.list(_path(request))])
        except FilesError as error:
            return error.response()

    async def _read(self, request: Request) -> Response:
        try:
            path = _path(request)
            offset, length = _range(request)
            if offset == -1:  # asks for the size only
                return json_response({"data": "", "offset": (await self.read(path, 0, 0))[0]})
            _, data = await self.read(path, offset, length)
            return json_response({"data": data.decode("utf-8", "surrogateescape"),
                                  "offset": offset})
        except FilesError as error:
            return error.response()

    async def _download(self, request: Request) -> Answer:
        try:
            path = _from_uri(_path(request))
            file, size = await self._do(path, _opened, "download")
        except FilesError as error:
            return not_found() if error.status == 404 else error.response()  # the others have no words for it
        name = path.rstrip("/").rpartition("/")[2]
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Download(size, lambda length: self._beside.do(partial(file.read, length)),
                        file.close, kind, {"Content-Disposition": _attachment(name)})

    def _debug(self, _: Request) -> Response:
        return json_response({name: str(path) for name, path in self._attached().items()})


def _opened(root: Path, path: str) -> tuple[BinaryIO, int]:
    file = open_file(root, path)
    return file, os.fstat(file.fileno()).st_size


def _from_uri(path: str) -> str:
    """As Mesos: stout/path.hpp, `from_uri`. The server has decoded it; it is not decoded again."""
    return path.removeprefix("file://")


def _attachment(name: str) -> str:
    """A name that a task has chosen, in a header."""
    plain = name.isascii() and name.isprintable() and not set(name) & set('"\\;')
    return f"attachment; filename={name}" if plain else f"attachment; filename*=UTF-8''{quote(name, safe='')}"


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
        raise FilesError(400,
                         f"Failed to parse {name}: Failed to convert '{value}' to number.\n") from None


def _file_info(path: str, entry: Entry) -> Json:
    found = entry.found
    return {"path": path, "nlink": found.st_nlink, "size": found.st_size,
            "mtime": float(int(found.st_mtime)),
            "mode": found.st_mode, "uid": _name(pwd.getpwuid, found.st_uid),
            "gid": _name(grp.getgrgid, found.st_gid)}


def _name(lookup: Callable[[int], Any], number: int) -> str:
    """The name of a user or group; its number if nobody has named it."""
    try:
        return str(lookup(number)[0])
    except KeyError:
        return str(number)
