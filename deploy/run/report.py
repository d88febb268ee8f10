"""What the person, or the program, at the other end sees of tasks that run: three ways to tell the
same.

Text on a terminal is a table that lives; text elsewhere is a line per news; JSON is one TaskStatus
per line in Mesos's own form, and nothing else on stdout. What is not about a task's state goes to
stderr.
"""
from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Protocol

from deploy.run.terminal import OutputTo
from scheduler.placement.matching import Launch
from specs.forms.render import status_update
from specs.messages.status import TERMINAL_STATES, TaskState, TaskStatus
from specs.messages.task import TaskInfo
from specs.words.printable import printable, printable_lines

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One task as people see it."""

    task_id: str
    state: str = "waits for an offer"
    agent: str = ""
    address: str = ""
    ports: str = ""
    message: str = ""
    healthy: bool | None = None
    not_its_own: str = ""  # the agent's IP address, where the container's must be another

    def launched(self, launch: Launch, info: TaskInfo) -> Row:
        """It has found its agent."""
        docker = None if info.container is None else info.container.docker
        shares = docker is None or docker.network in (None, "HOST")
        return replace(self, state="launching", agent=launch.hostname or launch.agent_id,
                       ports=ports(info), message="",
                       not_its_own="" if shares else launch.address.rpartition(":")[0].strip("[]"))

    def updated(self, status: TaskStatus) -> Row:
        """Something was heard of it.

        Only TASK_RUNNING tells the container's address: where an executor tells none, the agent
        puts in its own. A container that was gone before anybody could look has none.
        """
        found = addresses(status) if status.state is TaskState.RUNNING else []
        found = [address for address in found if address != self.not_its_own]
        return replace(self, state=status.state.value,
                       message=printable(status.message or reason(status)),
                       address=", ".join(found) or self.address,
                       healthy=self.healthy if status.healthy is None else status.healthy)

    @property
    def line(self) -> str:
        """The row as one line, without what is empty."""
        where = f"on {self.agent}" if self.agent else ""
        health = {None: "", True: "healthy", False: "unhealthy"}[self.healthy]
        words = (self.task_id, self.state, health, where, self.address, self.ports, self.message)
        return "  ".join(word for word in words if word)


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
        self._live.update(table(self._rows.values(), None))
        self._live.stop()

    def _show(self, row: Row) -> None:
        self._rows[row.task_id] = row
        self._live.update(table(self._rows.values(), self._live.console.height), refresh=True)


def table(rows: Iterable[Row], height: int | None) -> Table:
    """The rows as a table that fits a terminal of this many lines: those that have ended make room
    first.

    `height` None: all rows, and messages over as many lines as they need.
    """
    from rich.table import Table
    from rich.text import Text
    shown = Table(box=None, pad_edge=False, header_style="bold")
    everything = list(rows)
    whole = height is None or len(everything) < height // 4  # then there is room for long messages while it lives
    for column in ("Task", "State", "Agent", "Address", "Ports", "Message"):
        shown.add_column(column, overflow="fold" if whole and column == "Message" else "ellipsis",
                         no_wrap=not whole or column != "Message")
    room = max(3, height - 4) if height is not None else len(everything)
    hidden = len(everything) - room
    for row in _most_alive(everything, room):
        state = Text(row.state + ({None: "", True: " ✓", False: " unhealthy"}[row.healthy]),
                     style=_style(row.state))
        shown.add_row(row.task_id, state, row.agent, row.address, row.ports, Text(row.message))
    if hidden > 0:
        shown.add_row(f"… and {hidden} more")
    return shown


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


def addresses(status: TaskStatus) -> list[str]:
    """The container's IP addresses, as the update tells them."""
    return [each.ip_address for info in status.network_infos for each in info.ip_addresses
            if each.ip_address]


def ports(info: TaskInfo) -> str:
    """A TaskInfo's port mappings as people write them; without any, the host ports that it has."""
    docker = None if info.container is None else info.container.docker
    if docker is not None and docker.port_mappings:
        return ", ".join(f"{each.host_port}→{each.container_port}"
                         + (f"/{each.protocol}" if each.protocol else "")
                         for each in docker.port_mappings)
    ranges = [each for resource in info.resources if resource.name == "ports"
              for each in resource.ranges or ()]
    return ", ".join(f"{each.begin}" if each.begin == each.end else f"{each.begin}-{each.end}"
                     for each in ranges)


def reason(status: TaskStatus) -> str:
    """The reason in words, for an update without a message."""
    return (status.reason or "").removeprefix("REASON_").replace("_", " ").lower()


def _most_alive(rows: list[Row], room: int) -> list[Row]:
    if len(rows) <= room:
        return rows
    alive = [row for row in rows if row.state not in TERMINAL_STATES]
    ended = [row for row in rows if row.state in TERMINAL_STATES]
    kept = {row.task_id for row in [*alive, *reversed(ended)][:room]}
    return [row for row in rows if row.task_id in kept]


def _style(state: str) -> str:
    if state in (TaskState.RUNNING, TaskState.FINISHED):
        return "green"
    if state in (TaskState.KILLED, TaskState.KILLING):
        return "yellow"
    return "red" if state in TERMINAL_STATES else "cyan"
