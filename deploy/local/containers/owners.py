"""Whose connection it is: the kernel's word on which process dialled us from this machine."""
from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

from deploy.local.containers.processes import tree
from deploy.local.wire.exchange import Ends


def speaks(pid: int, ends: Ends | None) -> bool:
    """Whether a process, its offspring or its session holds the other end of a connection.

    False where that cannot be known: an end on another machine, a process of another user.
    """
    inode = None if ends is None else _inode(ends)
    return inode is not None and any(inode in _sockets(member) for member in tree(pid))


def _inode(ends: Ends) -> str | None:
    """Of the socket whose own address is the peer's; as Linux: proc(5), /proc/net/tcp."""
    wanted = [_hexadecimal(*ends.peer), _hexadecimal(*ends.own)]
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError), Path("/proc/net", table).open(encoding="ascii") as lines:
            for line in lines:
                words = line.split()
                if words[1:3] == wanted:
                    return words[9]
    return None


def _hexadecimal(host: str, port: int) -> str:
    """An address as the table has it: words of four bytes, each in the machine's order."""
    plain = host.split("%", maxsplit=1)[0].removeprefix("::ffff:")
    packed = socket.inet_pton(socket.AF_INET6 if ":" in plain else socket.AF_INET, plain)
    turned = b"".join(packed[at:at + 4][::-1] for at in range(0, len(packed), 4))
    return f"{turned.hex().upper()}:{port:04X}"


def _sockets(pid: int) -> Iterator[str]:
    folder = Path("/proc", str(pid), "fd")
    with contextlib.suppress(OSError):
        for descriptor in folder.iterdir():
            with contextlib.suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    yield target[8:-1]
