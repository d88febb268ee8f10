"""URIs into the sandbox: files, http(s); made executable or unpacked as CommandInfo.URI says.

Details of a failure go to the sandbox's `stderr`, as mesos-fetcher's own output does; the agent
only learns that it failed. There is no cache: `cache` is taken and has no effect.

As Mesos: launcher/fetcher.cpp.
"""
from __future__ import annotations

import asyncio
import gzip
import shutil
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from deploy.local.containers.sandbox import give_to
from deploy.local.containers.sandbox_files import complain
from specs.forms import Message

_TAR: Final = (".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz")


class FetchError(Exception):
    """One of the URIs could not be had."""


async def fetch_all(uris: Iterable[Message], directory: Path, user: str | None) -> None:
    """Fetch them one after the other; raises FetchError."""
    wanted = list(uris)
    for uri in wanted:
        try:
            await _fetch(uri, directory)
        except (OSError, ValueError, aiohttp.ClientError, tarfile.TarError, zipfile.BadZipFile,
                TimeoutError) as error:
            complain(directory, f"Failed to fetch '{uri['value']}': {error}")
            raise FetchError(uri["value"]) from error
    if wanted and user is not None:
        give_to(directory, user)


async def _fetch(uri: Message, directory: Path) -> None:
    target = directory / target_name(uri)
    if not target.resolve().is_relative_to(directory.resolve()):
        raise ValueError(f"'{target_name(uri)}' is outside the sandbox")
    target.parent.mkdir(parents=True, exist_ok=True)
    scheme = urlsplit(uri["value"]).scheme
    if scheme in {"http", "https"}:
        await _download(uri["value"], target)
    else:
        await asyncio.to_thread(shutil.copy, local_path(uri["value"]), target)  # with its mode, as `cp`
    if uri.get("executable", False):
        target.chmod(0o755)
    elif uri.get("extract", True):
        await asyncio.to_thread(_extract, target)


def target_name(uri: Message) -> str:
    """The name in the sandbox: output_file, else the last part of the URI's path."""
    if uri.get("output_file"):
        return str(uri["output_file"])
    name = urlsplit(uri["value"]).path.rstrip("/").rpartition("/")[2]
    if not name:
        raise ValueError("the URI has no file name")
    return name


def local_path(value: str) -> Path:
    """The file behind a URI without http: a path, or file:// and a path. Relative ones need
    --frameworks_home, which there is not."""
    path = value.removeprefix("file://localhost").removeprefix("file://")
    if not path.startswith("/"):
        raise ValueError(
            "A relative path was passed for the resource but the Mesos framework home was not specified")
    return Path(path)


async def _download(url: str, target: Path) -> None:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=60, sock_read=60)  # seconds without a byte: stalled
    async with aiohttp.ClientSession(timeout=timeout,
                                     trust_env=True) as session, session.get(url) as response:
        if response.status != 200:
            raise ValueError(f"Unexpected HTTP response code: {response.status}")
        with target.open("wb") as file:
            async for piece in response.content.iter_chunked(1 << 16):
                file.write(piece)


def _extract(archive: Path) -> None:
    """Unpack next to it what is known by its ending; anything else stays as it is."""
    name = archive.name
    if name.endswith(_TAR):
        with tarfile.open(archive) as tar:
            tar.extractall(archive.parent, filter="tar")
    elif name.endswith((".zip", ".jar")):
        if name.endswith(".zip"):
            with zipfile.ZipFile(archive) as zipped:
                zipped.extractall(archive.parent)  # noqa: S202 - zipfile keeps names inside by itself
    elif name.endswith(".gz"):
        with gzip.open(archive) as packed, archive.with_suffix("").open("wb") as file:
            shutil.copyfileobj(packed, file)
