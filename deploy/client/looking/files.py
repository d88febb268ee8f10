"""`mesos-docker files`: what lies in an instance's sandbox: a folder's list, a file's content."""
from __future__ import annotations

import http.client
import posixpath
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from deploy.cli.problems import FAILED, REFUSED, Problem
from deploy.client.looking.sources import Source, instance
from deploy.client.options import fine, shown_json, table, talks_to_service
from deploy.client.service import Service
from deploy.run.terminal import OutputTo

PIECE = 64 * 1024  # bytes


@click.command()
@click.argument("name", metavar="INSTANCE")
@click.argument("path", required=False, default="")
@click.option("-o", "target", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Save the file of PATH there.")
@talks_to_service
def files(service: Service, name: str, path: str, output: str, target: Path | None) -> None:
    """Show what is in the sandbox of INSTANCE, also of one that has ended: the folder PATH, or the
    content of the file PATH.
    """
    source, path = instance(service, name), posixpath.normpath(path) if path else ""
    entry = None if path in ("", ".") else _entry(service, source, path)
    if entry is None or entry["isDirectory"]:
        if target is not None:
            raise Problem(f"{path or 'the sandbox'} is a folder: -o saves a file", REFUSED)
        _list(_listed(service, source, path), output)
    elif target is not None:
        _save(service, source, path, target)
    elif output == "json":
        shown_json(entry)
    else:
        shown = OutputTo(sys.stdout)
        for piece in _content(service, source, path):
            shown.write(piece)


def _listed(service: Service, source: Source, path: str) -> list[dict[str, Any]]:
    return list(fine(service.ask("GET", f"{source.path}/files", query={"path": path} if path else None)))


def _entry(service: Service, source: Source, path: str) -> dict[str, Any]:
    """What its folder says of a path. Raises Problem if it says nothing."""
    for each in _listed(service, source, posixpath.dirname(path)):
        if each["path"] == path:
            return each
    raise Problem(f"there is no {path} in the sandbox of {source.name}", REFUSED)


def _list(entries: list[dict[str, Any]], output: str) -> None:
    if output == "json":
        shown_json(entries)
        return
    table(["MODE", "SIZE", "CHANGED", "PATH"], (
        [each["mode"], each["size"], each["mtime"], each["path"] + ("/" if each["isDirectory"] else "")]
        for each in entries))


def _content(service: Service, source: Source, path: str) -> Iterator[bytes]:
    with service.response(f"{source.path}/files/download", {"path": path}) as response:
        if response.status == http.client.NOT_FOUND:
            raise Problem(f"there is no {path} in the sandbox of {source.name} any more", REFUSED)
        while piece := response.read(PIECE):
            yield piece
        if response.length:
            raise Problem(f"{path} ended before its end: {response.length} bytes are missing", FAILED)


def _save(service: Service, source: Source, path: str, target: Path) -> None:
    """All of it or nothing. Raises Problem."""
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as file:
            for piece in _content(service, source, path):
                file.write(piece)
        part.replace(target)
    except OSError as error:
        raise Problem(f"-o {target}: {error.strerror or error}", REFUSED) from error
    finally:
        part.unlink(missing_ok=True)
