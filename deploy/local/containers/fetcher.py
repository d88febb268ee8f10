"""URIs into the sandbox: files, http(s); made executable or unpacked as CommandInfo.URI says.

Details of a failure go to the sandbox's `stderr`, as mesos-fetcher's own output does; the agent
only learns that it failed. There is no cache: `cache` is taken and has no effect.

As Mesos: launcher/fetcher.cpp.
"""
from __future__ import annotations

import asyncio
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

import aiohttp

from deploy.local.containers.archives import BROKEN, extract, inside
from deploy.local.containers.sandbox import give_to
from deploy.local.containers.sandbox_files import complain
from specs.forms import Message
from specs.words.uri import local_path, target_name


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
    target = inside(directory, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    path = local_path(uri["value"])
    if path is None:
        await _download(uri["value"].strip(), target)
    else:
        await asyncio.to_thread(_copy, path, target)
    if uri.get("executable", False):
        target.chmod(0o755)
    elif uri.get("extract", True):
        await asyncio.to_thread(extract, target, name, directory)


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
