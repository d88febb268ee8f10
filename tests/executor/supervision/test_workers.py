"""A few threads for calls that block."""
from __future__ import annotations

import threading

from executor.supervision.blocking.workers import Workers


def test_at_most_so_many_at_once_and_no_fault_ends_a_worker() -> None:
    workers, lock = Workers("test", 3), threading.Lock()
    now, most, done = 0, 0, threading.Semaphore(0)
    gate = threading.Barrier(3)  # three have to be there at once

    def job() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        gate.wait(30)
        with lock:
            now -= 1
        done.release()
        raise ValueError("a fault")

    for _ in range(9):
        workers.submit(job)
    for _ in range(9):
        assert done.acquire(timeout=30)
    assert most == 3
    workers.wait_idle(30)
    assert workers.backlog == 0


def test_wait_idle_gives_up() -> None:
    workers, release = Workers("test", 1), threading.Event()

    def job() -> None:
        release.wait(30)

    workers.submit(job)
    workers.wait_idle(0.01)
    assert workers.backlog == 1
    release.set()
    workers.wait_idle(30)
    assert workers.backlog == 0
