"""Tasks as people see them, and the table of them on a terminal, as wide and as high as that is.

Each task is a line of columns where they have room, and the message some, too. Else there are two
columns: the state, which is never cut, and beside it, on lines of their own, all else.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from scheduler.placement.matching import Launch
from specs.messages.status import TERMINAL_STATES, TaskState, TaskStatus
from specs.messages.task import TaskInfo
from specs.words.printable import printable

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

COLUMNS: Final = ("Task", "State", "Agent", "Address", "Ports", "Message")
GAP: Final = 2
MESSAGE: Final = 30  # columns that a message needs to be read
WIDE: Final = 120


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


def table(rows: Iterable[Row], height: int | None, width: int = WIDE) -> Table:
    """The rows as a table that fits a terminal of this many lines and columns: those that have
    ended make room first.

    `height` None: all rows, and messages over as many lines as they need.
    """
    everything = list(rows)
    room = max(3, height - 4) if height is not None else len(everything)
    hidden = len(everything) - room
    shown = _most_alive(everything, room)
    whole = height is None or len(everything) < height // 4  # then there is room for long messages while it lives
    made = _wide(shown, whole=whole) if _has_room(shown, width) else _narrow(shown, whole=whole)
    if hidden > 0:
        made.add_row(f"… and {hidden} more")
    return made


def _has_room(rows: Sequence[Row], width: int) -> bool:
    needed = [max([len(name), *(len(text) for text in texts)]) for name, texts in zip(
        COLUMNS, zip(*map(_cells, rows), strict=True), strict=False)]
    message = min(needed[-1], MESSAGE) if needed else 0
    return sum(needed[:-1]) + message + GAP * len(COLUMNS[:-1]) <= width


def _wide(rows: Sequence[Row], *, whole: bool) -> Table:
    from rich.table import Table
    from rich.text import Text
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in COLUMNS:
        made.add_column(column, overflow="fold" if whole and column == "Message" else "ellipsis",
                        no_wrap=not whole or column != "Message")
    for row in rows:
        made.add_row(row.task_id, _state(row), row.agent, row.address, row.ports, Text(row.message))
    return made


def _narrow(rows: Sequence[Row], *, whole: bool) -> Table:
    from rich.table import Table
    from rich.text import Text
    made = Table(box=None, pad_edge=False, header_style="bold")
    made.add_column("State", no_wrap=True)
    made.add_column("Task", overflow="fold" if whole else "ellipsis", no_wrap=not whole)
    for row in rows:
        more = (f"on {row.agent}" if row.agent else "", row.address, row.ports, row.message)
        lines = [row.task_id, *filter(None, more)]
        made.add_row(_state(row), Text("\n".join(lines) if whole else "  ".join(lines)))
    return made


def _cells(row: Row) -> tuple[str, ...]:
    return (row.task_id, _state(row).plain, row.agent, row.address, row.ports, row.message)


def _state(row: Row) -> Text:
    from rich.text import Text
    return Text(row.state + ({None: "", True: " ✓", False: " unhealthy"}[row.healthy]),
                style=_style(row.state))


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
