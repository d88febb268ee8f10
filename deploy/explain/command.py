"""`mesos-docker explain`: says what a TaskInfo would become, without running it."""
from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.cli.problems import refused
from deploy.explain.explanation import Explanation
from deploy.explain.explanation import explain as explained
from deploy.explain.sections import ExplainedRow, Login
from specs.container.place import Place
from specs.errors import SpecError
from specs.forms.taskinfo import task_from_json
from specs.images.auth import parse_auth_config
from specs.words.printable import printable, printable_json, printable_lines
from specs.words.secrecy import HIDDEN


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--format", "form", type=click.Choice(["text", "options", "engine", "cli"]),
              default="text", show_default=True,
              help="For people; RunOptions as JSON; the Engine API's create payload; the equal docker command line.")
@click.option("--sandbox-directory", default="/var/lib/mesos/sandbox", show_default=True,
              help="Stands for the task's sandbox.")
@click.option("--container-name", default="mdx-UUID", show_default=True,
              help="Stands for the container's name.")
def explain(file: IO[bytes], form: str, sandbox_directory: str, container_name: str) -> None:
    """Say what the TaskInfo in FILE (JSON, - for stdin) would become: image, limits, mounts, ports,
    environment.

    Nothing is run. Exit status 2 if the task would be refused; stderr then has the path of the
    field, and why.
    """
    name = str(getattr(file, "name", "-"))
    where = "stdin" if name in {"-", "<stdin>"} else name
    place = Place(container_name, sandbox_directory, total_memory=total_memory(), ports_open=True)
    try:
        result = explained(task_from_json(file.read(), strict=True, without_agent=True), place,
                           node_login())
    except SpecError as error:
        raise refused(error, where) from error
    if form == "text":
        show(result, Console(highlight=False, width=None if sys.stdout.isatty() else 120))
    elif form == "cli":
        line = shlex.join(result.command_line())
        click.echo(printable_lines(line) if sys.stdout.isatty() else line)
    else:
        value = result.shown_options() if form == "options" else result.payload
        click.echo(printable_json(json.dumps(value, indent=2, ensure_ascii=False)))


def node_login() -> Login:
    """This machine's Docker configuration, as an example of a node's."""
    path = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    try:
        return Login(parse_auth_config(path.read_text()), str(path))
    except (OSError, ValueError):  # SpecError is a ValueError; a wrong file is as good as none here
        return Login()


def total_memory() -> int:
    """Bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def show(result: Explanation, console: Console) -> None:
    """The sections, each a table without lines; colour only on a terminal."""
    for index, (title, rows) in enumerate(result.sections):
        if index:
            console.print()
        console.print(Text(title, style="bold cyan"))
        console.print(_table(rows))


def _table(rows: Sequence[ExplainedRow]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True, min_width=22)
    table.add_column(overflow="fold", min_width=36)
    table.add_column(style="dim", overflow="fold")
    for row in rows:
        value = Text(printable_lines(row.value), style="yellow" if row.value == HIDDEN else "")
        table.add_row(Text(f"  {printable(row.name)}"), value, Text(printable_lines(row.why)))
    return table
