"""One thread that watches many descriptors."""
from __future__ import annotations

import os
import queue
import socket
import time

from executor.node.watcher import Watcher


def test_a_descriptor_whose_number_is_used_again_at_once_is_still_watched() -> None:
    """Between a stream's end and its handler's last word another task's stream may get the number."""
    watcher = Watcher()
    seen: queue.Queue[bytes] = queue.Queue()
    ours, theirs = socket.socketpair()
    others: list[socket.socket] = []

    def end() -> bool:
        number = ours.fileno()
        watcher.remove(number)
        ours.close()
        again, far = socket.socketpair()
        if again.fileno() != number:
            os.dup2(again.fileno(), number)
            again.close()
            again = socket.socket(fileno=number)
        others.extend([again, far])
        watcher.add(number, hear)
        return False

    def hear() -> bool:
        seen.put(others[0].recv(16))
        return True

    watcher.add(ours.fileno(), end)
    theirs.send(b"x")
    theirs.close()
    while len(others) < 2:
        time.sleep(0.001)
    others[1].send(b"hello")
    assert seen.get(timeout=30) == b"hello"
    watcher.remove(others[0].fileno())
    for each in others:
        each.close()
