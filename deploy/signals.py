"""Ctrl-C, and being asked to end, in the parts of a command: before its tasks, with them, and while it cleans up."""
from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

import click

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def orderly() -> Iterator[None]:
    """Around a whole command. Each of the signals unwinds it, as Ctrl-C does; afterwards all is as it was before."""
    def interrupt(_signal: int, _frame: FrameType | None) -> None:
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
    """While tasks run: each signal is a call of `interrupted`."""
    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        interrupted()
    before = {name: signal.getsignal(name) for name in SIGNALS}
    for name in SIGNALS:
        signal.signal(name, interrupt)
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


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
