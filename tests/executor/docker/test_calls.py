"""Limits of calls, on socket pairs whose other end does as the test wants."""
from __future__ import annotations

import itertools
import os
import socket
import threading
import time

import pytest

from executor.docker.door.calls import BoundedSocket, Call
from executor.engine.cancellation import Cancellation
from executor.engine.failures import Cancelled, DeadlineExceeded

FAR = 30.0


@pytest.fixture
def pair() -> tuple[socket.socket, BoundedSocket]:
    theirs, ours = socket.socketpair()
    bounded = BoundedSocket(os.dup(ours.fileno()))
    ours.close()
    return theirs, bounded


def test_silence_ends_with_the_total(pair: tuple[socket.socket, BoundedSocket]) -> None:
    call = Call("inspect", 0.1)
    with pair[0], pair[1], call.active(), pytest.raises(TimeoutError):
        pair[1].recv(1)
    assert isinstance(call.verdict(), DeadlineExceeded)
    assert str(call.verdict()) == "inspect: the Docker engine did not answer within 0.1 s"


def test_a_byte_now_and_then_does_not_keep_a_call_alive(pair: tuple[socket.socket, BoundedSocket]) -> None:
    theirs, ours = pair
    over = threading.Event()

    def trickle() -> None:
        while not over.wait(0.02):
            theirs.send(b"x")

    thread = threading.Thread(target=trickle)
    thread.start()
    call = Call("inspect", 0.3)
    began = time.monotonic()
    with ours, call.active(), pytest.raises(TimeoutError):
        all(ours.recv_into(bytearray(1)) for _ in itertools.count())
    over.set()
    thread.join()
    theirs.close()
    assert time.monotonic() - began < FAR
    assert isinstance(call.verdict(), DeadlineExceeded)


def test_idle_bounds_the_silence_only(pair: tuple[socket.socket, BoundedSocket]) -> None:
    theirs, ours = pair
    call = Call("pull of x", None, idle=0.2)
    with theirs, ours, call.active():
        for _ in range(3):
            theirs.send(b"x")
            assert ours.recv(1) == b"x"
        with pytest.raises(TimeoutError):
            ours.recv(1)
    assert str(call.verdict()) == "pull of x: no sign of life from the Docker engine for 0.2 s"


def test_cancelled_from_another_thread(pair: tuple[socket.socket, BoundedSocket]) -> None:
    theirs, ours = pair
    cancel = Cancellation()
    call = Call("pull of x", None)
    threading.Timer(0.05, cancel.set).start()
    with theirs, ours, call.cancelled_by(cancel), call.active():
        assert ours.recv(1) == b""  # shut down
        with pytest.raises(TimeoutError):
            ours.recv(1)
    assert isinstance(call.verdict(), Cancelled)


def test_cancelled_before_it_begins(pair: tuple[socket.socket, BoundedSocket]) -> None:
    cancel = Cancellation()
    cancel.set()
    call = Call("pull of x", None)
    with pair[0], pair[1], call.cancelled_by(cancel), call.active(), pytest.raises(TimeoutError):
        pair[1].recv(1)


def test_outside_of_calls_nothing_is_bounded(pair: tuple[socket.socket, BoundedSocket]) -> None:
    theirs, ours = pair
    with theirs, ours:
        with Call("x", 0.0).active(), pytest.raises(TimeoutError):
            ours.recv(1)
        ours.settimeout(None)
        threading.Timer(0.05, theirs.send, [b"x"]).start()
        assert ours.recv(1) == b"x"


def test_a_call_that_went_well_has_no_verdict() -> None:
    assert Call("x", 10.0).verdict() is None


class TestCancellation:
    def test_wakes_once_each(self) -> None:
        cancel, woken = Cancellation(), []
        cancel.on_set(lambda: woken.append("a"))
        forget = cancel.on_set(lambda: woken.append("b"))
        forget()
        cancel.set()
        cancel.set()
        assert woken == ["a"]
        assert cancel.is_set()
        assert cancel.wait(0)

    def test_who_comes_late_is_woken_at_once(self) -> None:
        cancel, woken = Cancellation(), []
        cancel.set()
        cancel.on_set(lambda: woken.append("late"))()
        assert woken == ["late"]
