"""Calls to the engine whose failure is a value; and the end of what it may have started unsaid."""
from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from executor.engine.failures import Fault, NoSuchContainer, RuntimeFailure
from executor.engine.port import Containers
from executor.life.outcomes import Failure
from executor.node.processes import end_processes

log = logging.getLogger(__name__)

T = TypeVar("T")

END_PATIENCE: Final = 2.0  # seconds for a process to end by SIGKILL
LOOKS: Final = 0.05  # seconds between two looks whether it has


def attempt(call: Callable[[], T]) -> T | Failure:
    """What a call to the engine gives.

    A fault of ours is a failure too: nobody must wait for ever.
    """
    try:
        return call()
    except RuntimeFailure as error:
        return Failure.of(error)
    except Exception as error:
        log.exception("A fault in a call to the engine")
        return Failure(Fault, f"{type(error).__name__}: {error}")


def failure_of(call: Callable[[], None]) -> Failure | None:
    """Why a call without an answer failed, if it did."""
    return attempt(call)


def end_unsaid(containers: Containers, container: str) -> bool | Failure:
    """End what may run of a container whose start was never answered; whether it had been started.
    What it has written is whole then. May take END_PATIENCE.

    An engine that was killed in the start has perhaps not written down that there was one: then its
    processes run, and it knows of none.
    """
    failure = failure_of(lambda: containers.kill(container, "SIGKILL"))
    if failure is not None:
        return failure
    until = time.monotonic() + END_PATIENCE
    while True:
        found = attempt(lambda: containers.inspect(container))
        if isinstance(found, Failure):
            return False if issubclass(found.kind, NoSuchContainer) else found
        if not found.running or time.monotonic() > until:
            return end_processes(container) or found.started
        time.sleep(LOOKS)
