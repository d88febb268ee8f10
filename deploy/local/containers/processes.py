"""Processes that agents start: watched without a thread or a signal handler each, and killed with
all their offspring.

A process is watched through a pidfd, which becomes readable when it ends; that works for children
and, after a restart of the whole program, for strangers too (whose exit status nobody can tell any
more). Executors get a session of their own, so that Ctrl-C in a terminal does not reach them, and
so that their offspring can be found.

As Mesos: libprocess reap.cpp, stout os/killtree.hpp.
"""
from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.containers.sandbox_files import open_to_append

# Mesos looks for ended processes this often (MIN_REAP_INTERVAL). What an executor has sent with its
# last breath is read before its end is noticed, and an agent shows it for a moment after it has
# ended.
REAP_SECONDS: Final = 0.1

Exited = Callable[[int | None], None]  # with the status as wait() gives it; None: nobody knows


@dataclass(frozen=True, slots=True)
class Command:
    """A program to start. `environment` is all that it gets."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    user: str | None = None  # only looked at if we are root


class ProcessTable:
    """All processes started here that have not been waited for, and the watches on them. Lives as
    long as the program: agents come and go, and must find their executors again."""

    def __init__(self) -> None:
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._watches: dict[int, int] = {}  # pid to pidfd
        self._ended: dict[int, asyncio.TimerHandle] = {}  # by pid: their ends are about to be told

    def start(self, command: Command) -> int:
        """Start it, stdout and stderr appended to those files in its directory. Returns the pid;
        raises OSError, KeyError (no such user)."""
        with (os.fdopen(open_to_append(command.directory, "stdout"), "ab") as out,
              os.fdopen(open_to_append(command.directory, "stderr"), "ab") as err):
            user = command.user if os.geteuid() == 0 and command.user not in {None,
                                                                              "root"} else None
            child = subprocess.Popen(
                list(command.argv), env=dict(command.environment), cwd=command.directory,
                stdin=subprocess.DEVNULL,
                stdout=out, stderr=err, start_new_session=True, user=user,
                extra_groups=[] if user else None)
        self._children[child.pid] = child
        return child.pid

    def watch(self, pid: int, exited: Exited) -> bool:
        """Call `exited` once, REAP_SECONDS after the process has ended. False: there is no such
        process.
        """
        self.unwatch(pid)
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return False
        self._watches[pid] = descriptor

        loop = asyncio.get_running_loop()

        def ready() -> None:
            self.unwatch(pid)
            kill_tree(pid)  # what it has left behind; before it is waited for: until then the pid is its own
            self._ended[pid] = loop.call_later(REAP_SECONDS, told)

        def told() -> None:
            del self._ended[pid]
            exited(self._status(pid))

        loop.add_reader(descriptor, ready)
        return True

    def unwatch(self, pid: int) -> None:
        timer = self._ended.pop(pid, None)
        if timer is not None:
            timer.cancel()
        descriptor = self._watches.pop(pid, None)
        if descriptor is not None:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)

    def _status(self, pid: int) -> int | None:
        child = self._children.pop(pid, None)
        if child is None:
            return None
        code = child.wait()
        return -code if code < 0 else code << 8

    def reap(self) -> None:
        """Take the statuses of ended processes that nobody watches."""
        for pid, child in list(self._children.items()):
            if pid not in self._watches and pid not in self._ended and child.poll() is not None:
                del self._children[pid]

    def end_rest(self) -> None:
        """Kill what still runs and nobody watches: executors that no agent has recovered."""
        self.reap()
        for pid, child in list(self._children.items()):
            if pid not in self._watches and pid not in self._ended:
                kill_tree(pid)
                child.wait()
                del self._children[pid]


def start_of(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; None: there is none, or it has ended. With
    the pid it names one process for good: pids are used again."""
    try:
        stat = Path("/proc", str(pid), "stat").read_bytes()
    except OSError:
        return None
    fields = stat[stat.rindex(b")") + 2:].split()
    return None if fields[0] == b"Z" else int(fields[19])


def kill_tree(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Signal a process, its offspring, and whoever is in the session that it began."""
    for member in tree(pid):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(member, number)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and its offspring have used, and hold."""

    user_seconds: float
    system_seconds: float
    rss_bytes: int


def usage_of(pid: int) -> Usage:
    """Of a process and its offspring; nothing if there is none."""
    user = system = pages = 0
    for member in tree(pid):
        with contextlib.suppress(OSError):
            stat = Path("/proc", str(member), "stat").read_bytes()
            fields = stat[stat.rindex(b")") + 2:].split()
            user, system, pages = user + int(fields[11]), system + int(fields[12]), pages + int(
                fields[21])
    ticks = os.sysconf("SC_CLK_TCK")
    return Usage(user / ticks, system / ticks, pages * os.sysconf("SC_PAGE_SIZE"))


def tree(root: int) -> list[int]:
    """A process, its offspring, and whoever is in the session that it began."""
    parents: dict[int, int] = {}
    members: set[int] = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_bytes()
        except OSError:
            continue
        fields = stat[stat.rindex(b")") + 2:].split()
        pid = int(entry.name)
        parents[pid] = int(fields[1])
        if pid == root or int(fields[3]) == root:
            members.add(pid)
    grown = True
    while grown:
        children = {pid for pid, parent in parents.items() if parent in members} - members
        members |= children
        grown = bool(children)
    return sorted(members)
