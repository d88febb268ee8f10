"""`make run`, which is `python -m deploy.demo`: the main job (main_job.py), begun as the installed
command begins.
"""
from __future__ import annotations

import sys

from deploy.cli import entry


def main() -> None:
    """Run it; ends the process with its exit status."""
    entry.prepare()
    from deploy.cli import main as cli
    from deploy.demo import main_job

    sys.exit(cli.run_command(main_job.demo))


if __name__ == "__main__":
    main()
