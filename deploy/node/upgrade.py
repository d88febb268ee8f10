"""`mesos-docker node upgrade`: the custom executors of this machine make way for what is installed
at their place by now, under running tasks.

Each is asked by SIGUSR2, after what is there has said that it starts and reads the journal. Its
launcher, which the agent watches, then starts that one; nothing changes for the agent.
"""
from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import click

from deploy.cli.local_command import Duration
from deploy.client.options import shown_json, table
from deploy.node.executors import FoundExecutor, custom_executors
from deploy.node.options import OUTPUT

CHECK_PATIENCE: Final = 60.0  # seconds that a new version has to start
LIVES: Final = 2.0  # seconds after which a process that has taken over is there to stay
LOOKS: Final = 0.1  # seconds between looks for a process that nobody tells of
NOT_ALL: Final = 1  # exit status


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What has become of one. `pid`: of the process that has taken over."""

    executor: FoundExecutor
    done: str
    pid: int | None = None
    why: str = ""


@click.command()
@click.option("--framework", multiple=True, metavar="ID", help="Only executors of this framework; may be given "
                                                               "several times.")
@click.option("--timeout", default="1mins", type=Duration(), show_default=True,
              help="How long each one may take to make way.")
@click.option("--dry-run", is_flag=True, help="Ask what is installed whether it can take over, and change nothing.")
@OUTPUT
def upgrade(*, framework: tuple[str, ...], timeout: float, dry_run: bool, output: str) -> int:
    """Have custom executors make way for the version that is installed at their place.

    Tasks go on. One after the other is asked; one whose new version does not start, or cannot read
    what the old one has written down, goes on as it is, and is told.

    Exit status: 0; 1 if one has not made way, or cannot be looked at; 2 for what cannot be asked
    for.
    """
    found, hidden = custom_executors()
    wanted = [each for each in found if not framework or each.framework in framework]
    done = [_upgraded(each, timeout, dry_run=dry_run) for each in wanted]
    if hidden:
        click.echo(f"{hidden} processes cannot be looked at, which may be executors: run it as root", err=True)
    if output == "json":
        shown_json([_shown(each) for each in done])
    elif done:
        table(["EXECUTOR", "FRAMEWORK", "PID", "DONE", "NOW", "WHY"], (
            [each.executor.executor, each.executor.framework, each.executor.pid, each.done, each.pid, each.why]
            for each in done))
    else:
        click.echo("no custom executor runs here")
    return NOT_ALL if hidden or any(each.why for each in done) else 0


def _upgraded(old: FoundExecutor, timeout: float, *, dry_run: bool) -> Upgraded:
    problem = refusal(old)
    if problem:
        return Upgraded(old, "not asked", why=problem)
    if dry_run:
        return Upgraded(old, "can be asked")
    with _watched(old) as descriptor:
        if descriptor is None:
            return Upgraded(old, "gone", why="it ended by itself")
        signal.pidfd_send_signal(descriptor, signal.SIGUSR2)
        if not select.select([descriptor], [], [], timeout)[0]:
            return Upgraded(old, "goes on", why=f"it has not made way in {timeout:g} s; its log says why: "
                                                f"{old.sandbox}/stderr")
    new = _next(old, timeout)
    if new is None:
        return Upgraded(old, "gone", why=f"no other process has taken over; its log: {old.sandbox}/stderr")
    return Upgraded(old, "made way", new.pid)


def refusal(executor: FoundExecutor) -> str:
    """Why what is at the executor's place cannot take over, asked as its user; empty: it can."""
    ours = (os.geteuid(), os.getegid()) == (executor.uid, executor.gid)
    whom: dict[str, Any] = {} if ours else {"user": executor.uid, "group": executor.gid, "extra_groups": []}
    try:
        asked = subprocess.run(
            [executor.command, "--check"], stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/",
            errors="replace", timeout=CHECK_PATIENCE, check=False,
            env={"PATH": os.defpath, "MESOS_DIRECTORY": executor.sandbox}, **whom)
    except OSError as error:
        return f"{executor.command} cannot be started: {error.strerror}"
    except subprocess.TimeoutExpired:
        return f"{executor.command} --check does not end in {CHECK_PATIENCE:g} s"
    if asked.returncode:
        said = asked.stderr.strip().rpartition("\n")[2]
        return f"{executor.command} --check ended with status {asked.returncode}: {said}"
    return ""


@contextlib.contextmanager
def _watched(executor: FoundExecutor) -> Iterator[int | None]:
    """The process, and no other that may have its number by now; None: it has ended."""
    try:
        descriptor = os.pidfd_open(executor.pid)
    except ProcessLookupError:
        yield None
        return
    try:
        same = any(each == executor for each in custom_executors()[0])
        yield descriptor if same else None
    finally:
        os.close(descriptor)


def _next(old: FoundExecutor, timeout: float) -> FoundExecutor | None:
    """The process of the same launcher that is there to stay; of a start nobody tells."""
    until, seen, since = time.monotonic() + timeout, None, 0.0
    while (now := time.monotonic()) < until:
        here = next((each for each in custom_executors()[0]
                     if each.launcher == old.launcher and each.pid != old.pid), None)
        if here is None or here != seen:
            seen, since = here, now
        elif now - since >= LIVES:
            return here
        time.sleep(LOOKS)
    return None


def _shown(each: Upgraded) -> dict[str, Any]:
    return {"framework": each.executor.framework, "executor": each.executor.executor, "pid": each.executor.pid,
            "sandbox": each.executor.sandbox, "command": str(each.executor.command), "done": each.done,
            "now": each.pid, "why": each.why or None}
