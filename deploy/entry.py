"""Where the installed command begins: a Ctrl-C that comes while modules are still imported ends it without a stack.

Nothing has been started by then, so there is nothing to clean up; the commands that start something take the signals
over (signals.py).
"""
from __future__ import annotations

import signal


def main() -> None:
    """What `mesos-docker` calls."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from deploy import cli

    cli.main()
