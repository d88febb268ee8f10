"""Telling systemd how we are: one datagram to $NOTIFY_SOCKET, and nothing where there is none.

As systemd: sd_notify(3).
"""
from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


def notify(state: str, environ: Mapping[str, str] = os.environ) -> None:
    """Such as READY=1 or STOPPING=1. A name that begins with @ is one of the abstract ones."""
    path = environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.connect("\0" + path[1:] if path.startswith("@") else path)
        sock.sendall(state.encode())
