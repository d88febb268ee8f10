"""Signals in the parts of a command."""
from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import click
import pytest

from deploy.cli.signals import SIGNALS, cleaned_up, given_to, orderly, unbroken


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_a_command_is_unwound(number: signal.Signals) -> None:
    cleaned: list[bool] = []
    with pytest.raises(click.Abort), orderly(), cleaned_up(lambda: cleaned.append(True)):
        os.kill(os.getpid(), number)
    assert cleaned == [True]


@pytest.mark.parametrize("number", SIGNALS)
def test_tasks_are_told_at_once_even_if_another_thread_gets_the_signal(
        number: signal.Signals) -> None:
    """The main thread stands in a lock and would not notice: pthread_kill gives the signal to the
    other one.
    """
    told = threading.Event()
    ready = threading.Event()
    done = threading.Event()

    def other() -> None:
        ready.set()
        done.wait(30)

    thread = threading.Thread(target=other)
    with given_to(told.set):
        thread.start()
        ready.wait(30)
        assert thread.ident is not None
        signal.pthread_kill(thread.ident, number)
        assert told.wait(30)
        done.set()
        thread.join()


def test_each_signal_counts() -> None:
    count = threading.Semaphore(0)
    with given_to(count.release):
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            assert count.acquire(timeout=30)


def test_cleaning_up_is_not_interrupted() -> None:
    done: list[bool] = []

    def cleanup() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        done.append(True)

    with pytest.raises(RuntimeError, match="why"), orderly(), cleaned_up(cleanup):
        raise RuntimeError("why")
    assert done == [True]


@pytest.mark.parametrize("number", SIGNALS)
def test_what_makes_something_is_not_cut_in_two(number: signal.Signals) -> None:
    order: list[str] = []

    def make() -> None:
        with unbroken():
            os.kill(os.getpid(), number)
            order.append("made")
        order.append("never reached")

    with pytest.raises(click.Abort), orderly(), cleaned_up(lambda: order.append("cleaned")):
        make()
    assert order == ["made", "cleaned"]


def test_who_insists_is_heard() -> None:
    def make() -> None:
        with unbroken():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
            pytest.fail("the second one does not wait")

    with pytest.raises(click.Abort), orderly():
        make()


def test_an_error_in_what_makes_something_stays_one() -> None:
    with pytest.raises(RuntimeError, match="why"), orderly(), unbroken():
        raise RuntimeError("why")
