"""URIs into the sandbox: files, http(s); made executable or unpacked as CommandInfo.URI says.

Details of a failure go to the sandbox's `stderr`, as mesos-fetcher's own output does; the agent
only learns that it failed. There is no cache: `cache` is taken and has no effect.

As Mesos: launcher/fetcher.cpp.
"""
from __future__ import annotations

import asyncio
import gzip
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import aiohttp

from deploy.local.containers.sandbox import give_to
from deploy.local.containers.sandbox_files import complain
from specs.forms import Message
from specs.words.uri import GZIP, TAR, ZIP, local_path, target_name

UNIX: Final = 3  # the system that an entry of a zip was made on
BROKEN: Final = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError,
                 RuntimeError)  # what archives may lead to; the last: a password, too many levels


class FetchError(Exception):
    """One of the URIs could not be had."""


async def fetch_all(uris: Iterable[Message], directory: Path, user: str | None) -> None:
    """Fetch them one after the other; raises FetchError."""
    wanted = list(uris)
    for uri in wanted:
        try:
            await _fetch(uri, directory)
        except (OSError, ValueError, aiohttp.ClientError, TimeoutError, *BROKEN) as error:
            complain(directory, f"Failed to fetch '{uri['value']}': {error}")
            raise FetchError(uri["value"]) from error
    if wanted and user is not None:
        give_to(directory, user)


async def _fetch(uri: Message, directory: Path) -> None:
    name = target_name(uri["value"], uri.get("output_file"))
    target = _inside(directory, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    path = local_path(uri["value"])
    if path is None:
        await _download(uri["value"].strip(), target)
    else:
        await asyncio.to_thread(_copy, path, target)
    if uri.get("executable", False):
        target.chmod(0o755)
    elif uri.get("extract", True):
        await asyncio.to_thread(_extract, target, name, directory)


def _inside(directory: Path, name: str) -> Path:
    """Raises ValueError, also where links lead out."""
    target = directory / name
    if not target.resolve().is_relative_to(directory.resolve()):
        raise ValueError(f"'{name}' is outside the sandbox")
    return target


def _copy(path: str, target: Path) -> None:
    """With its mode, as `cp`; nothing that could hold us up or never end."""
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise ValueError("it is not a file")
    shutil.copy(path, target)


async def _download(url: str, target: Path) -> None:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=60, sock_read=60)  # seconds without a byte: stalled
    async with aiohttp.ClientSession(timeout=timeout,
                                     trust_env=True) as session, session.get(url) as response:
        if response.status != 200:
            raise ValueError(f"Unexpected HTTP response code: {response.status}")
        with target.open("wb") as file:
            async for piece in response.content.iter_chunked(1 << 16):
                file.write(piece)


def _extract(archive: Path, name: str, directory: Path) -> None:
    """Unpack into the sandbox what is known by its ending; anything else stays as it is."""
    if name.endswith(TAR):
        with tarfile.open(archive) as tar:
            tar.extractall(directory, filter="data")  # no link that leads out, for others to write through
    elif name.endswith(ZIP):
        _extract_zip(archive, directory)
    elif name.endswith(GZIP):
        unpacked = _inside(directory, archive.name.removesuffix(GZIP))
        with gzip.open(archive) as packed, unpacked.open("wb") as file:
            shutil.copyfileobj(packed, file)


def _extract_zip(archive: Path, directory: Path) -> None:
    """zipfile keeps names inside by itself, and forgets modes."""
    with zipfile.ZipFile(archive) as zipped:
        for entry in zipped.infolist():
            _inside(directory, entry.filename)
            path = Path(zipped.extract(entry, directory))
            mode = stat.S_IMODE(entry.external_attr >> 16) if entry.create_system == UNIX else 0
            if mode:
                path.chmod(mode & 0o755 | (0o700 if entry.is_dir() else 0))
