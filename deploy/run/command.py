"""`mesos-docker run`: options → tasks → a framework on a master → their ends → the exit status."""
from __future__ import annotations

import contextlib
import getpass
import math
import os
import re
import secrets
import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from deploy.cli.cluster_options import cluster_options, read_cluster_options
from deploy.cli.logs import log_format
from deploy.cli.problems import Problem, refused
from deploy.run.options import Flags, task_info
from specs.errors import SpecError
from specs.messages.task import TaskInfo
from specs.network.credential import Credential
from specs.words.defaults import DOCKER_SOCKET
from specs.words.durations import UNITS, parse_duration
from specs.words.sizes import MEGABYTE
from specs.words.sizes import UNITS as SIZES

EXCLUDED_BY_TASK = ("image", "name", "network", "publish", "volume", "env", "cpus", "mem", "shell",
                    "command")
SHORT_UNITS = {"s": "secs", "m": "mins", "h": "hrs", "d": "days"}
HINTS = {  # of docker run's options, those that are not needed or that somebody else decides
    ("--rm",): "containers are removed after their end",
    ("-d", "--detach"): "run follows its task; what shall stay is for mesos-docker serve",
    ("-i", "-t", "--interactive", "--tty"): "a task has no terminal",
}
LOCAL_PATIENCE = 10.0  # seconds for an offer that fits: one agent, which has offered all it has within the first second
REMOTE_PATIENCE = 60.0


def duration(value: str | float) -> float:
    """Seconds, from Mesos's notation (30secs, 1.5mins) or the short one (30s, 5m); a bare number is
    seconds.
    """
    if isinstance(value, float):
        return value
    match = re.fullmatch(r"([0-9.]+)([a-z]*)", value)
    try:
        if match and match[2] in SHORT_UNITS | {"": "secs"}:
            return float(match[1]) * UNITS[SHORT_UNITS.get(match[2], "secs")] / 1e9
        return parse_duration(value) / 1e9
    except (SpecError, ValueError) as error:
        raise click.BadParameter(f"{value!r} is not a duration, as 30secs, 1.5mins or 5m") from error


def megabytes(value: str | float) -> float:
    """A bare number is MB; else Docker's notation (64m, 1g) or Mesos's (64MB)."""
    if isinstance(value, float):
        return value
    match = re.fullmatch(r"([0-9.]+)([bkmgt]?)b?", value.lower())
    try:
        if match:
            return float(match[1]) * SIZES[f"{match[2] or 'm'}b".upper().replace("BB", "B")] / MEGABYTE
        return float(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not an amount of memory, as 64, 64m or 1g") from None


class RunCommand(click.Command):
    """Says what to write where somebody is used to `docker run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click; a UsageError for an unknown option has a hint."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            hint = next((hint for names, hint in HINTS.items() if error.option_name in names),
                        "options of COMMAND stand behind --, as in: run --image IMAGE -- ls -l")
            raise click.UsageError(f"{error.format_message()} {hint[0].upper()}{hint[1:]}.",
                                   ctx) from error


def constraint(value: str) -> tuple[str, str]:
    """ATTRIBUTE=VALUE."""
    attribute, found, wanted = value.partition("=")
    if not found or not attribute:
        raise click.BadParameter(f"{value!r} is not ATTRIBUTE=VALUE")
    return attribute, wanted


def finite(_context: click.Context, _option: click.Parameter, value: float) -> float:
    """click's ranges let nan and inf through."""
    if not math.isfinite(value):
        raise click.BadParameter(f"{value} is not an amount")
    return value


def amount(context: click.Context, option: click.Parameter, value: float) -> float:
    """Finite, and not below zero."""
    if value < 0:
        raise click.BadParameter(f"{value} is below zero")
    return finite(context, option, value)


@click.command(cls=RunCommand, context_settings={"ignore_unknown_options": False})
@cluster_options
@log_format()
@click.option("--image", help="The image to run.")
@click.option("--name", help="The task's name and id; by default made of the image's.")
@click.option("--network", metavar="host|bridge|none|NAME",
              help="The network to join; NAME is a user-defined one. By default bridge with -p, host without.")
@click.option("-p", "--publish", metavar="HOST:CONTAINER[/PROTO]", multiple=True,
              help="Map a host port, which must be among those offered; without HOST: the agent's choice.")
@click.option("-v", "--volume", metavar="HOST:CONTAINER[:ro|:rw]", multiple=True,
              help="Mount a path of the agent; a relative one is inside the task's sandbox.")
@click.option("-e", "--env", metavar="NAME[=VALUE]", multiple=True,
              help="Set a variable; without VALUE it is taken over from here.")
@click.option("--cpus", type=click.FloatRange(min=0.0), callback=finite, default=0.1,
              show_default=True, help="CPU shares.")
@click.option("--mem", type=megabytes, callback=amount, default=128.0, metavar="SIZE",
              show_default=True, help="Memory: in MB, or 64m, 1g.")
@click.option("--shell/--no-shell", default=None,
              help="Give COMMAND to /bin/sh -c, or run its words as they are. By default a single word with blanks "
                   "in it is for the shell.")
@click.option("--task", "task_file", metavar="FILE|-",
              help="A TaskInfo as JSON, instead of the single flags; - is stdin. agent_id may be left out.")
@click.option("--instances", type=click.IntRange(min=1), default=1, show_default=True,
              help="How many to run; with more than one the ids are NAME-1, NAME-2 …")
@click.option("--kill-after", type=duration, metavar="DURATION",
              help="Kill each task so long after TASK_RUNNING (30secs, 5mins; 30s, 5m).")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="json: stdout is one TaskStatus in Mesos's form per line, and nothing else.")
@click.option("--logs", is_flag=True,
              help="Copy what the containers write to this terminal; progress goes to stderr.")
@click.option("--offer-timeout", type=duration, metavar="DURATION",
              help="Give up when no offer has had enough for so long. By default 10secs with local, else 1mins.")
@click.option("--connect-timeout", type=duration, metavar="DURATION", default=10.0,
              show_default="10secs", help="Give up when no master has answered for so long.")
@click.option("--constraint", "constraints", type=constraint, metavar="ATTRIBUTE=VALUE",
              multiple=True,
              help="Only agents with this attribute, or this hostname; may be given several times.")
@click.option("--role", default="*", show_default=True, help="The role whose resources to use.")
@click.option("--user", default=None,
              help="Whom the agent runs the executor as; by default your own name.")
@click.option("--principal",
              help="Who we are, for a master that asks; the secret is MESOS_SECRET of the environment.")
@click.option("--agent-principal",
              help="Who we are, for agents that ask (--logs); the secret is MESOS_AGENT_SECRET of the environment.")
@click.option("--insecure", is_flag=True,
              help="Send these secrets in clear, beyond this machine.")
@click.option("--executor", type=click.Choice(["custom", "mesos"]), default="custom",
              show_default=True,
              help="custom: our executor, one per agent for all tasks. mesos: plain tasks, run by the docker executor "
                   "that the agents have.")
@click.option("--executor-command", metavar="COMMAND",
              help="How an agent starts our executor. By default the path of mesos-docker-executor on this machine, "
                   "which suits local and agents that have it installed in the same place.")
@click.option("--executor-uri", "executor_uris", metavar="URI", multiple=True,
              help="A file that the agent fetches into the executor's sandbox first, such as a single-file build; "
                   "archives are unpacked, others made executable. Goes with --executor-command.")
@click.option("--docker-socket", metavar="PATH", default=DOCKER_SOCKET, show_default=True,
              help="Where Docker listens on the agents.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run(ctx: click.Context, /, **options: Any) -> int:
    """Run COMMAND in a container on Mesos, and follow it to its end.

    Exit status: the container's own when it ends by itself; 143 or 137 when the task is killed; 2
    when the task is refused before anything is launched; 3 when it could not be run or was lost. Of
    several tasks the highest. Ctrl-C ends the tasks gracefully, a second one at once (130).

    \b
    mesos-docker run --image busybox -- echo hello
    mesos-docker run --image nginx -p 8080:80 --kill-after 10mins
    mesos-docker run --master 10.0.0.5:5050 --task task.json --logs
    """
    found = read_cluster_options(ctx, options, os.environ)
    infos = _instances(_one_task(ctx, options), options["instances"])
    from deploy.run.start import Settings, start
    return start(infos, Settings(
        cluster=found, output=options["output"], logs=options["logs"],
        kill_after=options["kill_after"],
        offer_timeout=options["offer_timeout"] if options["offer_timeout"] is not None
        else LOCAL_PATIENCE if found.master == "local" else REMOTE_PATIENCE,
        connect_timeout=options["connect_timeout"], constraints=options["constraints"],
        role=options["role"],
        user=options["user"] or _user(), principal=options["principal"],
        secret=os.environ.get("MESOS_SECRET"), agent=agent_credential(options["agent_principal"]),
        executor_command=_executor_command(options) if options["executor"] == "custom" else None,
        executor_uris=options["executor_uris"], docker_socket=options["docker_socket"]))


def agent_credential(principal: str | None) -> Credential | None:
    """What `--agent-principal` and the environment say. Raises UsageError."""
    if principal is None:
        return None
    if "MESOS_AGENT_SECRET" not in os.environ:
        raise click.UsageError("--agent-principal needs MESOS_AGENT_SECRET in the environment")
    return Credential(principal, os.environ["MESOS_AGENT_SECRET"])


def _one_task(ctx: click.Context, options: Mapping[str, Any]) -> TaskInfo:
    """The TaskInfo that the options say, whichever way; refused here if it cannot be run."""
    from deploy.explain.refusals import checked
    by_mesos = options["executor"] == "mesos"
    if options["task_file"] is None:
        try:
            info = task_info(Flags(
                name=options["name"] or _name(options["image"] or ""), image=options["image"],
                command=options["command"], network=options["network"], publish=options["publish"],
                volumes=options["volume"], env=options["env"], cpus=options["cpus"],
                mem=options["mem"], shell=options["shell"], environ=os.environ))
        except SpecError as error:
            raise refused(error) from error
        return checked(info, "", by_mesos=by_mesos)
    given = [name for name in EXCLUDED_BY_TASK if options[name] not in ((), None)
             and ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE]
    if given:
        flag = "COMMAND" if given[0] == "command" else f"--{given[0]}"
        raise click.UsageError(f"{flag} cannot be given together with --task: the TaskInfo says it")
    text, where = _read(options["task_file"])
    return checked(text, where, by_mesos=by_mesos)


def _read(file: str) -> tuple[bytes, str]:
    if file == "-":
        return sys.stdin.buffer.read(), "stdin"
    try:
        return Path(file).read_bytes(), file
    except OSError as error:
        raise Problem(f"{file}: {error.strerror}", 2) from error


def _instances(info: TaskInfo, count: int) -> list[TaskInfo]:
    if count == 1:
        return [info]
    return [replace(info, name=f"{info.name}-{i}", task_id=f"{info.task_id}-{i}")
            for i in range(1, count + 1)]


def _name(image: str) -> str:
    """Of registry/busybox:static the name is busybox-1a2b3c."""
    base = re.split(r"[:@]", image.rpartition("/")[2])[0]
    return f"{re.sub(r'[^A-Za-z0-9_.-]', '-', base) or 'task'}-{secrets.token_hex(3)}"


def _executor_command(options: Mapping[str, Any]) -> str:
    if options["executor_command"]:
        return str(options["executor_command"])
    return default_executor(options["docker_socket"])


def default_executor(docker_socket: str) -> str:
    """How to start the executor that is installed with this program."""
    installed = Path(sys.executable).parent / "mesos-docker-executor"
    words = [str(installed)] if installed.exists() else [sys.executable, "-m", "executor"]
    return shlex.join([*words, f"--docker_socket={docker_socket}"])


def _user() -> str:
    with contextlib.suppress(OSError, KeyError):
        return getpass.getuser()
    return "root"
