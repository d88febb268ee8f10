"""Ctrl-C, and being asked to end, in the parts of a command: before its tasks, with them, and while
it cleans up.
"""
from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import click

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def orderly(said: str = "") -> Iterator[None]:
    """Around a whole command. Each of the signals unwinds it, as Ctrl-C does; afterwards all is as
    it was before. `said`: a line for the terminal at that moment, where unwinding takes a while.
    """
    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        if said:
            os.write(2, f"\n{said}\n".encode())  # not by a stream: what was interrupted may hold it
        raise KeyboardInterrupt
    before = {name: signal.getsignal(name) for name in SIGNALS}
    for name in SIGNALS:
        signal.signal(name, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        raise click.Abort from None
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


@contextlib.contextmanager
def given_to(interrupted: Callable[[], None]) -> Iterator[None]:
    """While tasks run: each signal is a call of `interrupted`, on a thread of its own and at once.

    The system gives a signal to any thread of the process. Python's own handlers then wait until
    the main thread wakes up, which may be long: it stands in a lock, for the next thing to happen.
    What every thread does is to write the signal's number into a file descriptor, and a thread that
    reads there is awake at once.
    """
    def wait_for_numbers() -> None:
        while number := reading.recv(1):
            if number[0] in SIGNALS:
                interrupted()

    reading, writing = socket.socketpair()
    with reading, writing:
        writing.setblocking(False)
        before = {name: signal.signal(name, lambda _signal, _frame: None) for name in SIGNALS}
        descriptor = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        thread = threading.Thread(target=wait_for_numbers, name="signals", daemon=True)
        thread.start()
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)
            signal.set_wakeup_fd(descriptor)
            writing.shutdown(socket.SHUT_WR)
            thread.join()


@contextlib.contextmanager
def unbroken() -> Iterator[None]:
    """Around a short call that makes something elsewhere: the first signal waits for its end, the
    second does not.

    Whoever asked for a container and went away before the answer gets one all the same, perhaps
    after the cleaning up.
    """
    came: list[int] = []

    def keep(number: int, _frame: FrameType | None) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)
    before = {name: signal.signal(name, keep) for name in SIGNALS}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    if came:
        signal.raise_signal(came[0])


@contextlib.contextmanager
def cleaned_up(cleanup: Callable[[], None]) -> Iterator[None]:
    """Clean up at the end of the block, without being interrupted in it."""
    try:
        yield
    finally:
        before = {name: signal.signal(name, signal.SIG_IGN) for name in SIGNALS}
        try:
            cleanup()
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)
