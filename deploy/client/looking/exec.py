"""`mesos-docker exec`: a command in an instance's container, with this process's streams or its
terminal.
"""
from __future__ import annotations

import asyncio
import functools
import signal
import sys
from typing import Any

import click

from deploy.cli.problems import Problem
from deploy.client.looking.sources import instance
from deploy.client.options import Command, fine, talks_to_service
from deploy.client.service import Service

NOT_RUN = 125  # as of docker


def split(words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """What stands behind INSTANCE: the letters of our options, and the command."""
    letters = ""
    while words and words[0] in ("-i", "-t", "-it", "-ti", "--interactive", "--tty"):
        letters += words[0].strip("-")[:2] if words[0][1] != "-" else words[0][2]
        words = words[1:]
    return letters, words[1:] if words[:1] == ("--",) else words


def not_run(command: Command) -> Command:
    """Whatever keeps the command from being run is said by one status, which is not the command's."""
    @functools.wraps(command)
    def call(*args: Any, **rest: Any) -> Any:
        try:
            return command(*args, **rest)
        except Problem as error:
            raise Problem(error.message, NOT_RUN) from error

    return call  # type: ignore[return-value]  # wraps() says nothing of what it wraps


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("-i", "--interactive", is_flag=True, help="Pass stdin on.")
@click.option("-t", "--tty", is_flag=True, help="With a terminal: this one, of its size.")
@click.argument("name", metavar="INSTANCE")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@not_run
@talks_to_service
def exec(service: Service, name: str, command: tuple[str, ...], output: str, *,  # noqa: A001 - the command's name
         interactive: bool, tty: bool) -> int:
    """Run COMMAND in the container of INSTANCE: exec -it INSTANCE -- sh.

    The exit status is the command's own, and 125 if it could not be run. It ends with this process.
    """
    _ = output  # what the command writes is all there is
    from deploy.client.looking.conversation import Conversation, NobodyReadsError, NotRunError, UnwrittenError
    from deploy.client.looking.terminal import Terminal

    options, words = split(command)
    interactive, tty = interactive or "i" in options, tty or "t" in options
    if not words:
        raise click.UsageError("Missing argument 'COMMAND'.")
    terminal = Terminal(sys.stdin.fileno(), raw=tty and interactive)
    try:
        wanted = {"command": list(words), "tty": tty, **(terminal.size() if tty else {})}
        source = instance(service, name)
        asked = fine(service.ask("POST", f"{source.path}/exec", wanted))
        with terminal:
            return asyncio.run(Conversation(service, terminal, interactive=interactive, tty=tty).hold(asked["url"]))
    except (NotRunError, UnwrittenError) as error:
        raise Problem(str(error), NOT_RUN) from error
    except NobodyReadsError:
        return 128 + signal.SIGPIPE  # as of a program that writes to a pipe without a reader
