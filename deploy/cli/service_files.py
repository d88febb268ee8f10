"""Where commands find the token of a service that the same user has started: a file for each
address, mode 0600.

It is there while the service runs; the folder is the user's own (XDG_RUNTIME_DIR, else the folder
for state).
"""
from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.cli.private_files import write_private


def folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's own folder for tokens of running services."""
    runtime = environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "mesos-docker"
    home = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME")
                                                     or "/root") / ".local" / "state")
    return Path(home) / "mesos-docker" / "run"


def token_of(url: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The token of the service at this URL, if this user has started it on this machine."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        path = folder(environ) / _name(url)
        if path.stat().st_uid == os.geteuid():
            return path.read_text(encoding="utf-8").strip() or None
    return None


@contextlib.contextmanager
def announced(url: str, token: str, environ: Mapping[str, str] = os.environ) -> Iterator[None]:
    """The token is there for the user's commands within the block."""
    path = folder(environ) / _name(url)
    write_private(path, token + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _name(url: str) -> str:
    plain = url.rstrip("/").replace("://localhost", "://127.0.0.1")
    return re.sub(r"[^A-Za-z0-9.]+", "-", plain) + ".token"
