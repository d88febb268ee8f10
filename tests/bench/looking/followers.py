"""`python -m tests.bench.looking.followers URL COUNT INSTANCE…`: so many follow the output of these instances.

They are people's browsers and terminals on other machines. So they are one process that does next to nothing, behind
everybody else: it takes what comes and throws it away. "ready" once all of them get something; the end of stdin ends
it.
"""
from __future__ import annotations

import os
import selectors
import socket
import sys
from urllib.parse import urlsplit

SIZE = 64 * 1024  # bytes


def followed(url: str, instance: str) -> socket.socket:
    """The answer to one that follows."""
    parts = urlsplit(url)
    found = socket.create_connection((parts.hostname or "", parts.port or 80), 60)
    found.sendall(f"GET /api/v1/instances/{instance}/logs?follow=1&tail=0 HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                  f"Authorization: Bearer {os.environ['MESOS_DOCKER_TOKEN']}\r\n\r\n".encode())
    status = found.recv(SIZE)
    if not status.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"{instance}: {status[:200]!r}")
    return found


def main() -> None:
    """Until nobody is at the other end of stdin."""
    os.nice(19)
    url, count, instances = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    waiting = {followed(url, instances[number % len(instances)]) for number in range(count)}
    buffer = bytearray(SIZE)
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        for each in waiting:
            selector.register(each, selectors.EVENT_READ)
        ready = False
        while True:
            for key, _ in selector.select():
                if not isinstance(key.fileobj, socket.socket):
                    return
                if not key.fileobj.recv_into(buffer):
                    raise SystemExit("an output has ended")
                waiting.discard(key.fileobj)
            if not waiting and not ready:
                ready = True
                sys.stdout.write("ready\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
