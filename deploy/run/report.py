"""What the person, or the program, at the other end sees of tasks that run: three ways to tell the
same.

Text on a terminal is a table that lives; text elsewhere is a line per news; JSON is one TaskStatus
per line in Mesos's own form, and nothing else on stdout. What is not about a task's state goes to
stderr.
"""
from __future__ import annotations

import json
import sys
from typing import IO, TYPE_CHECKING, Protocol

from deploy.run.table import Row, table
from deploy.run.terminal import OutputTo
from specs.forms.render import status_update
from specs.messages.status import TaskStatus
from specs.words.printable import printable_lines

if TYPE_CHECKING:
    from rich.live import Live


class Report(Protocol):
    """Called on the framework's thread."""

    def waiting(self, row: Row) -> None: ...

    def launched(self, row: Row) -> None: ...

    def updated(self, row: Row, status: TaskStatus) -> None: ...

    def note(self, text: str) -> None:
        """A sentence about the whole."""
        ...

    def output(self, data: bytes, descriptor: int) -> None:
        """A piece of a container's output, from its stdout (1) or stderr (2). Called on any thread.
        """
        ...

    def close(self) -> None: ...


class Lines:
    """A line per news; the news go to `news`, a container's output to `out` and `err`."""

    def __init__(self, news: IO[str], out: IO[str], err: IO[str]) -> None:
        self._news, self._err = news, err
        self._outputs = {1: OutputTo(out), 2: OutputTo(err)}

    def waiting(self, row: Row) -> None:
        self._say(row.line)

    def launched(self, row: Row) -> None:
        self._say(row.line)

    def updated(self, row: Row, status: TaskStatus) -> None:  # noqa: ARG002 - the row says it
        self._say(row.line)

    def note(self, text: str) -> None:
        print(printable_lines(text), file=self._err, flush=True)

    def output(self, data: bytes, descriptor: int) -> None:
        self._outputs[descriptor].write(data)

    def close(self) -> None:
        pass

    def _say(self, text: str) -> None:
        print(printable_lines(text), file=self._news, flush=True)


class JsonLines:
    """One TaskStatus per line on `out`; notes and containers' output on `err`."""

    def __init__(self, out: IO[str], err: IO[str]) -> None:
        self._out, self._err = out, err
        self._output = OutputTo(err)

    def waiting(self, row: Row) -> None:
        self.note(row.line)

    def launched(self, row: Row) -> None:
        pass

    def updated(self, row: Row, status: TaskStatus) -> None:  # noqa: ARG002 - the status says it
        self._out.write(json.dumps(status_update(status, source=None)) + "\n")
        self._out.flush()

    def note(self, text: str) -> None:
        print(printable_lines(text), file=self._err, flush=True)

    def output(self, data: bytes, descriptor: int) -> None:  # noqa: ARG002 - stdout belongs to the statuses
        self._output.write(data)

    def close(self) -> None:
        pass


class LiveTable:
    """A table on a terminal, redrawn with each news; it stays when it closes."""

    def __init__(self, live: Live) -> None:
        """`live` is started by this."""
        self._live = live
        self._rows: dict[str, Row] = {}
        self._live.start()

    def waiting(self, row: Row) -> None:
        self._show(row)

    def launched(self, row: Row) -> None:
        self._show(row)

    def updated(self, row: Row, status: TaskStatus) -> None:  # noqa: ARG002 - the row says it
        self._show(row)

    def note(self, text: str) -> None:
        self._live.console.print(printable_lines(text), markup=False, highlight=False)

    def output(self, data: bytes, descriptor: int) -> None:  # noqa: ARG002 - there is one terminal
        self._live.console.print(printable_lines(data.decode(errors="replace")), end="",
                                 markup=False, highlight=False)

    def close(self) -> None:
        """What stays is all of it, each message in full."""
        self._live.vertical_overflow = "visible"
        self._live.update(table(self._rows.values(), None, self._live.console.width))
        self._live.stop()

    def _show(self, row: Row) -> None:
        self._rows[row.task_id] = row
        console = self._live.console
        self._live.update(table(self._rows.values(), console.height, console.width), refresh=True)


def report(output: str, *, logs: bool, notes: IO[str] | None = None) -> Report:
    """The report for these options, on the process's own stdout and stderr; `notes` goes there in
    place of stderr.
    """
    if output == "json":
        return JsonLines(sys.stdout, sys.stderr)
    if logs:  # then stdout is the container's, as with docker run
        return Lines(sys.stderr, sys.stdout, sys.stderr)
    if not sys.stdout.isatty():
        return Lines(sys.stdout, sys.stdout, notes or sys.stderr)
    from rich.console import Console
    from rich.live import Live
    return LiveTable(Live(console=Console(), auto_refresh=False, redirect_stdout=False,
                          redirect_stderr=False))
