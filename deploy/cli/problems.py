"""How a command ends when something is wrong: one clear message, and an exit status that the
documentation names.
"""
from __future__ import annotations

import shutil
import sys
import textwrap
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
        text = f"error: {printable_lines(self.message)}"
        click.echo(fitted(text, file or sys.stderr), err=file is None, file=file)


def fitted(text: str, stream: IO[Any], already: int = 0) -> str:
    """Lines as wide as the terminal that `stream` is, cut between words; elsewhere the text as it is.
    `already`: characters that stand before it.
    """
    if not stream.isatty():
        return text
    columns = shutil.get_terminal_size().columns
    return "\n".join(_wrapped(line, columns, 0 if number else already)
                     for number, line in enumerate(text.split("\n")))


def _wrapped(line: str, columns: int, already: int) -> str:
    indent = " " * (len(line) - len(line.lstrip()))
    lines = textwrap.wrap("x" * already + line, columns, subsequent_indent=indent, break_long_words=False,
                          break_on_hyphens=False, drop_whitespace=True)
    return "\n".join(lines)[already:]


def refused(error: SpecError, where: str = "") -> Problem:
    """A specification that cannot be run; `where` is the file or option that it stands in."""
    return Problem(f"{where}: {error}" if where else str(error), REFUSED)
