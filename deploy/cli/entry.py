"""Where the installed command and `make run` begin: a Ctrl-C while modules are imported ends them
without a stack.

Nothing has been started by then, so there is nothing to clean up; the commands that start something
take the signals over (signals.py). A stream that was closed by whoever started us is as good as
/dev/null.
"""
from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """What `mesos-docker` calls."""
    prepare()
    from deploy.cli import main as cli

    cli.main()


def prepare() -> None:
    """To be called before anything large is imported."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):  # in the order of their numbers
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115,PTH123 - open for as long as we live
