"""How a command ends when something is wrong: one clear message, and an exit status that the
documentation names.
"""
from __future__ import annotations

from typing import IO, Any

import click

from specs.errors import SpecError
from specs.words.printable import printable_lines

REFUSED = 2  # what was asked for is wrong: nothing was launched
FAILED = 3  # it could not be done: the cluster, Docker, or a task that was lost


class Problem(click.ClickException):
    """Shown as `error: …` on stderr."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = status  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """As click calls it at the end of the command."""
        click.echo(f"error: {printable_lines(self.message)}", err=file is None, file=file)


def refused(error: SpecError, where: str = "") -> Problem:
    """A specification that cannot be run; `where` is the file or option that it stands in."""
    return Problem(f"{where}: {error}" if where else str(error), REFUSED)
