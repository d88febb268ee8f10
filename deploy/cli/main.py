"""The command `mesos-docker`: finds the subcommand, imports that and nothing else, shows errors as
people read them.

Exit status: 0, or the container's own, or 2 for what is refused before anything runs, or 3 for what
could not be done; each subcommand's --help says more. 130 after Ctrl-C where nothing better is
known.
"""
from __future__ import annotations

import difflib
import errno
import importlib
import importlib.metadata
import io
import os
import shutil
import signal
import sys
import textwrap
from collections.abc import Iterable, Mapping
from typing import ClassVar

import click

from deploy.cli.problems import FAILED, Problem, fitted

COMMANDS = {
    "run": "deploy.run.command",
    "local": "deploy.cli.local_command",
    "serve": "deploy.serve.command",
    "apps": "deploy.client.lists",
    "ps": "deploy.client.lists",
    "agents": "deploy.client.lists",
    "deployments": "deploy.client.lists",
    "versions": "deploy.client.lists",
    "show": "deploy.client.looks",
    "why": "deploy.client.looks",
    "events": "deploy.client.looks",
    "debug": "deploy.client.debug",
    "logs": "deploy.client.looking.logs",
    "files": "deploy.client.looking.files",
    "exec": "deploy.client.looking.exec",
    "ui": "deploy.client.looks",
    "init": "deploy.client.deploy",
    "validate": "deploy.client.deploy",
    "plan": "deploy.client.deploy",
    "deploy": "deploy.client.deploy",
    "scale": "deploy.client.changes",
    "restart": "deploy.client.changes",
    "revert": "deploy.client.changes",
    "rm": "deploy.client.changes",
    "kill": "deploy.client.changes",
    "rollback": "deploy.client.changes",
    "stop": "deploy.client.changes",
    "pause": "deploy.client.changes",
    "resume": "deploy.client.changes",
    "promote": "deploy.client.changes",
    "explain": "deploy.explain.command",
    "node": "deploy.node.command",
}


NARROWEST, WIDEST = 30, 110  # columns of help; longer lines are hard to read
LONGEST_SUMMARY = 1000  # characters: no sentence is cut


class FittingFormatter(click.HelpFormatter):
    """Help that fits the terminal, from 40 columns on, where click's own takes 50 for granted."""

    def __init__(self, indent_increment: int = 2, width: int | None = None,
                 max_width: int | None = None) -> None:
        columns = shutil.get_terminal_size().columns
        fitting = max(min(columns - 2, max_width or WIDEST), NARROWEST)
        super().__init__(indent_increment, width or fitting)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30,
                 col_spacing: int = 2) -> None:
        """Options beside their descriptions, or above them where they take more than a third."""
        super().write_dl(rows, min(col_max, self.width // 3), col_spacing)

    def write_text(self, text: str) -> None:
        """Commands that are there to be copied go on behind a backslash where they are too long."""
        super().write_text("\n\n".join(self._copied(each) if each.startswith("\b") else each
                                       for each in text.split("\n\n")))

    def _copied(self, commands: str) -> str:
        width = self.width - self.current_indent - len(" \\")
        return "\n".join(" \\\n".join(textwrap.wrap(
            line, width, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False))
            if len(line) > width else line for line in commands.split("\n"))


class FittingContext(click.Context):
    """What commands are called in, so that their help is written so."""

    formatter_class = FittingFormatter


class LazyGroup(click.Group):
    """Each command is the object of its own name in its module, imported when it is wanted."""

    context_class = FittingContext
    modules: ClassVar[Mapping[str, str]] = COMMANDS

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in self.modules:
            return None
        command = getattr(importlib.import_module(self.modules[cmd_name]), cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.modules[cmd_name]}.{cmd_name} is not a command")
        command.context_class = FittingContext
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click, but that what commands do is told whole, on as many lines as it takes."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(LONGEST_SUMMARY)) for name, command in commands
                if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(self, ctx: click.Context, args: list[str],
                        ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click; a UsageError for an unknown command names the one that was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            meant = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f' Did you mean "{meant[0]}"?' if meant else ""
            raise click.UsageError(f"{error.message}{hint}", ctx) from error


def _version() -> str:
    try:
        return importlib.metadata.version("mesos-docker")
    except importlib.metadata.PackageNotFoundError:
        return "unknown (not installed)"


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"],
                                              "max_content_width": WIDEST})
@click.version_option(_version(), prog_name="mesos-docker")
def cli() -> None:
    """Run Docker containers on Mesos: on a cluster, or on an embedded one that needs no
    installation.
    """


def main() -> None:
    """What the installed command calls, after entry.py."""
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:
    """The exit status of a command line; `arguments` None: the process's own."""
    return run_command(cli, arguments)


def run_command(command: click.Command, arguments: list[str] | None = None) -> int:
    """The exit status of one command, its errors shown as people read them."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a Latin-1 terminal has no arrow
    try:
        status = command.main(arguments, prog_name="mesos-docker", standalone_mode=False)
    except click.ClickException as error:
        if not isinstance(error, Problem):
            error.message = fitted(error.message, sys.stderr, len("Error: "))  # type: ignore[misc]  # click reads it from the instance
        error.show()
        return error.exit_code
    except click.Abort:
        return 130
    except (BrokenPipeError, SystemExit):  # the latter is click's, where it has noticed that nobody reads us
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that Python's last flush finds somebody
        return 128 + signal.SIGPIPE  # as of a program that writes to a pipe without a reader
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            Problem(
                "there is no room to write to: the disk, or what stdout leads to, is full").show()
            return FAILED
        if os.environ.get("MESOS_DOCKER_TRACEBACK"):
            raise
        Problem(
            f"{type(error).__name__}: {error} (a fault of mesos-docker; set MESOS_DOCKER_TRACEBACK=1 to see where)"
                ).show()
        return FAILED
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    main()
