"""Where the command `mesos-docker` begins."""
from __future__ import annotations

import sys

from .shadows import ShadowedError, check


def main() -> None:
    """The command, or one message where it cannot be."""
    try:
        check()
    except ShadowedError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(3)
    from deploy.cli.entry import main as begin
    begin()
