"""The program. The agent hears of us first of all; what runs tasks is loaded while it answers."""
from __future__ import annotations

import os
import sys

from executor.agent.first_call import first_call


def _occupy_standard_descriptors() -> None:
    """A connection must not become descriptor 1, which is the task's stdout in the drop-in."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _hold_back_signals() -> None:
    """Who knows of us may end us, and program.py ends the tasks first: until it is loaded, that waits."""
    import _signal  # type: ignore[import-not-found] # typeshed's is `signal`, which takes long to load

    _signal.pthread_sigmask(_signal.SIG_BLOCK, {
        _signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP, _signal.SIGUSR2})


if __name__ == "__main__":
    _hold_back_signals()
    _occupy_standard_descriptors()
    begun = first_call(sys.argv[1:], os.environ)
    from executor.later import SELDOM_USED, load_later

    load_later(*SELDOM_USED)
    from executor.frozen import share_refusals

    share_refusals()
    from executor.program import leave, main

    leave(main(begun))
