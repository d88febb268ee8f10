"""Ports for tests: of those that the kernel gives to nobody who does not name them.

A port that it gave and got back it may give to the next connection that anybody makes.
"""
from __future__ import annotations

import random
import socket
from contextlib import ExitStack

FIRST, LAST = 12000, 30000  # below 31000, where agents offer theirs, and below the kernel's 32768


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM, count: int = 1) -> int:
    """The first of so many adjacent ports that are free on all addresses."""
    while True:
        first = random.randrange(FIRST, LAST)
        try:
            with ExitStack() as stack:
                for port in range(first, first + count):
                    stack.enter_context(socket.socket(socket.AF_INET, kind)).bind(("", port))
        except OSError:
            continue
        return first
