"""Another version of this executor takes over, under running tasks.

The ExecutorInfo stays the same, so no agent ever starts the new one: we ask it ourselves whether it
starts and reads our journal (`COMMAND --check`), and end if it does. Our launcher starts what is
there by then, which re-adopts the tasks. If it says no, we go on, and say why.
"""
from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable
from typing import Final

from executor.supervision.blocking.workers import Workers

log = logging.getLogger(__name__)

PATIENCE: Final = 60.0  # seconds that it has to start
MOST_SAID: Final = 2000  # characters of its reason


class Upgrade:
    """`ask` is for any thread, and for a signal's handler."""

    def __init__(self, command: str, agreed: Callable[[], None]) -> None:
        """`command`: how the launcher was called; empty without one, which nobody can start again.
        `agreed` is called on a thread of its own: the new one can take over.
        """
        self._command = command
        self._agreed = agreed
        self._workers = Workers("upgrade", 1)
        self._asking = False  # what is there is being asked

    def ask(self, why: str, refused: Callable[[str], None] = lambda _: None) -> None:
        """Hand over, if there is something that can take over; returns at once. `refused` is called on
        a thread of its own, with the reason. Who asks again meanwhile waits for the same answer.
        """
        if not self._asking:
            self._asking = True
            self._workers.submit(lambda: self._ask(why, refused))

    def _ask(self, why: str, refused: Callable[[str], None]) -> None:
        log.info("Asked to hand over to another version (%s)", why)
        try:
            problem = refusal(self._command)
            if problem:
                log.error("Not handing over: %s", problem)
                refused(problem)
            else:
                self._agreed()
        finally:
            self._asking = False


def refusal(command: str) -> str:
    """Why what is at the launcher's place cannot take over; empty: it can. May take PATIENCE."""
    if not command:
        return "this executor was started without its launcher"
    try:
        done = subprocess.run([command, "--check"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", timeout=PATIENCE, check=False)
    except OSError as error:
        return f"{command} cannot be started: {error.strerror}"
    except subprocess.TimeoutExpired:
        return f"{command} --check does not end in {PATIENCE:g} s"
    if done.returncode:
        return (f"{command} --check ended with status {done.returncode}: "
                f"{done.stderr.strip()[-MOST_SAID:]}")
    return ""
